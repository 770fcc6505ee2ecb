"""What a model draws over pictures, one after another, beside the lines that are in each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from deepfield.evaluation.polylines.tusimple import (
    MATCHED,
    LaneScore,
    line_accuracies,
    sampled,
    score_accuracies,
)
from deepfield.fields import Image, Polylines
from deepfield.labelled import LabelledLines, Lines
from deepfield.loading import Model
from deepfield.table import Rejected
from deepfield.tasks import Progress

__all__ = ["Answered", "answered_over", "answers"]


@dataclass(frozen=True)
class Answered:
    """What was drawn over one picture."""

    row: int
    truth: Lines
    points: list[np.ndarray]
    """Of each line, (n, 2), in pixels of the picture as it came."""
    confidences: np.ndarray
    """(lines,) NaN where none is said."""
    accuracies: np.ndarray
    """(labelled, drawn): how far the lines agree."""
    trust: str
    run_time_ms: float

    @cached_property
    def score(self) -> LaneScore:
        """Return the score; however long it took, which says more of the machine."""
        return score_accuracies(self.accuracies)

    @property
    def found(self) -> np.ndarray:
        """Return which labelled lines were found, (labelled,) bool."""
        return self.accuracies.max(axis=1, initial=0.0) >= MATCHED

    @property
    def right(self) -> np.ndarray:
        """Return which drawn lines are right, (drawn,) bool: the best of a line that was found.

        Of two that lie over the same line one is right.
        """
        right = np.zeros(len(self.points), dtype=bool)
        if len(self.points):
            right[self.accuracies.argmax(axis=1)[self.found]] = True
        return right

    def above(self, threshold: float) -> LaneScore:
        """Return the score of the lines alone that are at least so sure."""
        return score_accuracies(self.accuracies[:, ~(self.confidences < threshold)])


def answers(
    model: Model,
    output: Polylines,
    image: Image,
    labelled: LabelledLines,
    options: BaseModel,
    on_progress: Callable[[Progress], None],
) -> tuple[list[Answered], list[Rejected]]:
    """Return what was drawn, and the pictures that cannot be read.

    Pictures are answered one at a time, as the frames of a video are: that is what is timed,
    without the reading. The first is answered twice, for what engines prepare on first use.
    """
    started = time.monotonic()
    found: list[Answered] = []
    rejected = list(labelled.rejected)
    for done, row in enumerate(labelled.rows.index, 1):
        checked = model.inputs.read(labelled.rows.loc[[row]])
        for number, reason in checked.problems.items():
            rejected.append(Rejected(int(number), labelled.shown[number], reason))
        if len(checked.rows):
            if not found:
                model.predict_checked(checked.rows, options)
            before = time.perf_counter()
            results = model.predict_checked(checked.rows, options)
            spent = 1000 * (time.perf_counter() - before)
            picture = checked.rows[image.name].iloc[0]
            found.append(answered_over(row, output, labelled.lines[row], picture, results, spent))
        on_progress(Progress(done, len(rejected), len(labelled.rows), time.monotonic() - started))
    return found, sorted(rejected, key=lambda each: each.row)


def answered_over(
    row: int,
    output: Polylines,
    truth: Lines,
    picture: Any,
    results: pd.DataFrame,
    run_time_ms: float,
) -> Answered:
    """Return what was drawn over one picture, by its row of results.

    Args:
        picture: as the model read it.
    """
    # A picture that was brought to a network's size knows the size that it came in.
    _, width = getattr(picture, "original", np.shape(picture)[:2])
    lines = output.read(results[output.name].iloc[0])
    points = [each["points"] for each in lines]
    drawn = [sampled(each, truth.heights, width) for each in points]
    said = [each.get("confidence") for each in lines]
    return Answered(
        row,
        truth,
        points,
        np.array([np.nan if each is None else each for each in said], dtype=float),
        line_accuracies(drawn, list(truth.x), truth.heights),
        str(results["trust"].iloc[0]),
        run_time_ms,
    )
