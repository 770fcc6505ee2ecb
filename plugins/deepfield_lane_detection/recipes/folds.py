"""The labelled photographs, cut into folds by clip: neighbours in time stay together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from deepfield_datasets.tusimple import TuSimpleLanes

__all__ = ["FOLDS", "fold_of", "photographs", "stretches"]

FOLDS = 4
STRETCHES = 2
"""Of each fold: of both halves of the drive, not only of one."""
GAP = 20.0
"""Seconds around what is held out that are not learned from either."""


def photographs(folder: Path) -> pd.DataFrame:
    """Return the labelled photographs of a folder in the order of their clips."""
    rows = TuSimpleLanes().load(folder)
    return rows.sort_values(["date", "clip"], kind="stable").reset_index(drop=True)


def stretches(rows: pd.DataFrame) -> np.ndarray:
    """Return which stretch of the drive each photograph is of, from 0."""
    return np.arange(len(rows)) * FOLDS * STRETCHES // len(rows)


def fold_of(rows: pd.DataFrame, fold: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places to learn from and those held out, of ``photographs``.

    Clips near in number are seconds apart on the same road, so whole stretches are held out, and
    what was taken within 20 seconds of one is left out altogether.
    """
    held = stretches(rows) % FOLDS == fold
    seconds = rows["seconds"].to_numpy()
    apart = np.abs(seconds[:, None] - seconds[held]).min(axis=1)
    same = rows["date"].isin(rows["date"][held]).to_numpy()
    return np.flatnonzero(~held & ~(same & (apart < GAP))), np.flatnonzero(held)
