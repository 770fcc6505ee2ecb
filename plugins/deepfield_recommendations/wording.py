"""Reasons and histories in a few words."""

from __future__ import annotations

import numpy as np

from deepfield_recommendations.histories import Histories
from deepfield_recommendations.reasons import Carried
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["because", "in_words"]

DAY = 86_400
NAMED = 2
"""Items of a history that a reason names."""


def because(
    sequences: Sequences, lists: np.ndarray, why: Carried | None, vocabulary: Vocabulary
) -> np.ndarray:
    """Return why each item stands in its list, (users, k) texts; empty where nobody asked."""
    found = np.full(lists.shape, "", dtype=object)
    if why is None or not why.shares.size:
        return found
    begins = np.searchsorted(why.users, np.arange(len(lists) + 1))
    taken = _times(sequences)
    for user in np.flatnonzero(np.diff(begins)):
        part = slice(begins[user], begins[user + 1])
        items, shares = why.items[part], why.shares[part]
        strongest = np.argsort(-shares, axis=0, kind="stable")[:NAMED]
        for place, code in enumerate(lists[user]):
            if not code:
                break
            best = strongest[:, place]
            names = [
                _own(taken[int(user), int(code)])
                if items[each] == code
                else str(vocabulary.titles[items[each] - 1])
                for each in best
                if shares[each, place] > 0
            ]
            found[user, place] = ", ".join(names)
    return found


def _own(times: int) -> str:
    return "an earlier purchase" if times == 1 else f"{times} earlier purchases"


def _times(sequences: Sequences) -> dict[tuple[int, int], int]:
    """Return in how many baskets each user had each item."""
    pairs, counts = np.unique(
        np.stack([sequences.users, sequences.items], axis=1), axis=0, return_counts=True
    )
    return {(int(u), int(i)): int(n) for (u, i), n in zip(pairs, counts, strict=True)}


def in_words(histories: Histories, users: np.ndarray) -> np.ndarray:
    """Return what each list was made from: ``14 items in 3 baskets; 2 not in the catalogue``."""
    sequences = histories.sequences.take(users)
    changes = np.diff(sequences.baskets, prepend=-1)
    baskets = np.bincount(sequences.users[changes > 0], minlength=len(users))
    said = []
    for place, user in enumerate(users):
        words = f"{_count(sequences.lengths[place], 'item')} in {_count(baskets[place], 'basket')}"
        if histories.unknown[user]:
            words += f"; {histories.unknown[user]:,} not in the catalogue"
        if histories.returned[user]:
            words += f"; {histories.returned[user]:,} given back"
        said.append(words)
    return np.array(said, dtype=object)


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}" + ("" if number == 1 else "s")
