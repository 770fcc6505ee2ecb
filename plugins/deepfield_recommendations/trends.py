"""How items sell at a time of the year, apart from who asks.

A catalogue has seasons, and items that are sold out or new: a score of each item that is learned
once knows of neither. So a network learns what the sales of the weeks before, and those of the
same weeks a year ago, are worth, and keeps what that adds to each item in each week.
"""

from __future__ import annotations

import numpy as np

from deepfield_recommendations.sequences import Sequences

__all__ = ["FIGURES", "YEAR", "trend_figures", "week_of", "weeks_of"]

WEEK = 7 * 86_400
YEAR = 52
"""Weeks after which a season comes again."""
HALF_LIVES = np.array([2.0, 8.0, 26.0])
"""Weeks after which sales count half."""
SEASON = (-1, 5)
"""From which week to before which, a year ago, as seen from the week that is asked for."""
PRIOR = 0.5
"""Sales that each item is granted, so that what was never sold has a logarithm."""

FIGURES = len(HALF_LIVES) + 1
"""How many figures describe an item in a week."""


def weeks_of(sequences: Sequences) -> int:
    """Return how many weeks a log spans."""
    if not len(sequences.items):
        return 0
    return int(sequences.seconds.max() - sequences.seconds.min()) // WEEK + 1


def week_of(moments: np.ndarray, began: int, weeks: int) -> np.ndarray:
    """Return the week of each moment, (n,), of so many that are known.

    Those of a log are followed by a year's: sales then stay what they were, the season moves on.
    """
    return np.clip((moments - began) // WEEK, 0, weeks - 1)


def trend_figures(sequences: Sequences, items: int) -> np.ndarray:
    """Return logarithms of shares of sales, (weeks + YEAR, items + 1, FIGURES) float32.

    Those of a week tell of weeks that were over when it began.
    """
    weeks, width = weeks_of(sequences), items + 1
    began = int(sequences.seconds.min(initial=np.iinfo(np.int64).max))
    place = (sequences.seconds - began) // WEEK * width + sequences.items
    sold = np.bincount(place, minlength=weeks * width).reshape(weeks, width)
    rates = 0.5 ** (1 / HALF_LIVES[:, None])
    lately = np.zeros((len(HALF_LIVES), width))
    found = np.empty((weeks + YEAR, width, FIGURES), np.float32)
    for week in range(weeks + YEAR):
        begin, end = (min(max(week - YEAR + each, 0), weeks) for each in SEASON)
        counts = np.vstack([lately, sold[begin:end].sum(axis=0)]) + PRIOR
        found[week] = np.log(counts / counts.mean(axis=1, keepdims=True)).T
        if week < weeks:
            lately = lately * rates + sold[week]
    return found
