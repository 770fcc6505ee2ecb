"""What a model answers on rows that are to be judged, without a trace in the history of runs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel

from deepfield.grouping import gathered, settled
from deepfield.history import History
from deepfield.labelled import Labelled
from deepfield.loading import Model, parse_options
from deepfield.scoring import Job, Progress
from deepfield.sources.tables import FrameSource

__all__ = ["Answered", "answer"]

BATCH = 4096


@dataclass(frozen=True)
class Answered:
    """The answers to the rows that could be read."""

    results: pd.DataFrame
    """By row number."""
    rejected: pd.DataFrame
    """Rows set aside: row, source, reason."""
    options: BaseModel


def answer(
    model: Model,
    labelled: Labelled,
    rows: pd.Index,
    options: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Answered:
    """Answer some of the rows; the others are their history, where rows have one.

    Nobody is told what came out of the row that is judged: the input that holds the truth is
    there for what is gathered from earlier rows, and gone when the answer is given.
    """
    if model.inputs.group_by:
        return _with_history(
            model, labelled.of(model.inputs), rows, dict(options or {}), on_progress
        )
    return _each_by_itself(
        model, labelled.of(model.inputs).part(rows), dict(options or {}), on_progress
    )


def _each_by_itself(
    model: Model,
    labelled: Labelled,
    options: dict[str, Any],
    on_progress: Callable[[Progress], None],
) -> Answered:
    rows = labelled.rows.drop(columns=model.domain.truth, errors="ignore")
    numbers = rows.index
    with tempfile.TemporaryDirectory() as folder:
        # An evaluation is no run of the history: it leaves no results to come back to.
        job = Job(
            model,
            FrameSource(rows, labelled.name),
            options=options,
            on_progress=on_progress,
            runs=History(Path(folder) / "history.sqlite"),
        )
        result = job.run()
    if result.stopped:
        raise KeyboardInterrupt
    found = result.frame
    # The job counted from 1; these are the numbers that the source gave.
    aside = result.rejected.assign(row=[numbers[row - 1] for row in result.rejected["row"]])
    if len(found):
        found = found.set_axis(numbers[found.index.to_numpy(dtype=int) - 1], axis=0)
    return Answered(found, _sorted(_frame(labelled.rejected), aside), job.options)


def _with_history(
    model: Model,
    labelled: Labelled,
    rows: pd.Index,
    options: dict[str, Any],
    on_progress: Callable[[Progress], None],
) -> Answered:
    started = time.monotonic()
    _, own = model.formats.split(options)
    parsed = parse_options(model.domain, own, model.formats)
    checked = labelled.checked(model.inputs, lambda done: on_progress(Progress(0, total=len(rows))))
    complete = gathered(model.predictor, model.inputs, checked.rows, parsed)
    judged = complete.drop(columns=model.domain.truth, errors="ignore")
    judged = judged.loc[rows[rows.isin(judged.index)]]
    parts = []
    step = min(BATCH, model.predictor.largest_batch)
    for start in range(0, len(judged), step):
        parts.append(model.predict_checked(judged.iloc[start : start + step], parsed))
        done = min(start + step, len(judged))
        on_progress(Progress(done, 0, len(judged), time.monotonic() - started))
    results = pd.concat(parts) if parts else model.predict_checked(judged, parsed)
    results = settled(model.predictor, model.inputs, judged, results, parsed)
    return Answered(results, _sorted(_frame(checked.rejected)), parsed)


def _frame(rejected: Any) -> pd.DataFrame:
    return pd.DataFrame([vars(each) for each in rejected], columns=["row", "source", "reason"])


def _sorted(*frames: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(frames).sort_values("row", ignore_index=True)
