"""Split labelled rows into a part to learn from, one to choose by and one to measure on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from deepfield.errors import InputError
from deepfield.fitting.by_time import by_time
from deepfield.labelled import Labelled

__all__ = ["Split", "split"]

HELD_OUT = 0.15
"""The share of the rows in each of the two smaller parts."""
FOLDS = 7
"""Folds of whole groups; one of them is each smaller part."""


@dataclass(frozen=True)
class Split:
    """Row numbers of three parts that share no row, and no group where there are groups."""

    training: pd.Index
    validation: pd.Index
    test: pd.Index

    @property
    def sizes(self) -> dict[str, int]:
        return {name: len(rows) for name, rows in vars(self).items()}


def split(
    labelled: Labelled, moments: pd.Series | None = None, seed: int = 0, needed: bool = True
) -> Split:
    """Split by time where rows have one, or else at random, seeded, with every class in every part.

    Args:
        moments: when each row was.
        needed: whether labels are needed; if not, some may be unknown, and a class may be missing
            in a part where that cannot be helped.

    Raises:
        InputError: if groups or times make that impossible.
    """
    labels = labelled.labels
    if moments is not None:
        part = by_time(labels, moments, needed)
    elif labelled.groups is None:
        part = _by_row(labels.fillna(""), seed)
    elif needed:
        part = _by_group(labels, labelled.groups, seed, labelled.by_file)
    else:
        part = _by_group_alone(labelled.groups, seed)
    rows = labelled.rows.index
    return Split(rows[part == 0], rows[part == 1], rows[part == 2])


def _by_row(labels: pd.Series, seed: int) -> np.ndarray:
    """Return 0, 1 or 2 for each row. Each class is cut by itself, so that none can be missing."""
    generator = np.random.default_rng(seed)
    part = np.zeros(len(labels), dtype=int)
    for _, places in sorted(labels.groupby(labels.to_numpy()).indices.items()):
        shuffled = generator.permutation(places)
        size = max(1, round(HELD_OUT * len(shuffled)))
        part[shuffled[:size]] = 2
        part[shuffled[size : 2 * size]] = 1
    return part


def _by_group_alone(groups: pd.Series, seed: int) -> np.ndarray:
    """Return 0, 1 or 2 for each row of groups whose classes do not count."""
    codes, names = pd.factorize(groups)
    if len(names) < 3:
        raise InputError(
            f"The rows come from {len(names)} groups of {groups.name!r}, and a group must not be "
            "split: three are needed, one for each part."
        )
    return _by_row(pd.Series("", pd.RangeIndex(len(names))), seed)[codes]


def _by_group(labels: pd.Series, groups: pd.Series, seed: int, by_file: bool) -> np.ndarray:
    classes = labels.nunique()
    spread = groups.groupby(labels).nunique()
    few = spread[spread < 3]
    if len(few):
        if by_file:
            raise InputError(
                f"The pictures of the class {few.index[0]!r} lie in {few.iloc[0]} "
                f"{'file' if few.iloc[0] == 1 else 'files'}, and those of one file are too alike "
                "to be split: each class needs three files, one for each part."
            )
        raise InputError(
            f"The class {few.index[0]!r} comes from {few.iloc[0]} groups of {groups.name!r}, and "
            "a group must not be split: each class needs three groups, one for each part."
        )
    for attempt in range(20):
        folds = min(FOLDS, int(spread.min()))
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed + attempt)
        parts = [held for _, held in splitter.split(labels, labels, groups)]
        whole = [held for held in parts if labels.iloc[held].nunique() == classes]
        if len(whole) >= 2:
            part = np.zeros(len(labels), dtype=int)
            part[whole[0]], part[whole[1]] = 2, 1
            if labels[part == 0].nunique() == classes:
                return part
    if by_file:
        raise InputError(
            "The files are too uneven to give each of three parts every class without splitting "
            "one; add more files."
        )
    raise InputError(
        f"The groups of {groups.name!r} are too uneven to give each of three parts every class; "
        "add rows of other groups, or fit without groups."
    )
