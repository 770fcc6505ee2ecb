"""Because of what: what each item of a history adds to the scores of the items recommended.

Leave-one-out: the history is scored once more without all that was taken of one item, and what a
score loses is what that item carried. It costs a score for every item of the history, and holds for
any model, for nothing is asked of it but scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deepfield_recommendations.sequences import Sequences

__all__ = ["Carried", "carried", "without"]

VARIANTS = 1024
"""Shortened histories that are scored at once."""


@dataclass(frozen=True)
class Carried:
    """What items of histories carried.

    Args:
        users: (m,) places of users, rising.
        items: (m,) an item of each one's history, once.
        shares: (m, k) what each score of the user's list loses without it.
    """

    users: np.ndarray
    items: np.ndarray
    shares: np.ndarray


def carried(
    scores: Callable[[Sequences, np.ndarray, np.ndarray], np.ndarray],
    histories: Sequences,
    lists: np.ndarray,
    latest: int,
) -> Carried:
    """Return what every item among the ``latest`` events of each history carried.

    Args:
        scores: takes histories, the place of the user that each belongs to (n,) and codes (n, k);
            gives their scores (n, k).
        lists: (users, k) codes; 0 fills, and nothing carries it.
    """
    recent = histories.starts[1:][histories.users] - np.arange(len(histories.items)) <= latest
    most = int(histories.items.max(initial=0)) + 1
    keys = np.unique(histories.users[recent] * most + histories.items[recent])
    users, items = keys // most, keys % most
    shares = np.zeros((len(keys), lists.shape[1]), dtype=np.float32)
    for start in range(0, len(keys), VARIANTS):
        part = slice(start, min(start + VARIANTS, len(keys)))
        owners, place = np.unique(users[part], return_inverse=True)
        whole = scores(histories.take(owners), owners, lists[owners])
        shorter = without(histories.take(users[part]), items[part])
        with np.errstate(invalid="ignore"):  # of what fills a list the scores are -inf
            shares[part] = whole[place] - scores(shorter, users[part], lists[users[part]])
    shares[(lists[users] == 0) | ~np.isfinite(shares)] = 0
    return Carried(users, items, shares)


def without(histories: Sequences, items: np.ndarray) -> Sequences:
    """Return histories that lack an item each, (users,)."""
    return histories.where(histories.items != items[histories.users])
