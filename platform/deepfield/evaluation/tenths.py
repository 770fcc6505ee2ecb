"""How often something was so, by the tenth that the probability lies in which was said of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepfield.evaluation.by_group import ratio

__all__ = ["TENTHS", "by_tenth", "calibration_error", "gaps"]

TENTHS = 10


def by_tenth(chances: np.ndarray, happened: np.ndarray) -> pd.DataFrame | None:
    """Return from, to, confidence, accuracy and rows of each tenth that is there, or None.

    Args:
        chances: (n,) what was said; NaN where nothing was.
        happened: (n,) bool.
    """
    said = np.isfinite(chances)
    if not said.any():
        return None
    chances, happened = chances[said], happened[said].astype(float)
    frame = pd.DataFrame({"place": _tenth(chances), "confidence": chances, "accuracy": happened})
    found = frame.groupby("place").agg(
        confidence=("confidence", "mean"), accuracy=("accuracy", "mean"), rows=("place", "size")
    )
    found.insert(0, "from", found.index / TENTHS)
    found.insert(1, "to", (found.index + 1) / TENTHS)
    return found.reset_index(drop=True)


def gaps(groups: np.ndarray, chances: np.ndarray, happened: np.ndarray, count: int) -> np.ndarray:
    """Return for each group how far what happened and what was said differ, by tenths.

    (count, tenths + 1); the last column counts what a probability was said of.

    Args:
        groups: (n,) whose each is, under ``count``.
        chances: (n,) what was said; NaN where nothing was.
        happened: (n,) bool.
    """
    said = np.isfinite(chances)
    groups, chances, happened = groups[said], chances[said], happened[said]
    where = groups * TENTHS + _tenth(chances)
    found = np.bincount(where, happened - chances, minlength=count * TENTHS)
    number = np.bincount(groups, minlength=count)
    return np.column_stack([found.reshape(count, TENTHS), number])


def calibration_error(gaps: np.ndarray) -> np.ndarray:
    """Return the expected calibration error from sums of gaps, (n, tenths + 1) -> (n,)."""
    return ratio(np.abs(gaps[:, :-1]).sum(axis=1), gaps[:, -1])


def _tenth(chances: np.ndarray) -> np.ndarray:
    return np.clip((chances * TENTHS).astype(int), 0, TENTHS - 1)
