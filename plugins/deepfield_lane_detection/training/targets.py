"""What the network is to answer for a picture: where each place's line runs in each row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepfield_lane_detection.geometry import foot
from deepfield_lane_detection.placing import LEAST_ROWS, LEFT, NAMES, row_heights

__all__ = ["rows_of", "targets_of"]

BETWEEN = 0.08
"""Of the picture's width: so near its middle a line may be the first of either side."""


def targets_of(
    lanes: Sequence[np.ndarray],
    box: tuple[float, float, float, float],
    size: tuple[int, int],
    rows: int,
) -> np.ndarray:
    """Return x of each place's line in each row, (2, places, rows), NaN where it has none.

    There are two ways to count where the car is between two lanes, and one of them twice where it
    is not: a network is right if it agrees with either.

    Args:
        lanes: points (n, 2) of each line, in pixels of the network's picture.
        box: left, top, right and bottom of what of it shows anything.
        size: (height, width) of the network's picture.
        rows: how many the network answers for.
    """
    heights = row_heights(rows, size[0])
    found = []
    for points in lanes:
        x = rows_of(points, heights, box)
        if (~np.isnan(x)).sum() >= LEAST_ROWS:
            found.append((foot(points[np.argsort(points[:, 1], kind="stable")], box[3]), x))
    found.sort(key=lambda each: each[0])
    middle = (box[0] + box[2]) / 2
    feet = np.array([each[0] for each in found])
    left = int((feet < middle).sum())
    ways = [left]
    if len(feet):
        nearest = int(np.abs(feet - middle).argmin())
        if abs(feet[nearest] - middle) < BETWEEN * (box[2] - box[0]):
            ways.append(left - 1 if feet[nearest] < middle else left + 1)
    targets = np.full((2, len(NAMES), rows), np.nan, dtype=np.float32)
    for way, count in enumerate([*ways, *ways][:2]):
        for place, (_, x) in enumerate(found, LEFT + 1 - count):
            if 0 <= place < len(NAMES):
                targets[way, place] = x
    return targets


def rows_of(
    points: np.ndarray, heights: np.ndarray, box: tuple[float, float, float, float]
) -> np.ndarray:
    """Return the line's x at each height, NaN beyond its ends and outside the box."""
    if len(points) < 2:
        return np.full(len(heights), np.nan)
    order = np.argsort(points[:, 1], kind="stable")
    x = np.interp(heights, points[order, 1], points[order, 0], left=np.nan, right=np.nan)
    left, top, right, bottom = box
    inside = (x >= left) & (x < right) & (heights >= top) & (heights < bottom)
    return np.where(inside, x, np.nan)
