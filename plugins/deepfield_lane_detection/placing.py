"""Which lane is which: places counted from the camera, and lines from a network's answers.

Three places lie left of the camera and three right of it. All coordinates are pixels of the
network's picture, whose rows lie evenly from its top to its bottom.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import savgol_filter
from scipy.special import softmax

__all__ = ["LEFT", "NAMES", "RIGHT", "Lines", "lines_from", "row_heights"]

NAMES = ("left 3", "left 2", "left", "right", "right 2", "right 3")
"""The places, from left to right; the two in the middle bound the lane that the car is in."""
LEFT, RIGHT = NAMES.index("left"), NAMES.index("right")

NEAR = 2
"""Columns to each side of the likeliest that the expectation is taken over."""
LEAST_ROWS = 3
"""Of fewer rows no line is made."""
WINDOW = 9
"""Rows over which a line is a parabola (Savitzky and Golay 1964): a flat one crosses several
columns in a row, and would waver. It changed no accuracy by more than 0.002."""


@dataclass(frozen=True)
class Lines:
    """What a network says of some pictures, before anything is left out.

    ``x`` is (n, places, rows), ``presence``, of the same shape, and ``existence``, (n, places), are
    logits: whether the line is in that row, and whether there is one.
    """

    x: np.ndarray
    presence: np.ndarray
    existence: np.ndarray

    def points(self, picture: int, place: int, height: int) -> np.ndarray:
        """Return a line's points (n, 2) from its far end to the near one; perhaps none."""
        presence = self.presence[picture, place]
        rows = np.flatnonzero(presence >= 0)
        if len(rows) < LEAST_ROWS:
            return np.empty((0, 2), dtype=np.float32)
        # One line has no gaps: what hides it in between does not end it.
        first, last = rows[0], rows[-1]
        x = self.x[picture, place][first : last + 1]
        if len(x) >= WINDOW:
            x = savgol_filter(x, WINDOW, 2)
        # It ends between two rows, where the logits of its being there pass through 0.
        above = _crossing(presence, first, first - 1)
        below = _crossing(presence, last, last + 1)
        x = np.concatenate([[x[0] + above * (x[0] - x[1])], x, [x[-1] + below * (x[-1] - x[-2])]])
        y = np.concatenate([[first - above], np.arange(first, last + 1), [last + below]])
        rows_of_picture = row_heights(self.x.shape[2], height)
        step = rows_of_picture[1] - rows_of_picture[0]
        return np.stack([x, rows_of_picture[0] + y * step], axis=1).astype(np.float32)


def _crossing(presence: np.ndarray, inside: int, outside: int) -> float:
    """Return how far beyond its last row a line goes, in rows: from 0 to 1."""
    if not 0 <= outside < len(presence):
        return 0.5  # to the edge of the picture
    return float(presence[inside] / (presence[inside] - presence[outside]))


def row_heights(rows: int, height: int) -> np.ndarray:
    """Return the y of the middle of each row, from the top."""
    return (np.arange(rows) + 0.5) * (height / rows) - 0.5


def lines_from(
    places: np.ndarray, presence: np.ndarray, existence: np.ndarray, width: int
) -> Lines:
    """Return lines from logits.

    The column of a line is the expectation over the likeliest one and its neighbours (Qin et al.
    2022): a second, weaker guess far away would otherwise pull the line between the two.

    Args:
        places: (n, places, rows, columns)
        presence: (n, places, rows)
        existence: (n, places)
        width: of the network's picture.
    """
    columns = places.shape[3]
    probability = softmax(places.astype(np.float32), axis=3)
    likeliest = probability.argmax(axis=3)[..., None]
    near = np.abs(np.arange(columns) - likeliest) <= NEAR
    weight = probability * near
    column = (weight * np.arange(columns)).sum(axis=3) / weight.sum(axis=3)
    return Lines((column + 0.5) * (width / columns) - 0.5, presence, existence)
