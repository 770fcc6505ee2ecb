"""Figures of many pictures with 95 % intervals, and how they vary with number and confidence.

Whole groups are drawn with replacement, or pictures where there are none.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from deepfield.evaluation.by_group import drawn_sums, figure_between, percentiles, ratio
from deepfield.evaluation.polylines.answers import Answered
from deepfield.evaluation.polylines.tusimple import SLOWEST_MS, figures_of_means, tusimple_figures
from deepfield.evaluation.resampling import Figure, binomial_interval
from deepfield.evaluation.tenths import by_tenth, calibration_error, gaps

__all__ = ["by_number", "calibration", "figures_with_intervals", "sweep"]

PROPORTIONS = ("answered", "in_time")
THRESHOLDS = np.arange(20) / 20


def figures_with_intervals(answered: Sequence[Answered], groups: np.ndarray) -> list[Figure]:
    """Return every figure of the pictures.

    Args:
        groups: (n,) the place of each picture's group, from 0.
    """
    scores = np.array([each.score for each in answered])  # (n, 3)
    ok = np.array([each.trust == "ok" for each in answered], dtype=float)
    in_time = np.array([each.run_time_ms <= SLOWEST_MS for each in answered], dtype=float)
    one = np.ones(len(answered))
    columns = np.column_stack([scores, ok, in_time, scores[:, 0] * ok, one, _gaps(answered)])
    held = np.zeros((int(groups.max()) + 1, columns.shape[1]))
    np.add.at(held, groups, columns)
    values = _figures(held.sum(axis=0, keepdims=True))
    drawn = _figures(drawn_sums(held))
    figures = []
    for name, value in values.items():
        if np.isnan(value[0]):
            continue
        low, high = percentiles(drawn[name])
        if name in PROPORTIONS and value[0] in (0.0, 1.0):
            low, high = binomial_interval(float(value[0]), len(held))
        figures.append(figure_between(name, value[0], low, high))
    return figures


def by_number(answered: Sequence[Answered]) -> pd.DataFrame:
    """Return lines, pictures and the figures of pictures with so many labelled lines."""
    rows = []
    for count in sorted({len(each.accuracies) for each in answered}):
        scores = [each.score for each in answered if len(each.accuracies) == count]
        rows.append({"lines": count, "pictures": len(scores), **tusimple_figures(scores)})
    return pd.DataFrame(rows)


def sweep(answered: Sequence[Answered]) -> pd.DataFrame:
    """Return the figures of the lines that are at least so sure: threshold, accuracy, f1 …"""
    return pd.DataFrame(
        [
            {"threshold": at, **tusimple_figures(each.above(at) for each in answered)}
            for at in THRESHOLDS
        ]
    )


def calibration(answered: Sequence[Answered]) -> pd.DataFrame | None:
    """Return how often drawn lines are right, by the tenth that their confidence lies in."""
    return by_tenth(
        np.concatenate([each.confidences for each in answered]),
        np.concatenate([each.right for each in answered]),
    )


def _gaps(answered: Sequence[Answered]) -> np.ndarray:
    places = np.repeat(np.arange(len(answered)), [len(each.points) for each in answered])
    return gaps(
        places,
        np.concatenate([each.confidences for each in answered]),
        np.concatenate([each.right for each in answered]),
        len(answered),
    )


def _figures(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Return figures from sums over pictures, (draws, columns) -> (draws,) each."""
    accuracy_of_ok, ok, in_time, number = sums[:, 5], sums[:, 3], sums[:, 4], sums[:, 6]
    return {
        **figures_of_means(sums[:, :3] / number[:, None]),
        "answered": ok / number,
        "accuracy_when_answered": ratio(accuracy_of_ok, ok),
        "ece": calibration_error(sums[:, 7:]),
        "in_time": in_time / number,
    }
