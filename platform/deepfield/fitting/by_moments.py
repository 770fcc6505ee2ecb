"""Fit a model that ranks: what groups took next is the truth, and no label is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepfield.evaluation.ranking import Moments, in_moments, measure_ranking
from deepfield.evaluation.ranking.measuring import ranking_of
from deepfield.fitting.folder import describe, load_fitted
from deepfield.fitting.golden import write_golden_groups
from deepfield.fitting.moments_split import TEST, TRAINING, VALIDATION, split_moments
from deepfield.fitting.progress import AGAIN
from deepfield.fitting.ranking_card import write_ranking_card
from deepfield.fitting.task import FitTask, Made
from deepfield.loading import Model
from deepfield.models import ModelFolder
from deepfield.table import Rejected

__all__ = ["fit_by_moments"]

HASHED = 1_000_000
"""Rows that are hashed at once: each becomes an object for a while."""


def fit_by_moments(task: FitTask) -> Made:
    """Hold out the last two moments of each group, fit, measure, and write the card.

    A model that learns from all is then fitted once more, to every row; what was measured is the
    one before it, and the card says so.
    """
    moments, rejected, data = _read(task)
    part = split_moments(moments, data["source"])
    twice = type(task.base.predictor).learns_from_all
    folder = task.folder.with_name("measured") if twice else task.folder
    task.say("fitting", 0.0)
    _fit(
        task,
        moments.rows.iloc[np.flatnonzero(part == TRAINING)],
        moments.rows.iloc[np.flatnonzero(part == VALIDATION)],
        folder,
        task.base.folder,
        "fitting",
    )
    sizes = {
        name: int((part == number).sum())
        for name, number in (("training", TRAINING), ("validation", VALIDATION), ("test", TEST))
    }
    kept = data | {"rows": sizes}
    del kept["source"]
    describe(folder, task.name, task.base, task.fit, kept)
    model = load_fitted(folder, task.name, task.base, task.device)
    task.say("measuring", 0.0)
    evaluation = measure_ranking(
        model,
        moments,
        part == TEST,
        source=data["source"],
        rejected=rejected,
        on_progress=lambda progress: task.say(
            "measuring", progress.done / max(progress.total or 1, 1)
        ),
    )
    if twice:
        model = _learn_from_all(task, moments, kept, ModelFolder(folder))
        note = (
            "Measured before it learned from the held-out moments; what was kept knows these too."
        )
        evaluation = replace(evaluation, notes=[*evaluation.notes, note])
    write_golden_groups(model, moments, part == TEST)
    write_ranking_card(model, evaluation, kept, dict(task.request), twice, task.fit.log)
    return Made(evaluation, sizes, rejected)


def _read(task: FitTask) -> tuple[Moments, tuple[Rejected, ...], dict[str, Any]]:
    """Return checked rows in order, those set aside, and what the card says of them.

    The rows as they came are gone when this returns: a log may fill much of the memory.
    """
    raw = task.take_rows()
    read = raw.checked(task.inputs, lambda done: task.say("reading", done))
    rejected, source, columns = read.rejected, raw.name, dict(raw.columns)
    del raw
    moments = in_moments(task.inputs, ranking_of(task.base), read.rows)
    data = {
        "source": source,
        "columns": columns,
        "fingerprint": _fingerprint(moments.rows, lambda: task.say("reading", 1.0)),
        **moments.summary,
    }
    return moments, rejected, data


def _learn_from_all(
    task: FitTask, moments: Moments, data: Mapping[str, Any], measured: ModelFolder
) -> Model:
    """Return the model of the same making that learned from every row."""
    task.say(AGAIN, 0.0)
    _fit(task, moments.rows, moments.rows.iloc[:0], task.folder, measured, AGAIN)
    known = {**data, "measured_hash": measured.hash}
    describe(task.folder, task.name, task.base, task.fit, known)
    return load_fitted(task.folder, task.name, task.base, task.device)


def _fit(
    task: FitTask,
    training: pd.DataFrame,
    validation: pd.DataFrame,
    folder: Path,
    base: ModelFolder,
    stage: str,
) -> None:
    folder.mkdir()
    type(task.base.predictor).fit(
        training,
        validation,
        folder,
        base=base,
        options=task.options,
        report=lambda done, figures=None: task.say(stage, done, figures),
        device=task.device,
    )


def _fingerprint(rows: pd.DataFrame, alive: Callable[[], None]) -> str:
    """Return a SHA-256 over all rows, whatever their order.

    Args:
        alive: called now and then; what it raises ends the hashing.
    """
    parts = []
    for start in range(0, len(rows), HASHED):
        alive()
        some = rows.iloc[start : start + HASHED]
        parts.append(pd.util.hash_pandas_object(some, index=False, categorize=False).to_numpy())
    return hashlib.sha256(np.sort(np.concatenate(parts)).tobytes()).hexdigest()
