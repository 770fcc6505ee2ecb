"""Rows that are alike, put into cells: a million are resampled as quickly as a few thousand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfield.evaluation.answers import BINS, Answers

__all__ = ["Cells", "cells"]

STEPS = 500
"""Bins of a score, over all rows and again over those that are sought or wrong."""


@dataclass(frozen=True)
class Cells:
    """Rows of the same truth and call and of nearly the same scores, together."""

    answers: Answers
    """One row for each cell, whose scores are the means of their bins."""
    counts: np.ndarray  # (cells,) rows in each
    cell: np.ndarray  # (n,) the cell of each row


def cells(answers: Answers) -> Cells | None:
    """Put rows that are alike into cells; None if there are hardly fewer cells than rows.

    Drawing n rows with replacement is drawing how many fall into each cell, which is exact for
    all that is counted. Scores are rounded to bins that are narrow where figures are made: half of
    them divide the rows of the class (for confidence, the wrong answers) evenly, half all rows.
    """
    binned = [_binned(answers.confidence, ~answers.correct, np.arange(1, BINS) / BINS)]
    if answers.probabilities is not None:
        for wanted, column in enumerate(answers.probabilities.T):
            binned.append(_binned(column, answers.truth == wanted))
    key: np.ndarray = (answers.truth * len(answers.classes) + answers.called) * 2 + answers.answered
    for place, _ in binned:
        key = np.unique(key * (int(place.max()) + 1) + place, return_inverse=True)[1]
    _, first, cell, counts = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    if 2 * len(counts) > len(answers):
        return None
    confidence, *columns = (mean[place[first]] for place, mean in binned)
    one_each = Answers(
        answers.classes,
        answers.truth[first],
        answers.called[first],
        confidence,
        answers.answered[first],
        np.stack(columns, axis=1) if columns else None,
    )
    return Cells(one_each, counts.astype(float), cell)


def _binned(
    values: np.ndarray, sought: np.ndarray, edges: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the bin of each value, and the mean value of each bin."""
    steps = np.linspace(0, 1, STEPS + 1)
    every = [
        np.quantile(part, steps, method="nearest") for part in (values, values[sought]) if len(part)
    ]
    bounds = np.unique(np.concatenate([*every, *([] if edges is None else [edges])]))
    place = np.unique(np.searchsorted(bounds, values, side="right"), return_inverse=True)[1]
    return place, np.bincount(place, values) / np.bincount(place)
