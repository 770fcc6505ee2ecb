"""Split a log by moments: the last of each group to measure on, the one before it to choose by."""

from __future__ import annotations

import numpy as np

from deepfield.errors import InputError
from deepfield.evaluation.ranking import Moments

__all__ = ["MOST_GROUPS", "TEST", "TRAINING", "VALIDATION", "split_moments"]

TRAINING, VALIDATION, TEST = 0, 1, 2
MOST_GROUPS = 10_000
"""Groups whose moments are held out: more would tell little more, and cost what is learned from."""


def split_moments(moments: Moments, source: str, seed: int = 0) -> np.ndarray:
    """Return the part of each row, (n,).

    Of each group of three moments and more the last is measured on, and the one before it chosen
    by; of many such groups a seeded draw gives both. So of every group what is learned from is
    earlier than what is chosen by, and that earlier than what is measured on.

    Args:
        source: what a person calls the rows.

    Raises:
        InputError: if no group has three moments.
    """
    counts = moments.counts
    if counts.max() < 3:
        raise InputError(
            f"No {moments.key} of {source!r} has rows of "
            f"{'two' if counts.max() < 2 else 'three'} moments: it takes one to learn from, a "
            "later one to choose by and a last one to measure on."
        )
    groups = np.flatnonzero(counts >= 3)
    if len(groups) > MOST_GROUPS:
        groups = np.random.default_rng(seed).choice(groups, MOST_GROUPS, replace=False)
    drawn = np.zeros(len(counts), dtype=bool)
    drawn[groups] = True
    held = drawn[moments.groups]
    part = np.full(len(held), TRAINING, dtype=np.int8)
    part[held & (moments.later == 1)] = VALIDATION
    part[held & (moments.later == 0)] = TEST
    return part
