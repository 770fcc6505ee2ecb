"""Evaluate a model on rows whose truth is known."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepfield.domain import TRUST, changed_options
from deepfield.errors import InputError, UsageError
from deepfield.evaluation import curves
from deepfield.evaluation.resampling import Answers, figures_with_intervals
from deepfield.evaluation.result import Evaluation
from deepfield.fields import Label, Probability
from deepfield.history import History
from deepfield.labelled import Labelled, read_labelled
from deepfield.loading import Model
from deepfield.scoring import Job, Progress
from deepfield.sources.tables import FrameSource

__all__ = ["evaluate", "measure", "read_mapping", "truth_field"]


def evaluate(
    model: Model,
    source: Any,
    *,
    label: str = "label",
    group: str | None = None,
    mapping: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    shown_as: str | None = None,
) -> Evaluation:
    """Score labelled rows and say how good the answers are.

    Args:
        source: a folder or .zip with a folder for each class, or a table with a column of labels.
        label: the column of labels, for tables.
        group: a column that says which rows belong together; intervals then draw whole groups.
        mapping: what a label of the source is called by the model.
        options: the domain's own.
        shown_as: what a person calls the source, if not by its path.

    Raises:
        InputError: if a label is none of the model's classes, or no row can be read.
        UsageError: if the model does not tell classes apart.
    """
    truth_field(model)
    reading, own = model.formats.split(options or {})
    labelled = read_labelled(source, model.inputs, label, group, shown_as, model.formats, reading)
    return measure(model, labelled, mapping=mapping or {}, options=own, on_progress=on_progress)


def measure(
    model: Model,
    labelled: Labelled,
    *,
    mapping: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Evaluation:
    """Do what ``evaluate`` does for rows that were read before."""
    target = truth_field(model)
    truth = _mapped(labelled, target.values, dict(mapping or {}), model)
    numbers = labelled.rows.index
    with tempfile.TemporaryDirectory() as folder:
        # An evaluation is no run of the history: it leaves no results to come back to.
        job = Job(
            model,
            FrameSource(labelled.rows, labelled.name),
            options=dict(options or {}),
            on_progress=on_progress,
            runs=History(Path(folder) / "history.sqlite"),
        )
        result = job.run()
    if result.stopped:
        raise KeyboardInterrupt
    results = result.frame
    aside = pd.concat(
        [
            pd.DataFrame(
                [vars(each) for each in labelled.rejected], columns=["row", "source", "reason"]
            ),
            # The job counted from 1; these are the numbers that the source gave.
            result.rejected.assign(row=[numbers[row - 1] for row in result.rejected["row"]]),
        ]
    ).sort_values("row", ignore_index=True)
    if results.empty:
        first = f" The first: {aside['reason'][0]}." if len(aside) else ""
        raise InputError(f"No row of {labelled.name!r} could be read.{first}")
    kept = numbers[results.index.to_numpy(dtype=int) - 1]
    classes = target.values
    places = {name: place for place, name in enumerate(classes)}
    probabilities, notes = _probabilities(model, classes, results)
    answers = Answers(
        classes,
        truth.loc[kept].map(places).to_numpy(dtype=int),
        results[target.name].map(places).to_numpy(dtype=int),
        results["confidence"].to_numpy(dtype=float),
        (results["trust"] == "ok").to_numpy(),
        probabilities,
        None if labelled.groups is None else pd.factorize(labelled.groups.loc[kept])[0],
    )
    if labelled.by_file:
        notes.append("Pictures of one file are alike: the intervals draw whole files.")
    absent = [name for name in classes if not (answers.truth == places[name]).any()]
    if absent:
        notes.append(f"No row is {', '.join(absent)}: their sensitivity cannot be told.")
    return Evaluation(
        model.domain.name,
        model.spec.name,
        model.folder.hash,
        labelled.name,
        len(answers),
        {name: int((answers.truth == place).sum()) for name, place in places.items()},
        figures_with_intervals(answers),
        curves.confusion(answers),
        curves.calibration(answers),
        curves.risk_coverage(answers),
        curves.roc(answers),
        {name: float((results["trust"] == name).mean()) for name in TRUST},
        aside,
        notes,
        {**labelled.reading, **changed_options(job.options)},
        dict(mapping or {}),
        labelled.groups is not None,
    )


def read_mapping(lines: Iterable[str]) -> dict[str, str]:
    """Return ``LABEL=CLASS`` texts as a mapping; a label may hold a sign of equality itself.

    Raises:
        UsageError: at the first that is not of that form, or names a label again.
    """
    found: dict[str, str] = {}
    for line in lines:
        label, sign, meant = (part.strip() for part in line.rpartition("="))
        if not sign or not label or not meant:
            raise UsageError(f"{line!r} is not of the form LABEL=CLASS.")
        if label in found:
            raise UsageError(f"The label {label!r} is mapped twice.")
        found[label] = meant
    return found


def truth_field(model: Model) -> Label:
    """Return the output that is compared with the truth: the first label with named values.

    Raises:
        UsageError: if the model has none.
    """
    for each in model.outputs:
        if isinstance(each, Label) and each.values:
            return each
    raise UsageError(
        f"The model {model.spec.name!r} tells no classes apart, so its answers cannot be "
        "compared with labels."
    )


def _mapped(
    labelled: Labelled, classes: tuple[str, ...], mapping: dict[str, str], model: Model
) -> pd.Series:
    """Return the truth in the model's words; nothing is taken for another unless it is said."""
    wrong = sorted(set(mapping.values()) - set(classes))
    if wrong:
        raise UsageError(f"{wrong[0]!r} is no class of {model.spec.name!r}: {', '.join(classes)}.")
    truth = labelled.labels.map(lambda name: mapping.get(name, name))
    unknown = sorted(set(truth) - set(classes))
    if unknown:
        by_lower = {name.lower(): name for name in classes}
        near = by_lower.get(unknown[0].lower(), classes[0])
        raise InputError(
            f"{labelled.name!r} has the label {', '.join(map(repr, unknown[:10]))}, and the model "
            f"{model.spec.name!r} knows {', '.join(classes)}. Say which class each label means, "
            f"such as --map {unknown[0]}={near}."
        )
    return truth


def _probabilities(
    model: Model, classes: tuple[str, ...], results: pd.DataFrame
) -> tuple[np.ndarray | None, list[str]]:
    """Return (n, classes) from the outputs that are named like the classes, where they suffice."""
    named = {each.name for each in model.outputs if isinstance(each, Probability)}
    have = [name for name in classes if name in named]
    if len(have) == len(classes):
        return results[list(classes)].to_numpy(dtype=float), []
    if len(classes) == 2 and len(have) == 1:
        one = results[have[0]].to_numpy(dtype=float)
        columns = [one if name == have[0] else 1 - one for name in classes]
        return np.stack(columns, axis=1), []
    return None, [
        "The model gives no probability of each class, so there is no AUC: only what it called "
        "the rows, and its confidence, were measured."
    ]
