"""Fit a model to documents: files in the place of rows. Nothing is held out or measured."""

from __future__ import annotations

from typing import Any

import pandas as pd

from deepfield.errors import ContractError, InputError
from deepfield.evaluation.inventory import Inventory
from deepfield.fitting.documents_card import write_documents_card
from deepfield.fitting.files import Unpacked
from deepfield.fitting.folder import describe, load_fitted
from deepfield.fitting.golden import write_golden_samples
from deepfield.fitting.task import FilesTask, Made
from deepfield.predictor import FilesRead
from deepfield.table import Rejected

__all__ = ["fit_by_documents"]


def fit_by_documents(task: FilesTask) -> Made:
    """Have the predictor learn from the files, say what came of each, and write the card."""
    unpacked = task.files.unpacked(
        task.folder.with_name("unpacked"), lambda done: task.say("reading", done)
    )
    if task.files.source and not unpacked.files:
        raise _nothing_read(task, unpacked.rejected)
    task.folder.mkdir()
    task.say("fitting", 0.0)
    read = type(task.base.predictor).fit_files(
        unpacked.files,
        task.folder,
        base=task.base.folder,
        options=task.options,
        report=lambda done, figures=None: task.say("fitting", done, figures),
        device=task.device,
        before=task.before,
        without=task.without,
    )
    rejected = _set_aside(task, unpacked, read)
    if task.files.source and len(read.problems) == len(unpacked.files):
        raise _nothing_read(task, rejected)
    count = len(unpacked.files) - len(read.problems)
    counts = {name: int(number) for name, number in read.counts.items()}
    data: dict[str, Any] = {
        "files": count,
        "fingerprint": unpacked.fingerprint,
        "counts": counts,
    }
    if task.before is not None:
        data["added_to"] = task.before.hash
    describe(task.folder, task.name, task.base, task.fit, data)
    model = load_fitted(task.folder, task.name, task.base, task.device)
    task.say("checking", 0.0)
    write_golden_samples(model)
    inventory = Inventory(
        model.domain.name,
        task.name,
        model.folder.hash,
        task.files.source,
        count,
        task.before is not None,
        counts,
        task.files.left_alone,
        pd.DataFrame([vars(each) for each in rejected], columns=["row", "source", "reason"]),
        len(task.without),
    )
    write_documents_card(model, inventory, data, [*unpacked.files], dict(task.request))
    return Made(inventory, {}, rejected)


def _set_aside(task: FilesTask, unpacked: Unpacked, read: FilesRead) -> list[Rejected]:
    """Return every file that was not read, in the order in which they were found."""
    unknown = read.problems.keys() - unpacked.files.keys()
    if unknown:
        raise ContractError(
            f"{type(task.base.predictor).__name__}.fit_files tells of problems with "
            f"{sorted(unknown)[0]!r}, which is none of its files"
        )
    places = {name: place for place, name in enumerate(task.files.named, 1)}
    told = [Rejected(places[name], name, reason) for name, reason in read.problems.items()]
    return sorted([*unpacked.rejected, *told], key=lambda each: each.row)


def _nothing_read(task: FilesTask, rejected: list[Rejected]) -> InputError:
    first = rejected[0]
    reason = first.reason.rstrip(".")
    which = "" if first.source in reason else f"{first.source!r}: "
    return InputError(f"No file of {task.files.source!r} can be read. The first: {which}{reason}.")
