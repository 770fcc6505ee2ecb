"""The metric of the TuSimple lane benchmark, as its own Python script ``lane.py`` has it.

A lane is its x at given heights of the picture, negative where it has none. TuSimple, Lane
Detection Challenge (2017), https://github.com/TuSimple/tusimple-benchmark.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from deepfield.errors import InputError

__all__ = [
    "ABSENT",
    "MATCHED",
    "SLOWEST_MS",
    "LaneScore",
    "figures_of_means",
    "line_accuracies",
    "sampled",
    "score_accuracies",
    "score_image",
    "tusimple_figures",
]

PIXELS = 20.0
"""How far off an upright lane may be."""
MATCHED = 0.85
"""The accuracy from which on a labelled lane counts as found."""
SLOWEST_MS = 200.0
TOO_MANY = 2
"""So many lanes may be predicted beyond those that are labelled."""
COUNTED = 4
"""Of more labelled lanes the worst is forgiven."""
ABSENT = -2
FAR = -100.0
"""What stands for no point: two such agree, and one agrees with hardly anything else."""


class LaneScore(NamedTuple):
    """What one picture scores."""

    accuracy: float
    false_positives: float
    """Share of the predicted lanes; negative where one prediction is the best of two lanes."""
    false_negatives: float
    """Share of the labelled lanes."""


def score_image(
    predicted: Sequence[Any], labelled: Sequence[Any], heights: Any, run_time_ms: float = 0.0
) -> LaneScore:
    """Score the lanes of one picture.

    Labelled lanes without any point, of which the data set has some, are no lanes and not counted;
    a predicted one is counted as it is by the benchmark.

    Args:
        predicted: (p, h) x at each height, negative where a lane has no point there.
        labelled: (l, h), likewise.
        heights: (h,) the y of each.

    Raises:
        InputError: if a lane has not one x for each height.
    """
    return score_accuracies(line_accuracies(predicted, labelled, heights), run_time_ms)


def score_accuracies(accuracies: np.ndarray, run_time_ms: float = 0.0) -> LaneScore:
    """Score one picture by what ``line_accuracies`` gives, (labelled, predicted)."""
    lanes, answers = accuracies.shape
    if run_time_ms > SLOWEST_MS or answers > lanes + TOO_MANY:
        return LaneScore(0.0, 0.0, 1.0)
    best = accuracies.max(axis=1, initial=0.0)
    matched = int((best >= MATCHED).sum())
    missed, total = lanes - matched, float(best.sum())
    if lanes > COUNTED:
        missed, total = max(missed - 1, 0), total - float(best.min())
    counted = max(min(lanes, COUNTED), 1)
    return LaneScore(
        total / counted,
        (answers - matched) / answers if answers else 0.0,
        missed / counted,
    )


def line_accuracies(predicted: Sequence[Any], labelled: Sequence[Any], heights: Any) -> np.ndarray:
    """Return at which share of the heights each prediction agrees with each labelled lane, (l, p).

    They agree where they are less than 20 pixels / cos(angle) apart, or where neither has a point.
    The angle is that of a straight line fitted to the labelled lane: what leans may be further off,
    as only its distance across counts. The arguments are those of ``score_image``; labelled lanes
    without any point have no row.
    """
    at = np.asarray(heights, dtype=float)
    answers, lanes = _lanes(predicted, len(at)), _lanes(labelled, len(at))
    lanes = lanes[(lanes >= 0).any(axis=1)]
    room = np.array([_room(lane, at) for lane in lanes])
    apart = np.abs(lanes[:, None, :] - answers[None, :, :])  # (l, p, h)
    return (apart < room.reshape(-1, 1, 1)).sum(axis=2) / max(len(at), 1)


def tusimple_figures(scores: Iterable[LaneScore]) -> dict[str, float]:
    """Return the figures of a set of pictures: NaN each where there are none.

    ``accuracy``, ``false_positives`` and ``false_negatives`` are means over pictures; ``precision``
    is 1 less the second, ``recall`` 1 less the third, and ``f1`` is of these two, as papers report.
    """
    found = np.array(list(scores), dtype=float).reshape(-1, 3)
    means = found.mean(axis=0) if len(found) else np.full(3, np.nan)
    return {name: float(value) for name, value in figures_of_means(means).items()}


def figures_of_means(means: np.ndarray) -> dict[str, np.ndarray]:
    """Return the figures that follow from mean scores, (…, 3) -> (…) each."""
    accuracy, wrong, missed = np.moveaxis(means, -1, 0)
    precision, recall = 1 - wrong, 1 - missed
    both = np.asarray(precision + recall)
    f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both != 0)
    return {
        "accuracy": accuracy,
        "false_positives": wrong,
        "false_negatives": missed,
        "precision": precision,
        "recall": recall,
        "f1": f1,
    }


def sampled(points: Any, heights: Any, width: float = np.inf) -> np.ndarray:
    """Return a polyline's x at each height, (h,): -2 where it has none.

    Between its points it is straight; above the highest, below the lowest and beside the picture,
    at x outside [0, width), there is no line.

    Args:
        points: (n, 2) x and y in any order.
    """
    at = np.asarray(heights, dtype=float)
    pairs = np.asarray(points, dtype=float).reshape(-1, 2)
    if not len(pairs):
        return np.full(len(at), float(ABSENT))
    x, y = pairs[np.argsort(pairs[:, 1], kind="stable")].T
    found = np.interp(at, y, x, left=np.nan, right=np.nan)
    return np.where((found >= 0) & (found < width), found, ABSENT)


def _lanes(lanes: Sequence[Any], count: int) -> np.ndarray:
    """Return lanes as (n, heights), what is absent far to the left."""
    for place, lane in enumerate(lanes, 1):
        if len(lane) != count:
            raise InputError(
                f"Lane {place} has {len(lane)} values of x, and there are {count} heights: each "
                f"lane needs one for each height, {ABSENT} where it has no point."
            )
    found = np.array([np.asarray(lane, dtype=float) for lane in lanes]).reshape(len(lanes), count)
    return np.where(found >= 0, found, FAR)


def _room(lane: np.ndarray, heights: np.ndarray) -> float:
    """Return how far off a prediction must stay under: more, the more the lane leans."""
    there = lane >= 0
    x, y = lane[there], heights[there]
    across, along = x - x.mean(), y - y.mean()
    spread = float(along @ along)
    slope = float(along @ across) / spread if spread else 0.0
    return PIXELS / float(np.cos(np.arctan(slope)))
