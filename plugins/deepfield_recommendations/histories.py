"""From rows of a log to sequences of codes: baskets, returns, and what is not in the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["Histories", "read_histories"]


@dataclass(frozen=True)
class Histories:
    """What each person took, as rows in order tell it.

    Args:
        sequences: known items that were kept, one user for each group of rows.
        index: the label of the last row of each group.
        unknown: (users,) how many of their rows are of items that the model does not know.
        returned: (users,) how many are returns, or were taken back.
    """

    sequences: Sequences
    index: pd.Index
    unknown: np.ndarray
    returned: np.ndarray


def read_histories(rows: pd.DataFrame, vocabulary: Vocabulary) -> Histories:
    """Return the histories of whole groups, whose rows stand together and in order.

    What has one time, or one ``basket_id``, was taken at once, and each item of it once. A quantity
    of nothing or below is a return; what somebody gave back entirely was never taken.
    """
    keys = rows["user_id"]
    new = (keys != keys.shift()).to_numpy(dtype=bool)
    users = np.cumsum(new) - 1
    count = int(new.sum())
    codes = vocabulary.codes(rows["item_id"])
    back = _returned(rows, users, codes)
    kept = (codes > 0) & ~back
    sequences = Sequences.of(users[kept], codes[kept], _moments(rows, users)[kept], count)
    return Histories(
        _each_once(sequences),
        rows.index[np.flatnonzero(np.append(new[1:], True))] if count else rows.index[:0],
        np.bincount(users[codes == 0], minlength=count),
        np.bincount(users[back & (codes > 0)], minlength=count),
    )


def _moments(rows: pd.DataFrame, users: np.ndarray) -> np.ndarray:
    """Return the second of each row; the same for what was taken at once."""
    if "time" in rows.columns:
        moments = rows["time"].dt.as_unit("s").astype("int64").to_numpy()
    else:
        moments = np.arange(len(rows))
    if "basket_id" in rows.columns:
        named = rows["basket_id"].notna().to_numpy()
        basket, _ = pd.factorize(rows["basket_id"])
        whole = pd.Series(moments).groupby([users, basket]).transform("min").to_numpy()
        moments = np.where(named, whole, moments)
    return moments


def _returned(rows: pd.DataFrame, users: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return which rows are returns, or of items that were given back entirely."""
    if "quantity" not in rows.columns:
        return np.zeros(len(rows), dtype=bool)
    quantity = rows["quantity"].fillna(1.0).to_numpy(dtype=float)
    if (quantity > 0).all():
        return np.zeros(len(rows), dtype=bool)
    net = pd.Series(quantity).groupby([users, codes]).transform("sum").to_numpy()
    return (quantity <= 0) | (net <= 0)


def _each_once(sequences: Sequences) -> Sequences:
    """Return sequences in which a basket holds each item once."""
    if not len(sequences.items) or sequences.baskets[-1] + 1 == len(sequences.items):
        return sequences
    most = int(sequences.items.max(initial=0)) + 1
    keys = sequences.baskets.astype(np.int64) * most + sequences.items
    if len(np.unique(keys)) == len(keys):
        return sequences
    first = np.zeros(len(keys), dtype=bool)
    first[np.unique(keys, return_index=True)[1]] = True
    return sequences.where(first)
