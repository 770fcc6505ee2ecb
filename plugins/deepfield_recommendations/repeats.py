"""What a user took before, and how likely it is taken again.

Shops order the same again: a network that only knows which items go together must learn each
user's own list anew from their events, and loses to counting (Li et al. 2023, A Next Basket
Recommendation Reality Check). So what was taken before gets a score of its own (as in RepeatNet,
Ren et al. 2019), from what counting looks at: how often, how lately, how regularly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfield_recommendations.sequences import Sequences

__all__ = ["FIGURES", "Repeats", "last_moments", "repeated_share", "repeats"]

DAY = 86_400
DECAYS = (0.5, 0.8, 0.95)
"""What a basket counts of the one after it."""
HALF_LIVES = (30.0, 120.0)
"""Days after which a basket counts half."""

FIGURES = 17
"""How many figures describe a user's earlier item."""


@dataclass(frozen=True)
class Repeats:
    """Each item that each user took before, once.

    Args:
        users: (m,) places of users in the histories, rising.
        items: (m,) codes.
        figures: (m, FIGURES) float32, logarithms and shares: roughly between -5 and 7.
    """

    users: np.ndarray
    items: np.ndarray
    figures: np.ndarray


def repeated_share(sequences: Sequences) -> float:
    """Return which share of events is of an item that the same user took before."""
    keys = _keys(sequences)
    return 1 - len(np.unique(keys)) / len(keys) if len(keys) else 0.0


def repeats(histories: Sequences, now: np.ndarray | None = None) -> Repeats:
    """Describe what each user took before.

    Args:
        now: (users,) seconds, the moment that is asked for; None: just after the last event.
    """
    if not len(histories.items):
        nothing = np.zeros(0, dtype=np.int64)
        return Repeats(nothing, nothing, np.zeros((0, FIGURES), np.float32))
    moment = last_moments(histories) if now is None else now
    baskets = histories.baskets
    begins = histories.lengths > 0
    first, last = histories.starts[:-1], histories.starts[1:] - 1
    # A user without events has no row below, so what stands for them is never read.
    first, last = np.where(begins, first, 0), np.where(begins, last, 0)
    held = baskets[last] - baskets[first] + 1  # (users,) baskets of each

    order = np.argsort(_keys(histories), kind="stable")
    order = order[_new(_keys(histories)[order], baskets[order])]  # an item once a basket
    keys = _keys(histories)[order]
    begin = np.flatnonzero(_new(keys))
    count = np.diff(np.append(begin, len(keys)))
    end = begin + count - 1
    users, items = histories.users[order[begin]], histories.items[order[begin]]

    owner = histories.users[order]
    ago = (baskets[last][owner] - baskets[order]).astype(np.float32)
    days = np.maximum(moment[owner] - histories.seconds[order], 0).astype(np.float32) / DAY
    summed = [np.add.reduceat(np.exp2(ago * np.float32(np.log2(each))), begin) for each in DECAYS]
    summed += [np.add.reduceat(np.exp2(days / np.float32(-each)), begin) for each in HALF_LIVES]

    since, first_since = days[end], days[begin]
    gap = (first_since - since) / np.maximum(count - 1, 1)
    span = (histories.seconds[last] - histories.seconds[first]) / DAY
    usual = np.log1p(span / np.maximum(held - 1, 1))
    idle = np.log1p(np.maximum(moment - histories.seconds[last], 0) / DAY)
    distinct = np.bincount(users, minlength=len(histories))
    again = 1 - distinct / np.maximum(histories.lengths, 1)
    of_user = np.stack(
        [np.log(held), idle, usual, np.log1p(histories.lengths / np.maximum(held, 1)), again],
        axis=1,
    )
    figures = np.column_stack(
        [
            np.log(count),
            count / held[users],
            count == 1,
            np.log1p(ago[end]),
            np.log1p(since),
            np.log1p(gap),
            np.log1p(first_since),
            *(np.log(each + 1e-3) for each in summed),
            of_user[users],
        ]
    ).astype(np.float32)
    return Repeats(users, items.astype(np.int64), figures)


def last_moments(histories: Sequences) -> np.ndarray:
    """Return the second of each user's last event, (users,); 0 where there is none."""
    if not len(histories.items):
        return np.zeros(len(histories), dtype=np.int64)
    last = histories.seconds[np.maximum(histories.starts[1:] - 1, 0)]
    return np.where(histories.lengths > 0, last, 0)


def _keys(sequences: Sequences) -> np.ndarray:
    most = int(sequences.items.max(initial=0)) + 1
    return sequences.users * most + sequences.items


def _new(*columns: np.ndarray) -> np.ndarray:
    """Return where a row differs from the one before it in any column, (n,)."""
    found = np.zeros(len(columns[0]), dtype=bool)
    found[0] = True
    for each in columns:
        found[1:] |= each[1:] != each[:-1]
    return found
