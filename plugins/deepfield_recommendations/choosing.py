"""From the best items of each person to the list that they see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Choice", "choose"]

LEAST_POOL = 200

Likeness = Callable[[np.ndarray, np.ndarray], np.ndarray | None]
"""Codes (n,) and (m,) to how like the ones are to the others, (n, m); None: not known."""


@dataclass(frozen=True)
class Choice:
    """How a list is chosen.

    Args:
        how_many: items of a list.
        diversity: what an item loses for being like those above it, 0 to 1.
        damping: what an item loses for being taken often, 0 to 1.
    """

    how_many: int
    diversity: float = 0.0
    damping: float = 0.0

    @property
    def pool(self) -> int:
        """Return how many of the best items are chosen from."""
        reorders = self.diversity or self.damping
        return max(LEAST_POOL, 10 * self.how_many) if reorders else self.how_many


def choose(
    codes: np.ndarray,
    probability: np.ndarray,
    popular: np.ndarray,
    choice: Choice,
    likeness: Likeness,
) -> np.ndarray:
    """Return the places in each pool that make the list, (users, c) to (users, k), best first.

    Args:
        codes: (users, c) the pool, best first; 0 fills its end.
        probability: (users, c) of each item.
        popular: (items + 1,) shares of all that is taken lately.
    """
    size = min(choice.how_many, codes.shape[1])
    if not choice.diversity and not choice.damping:
        return np.tile(np.arange(size), (len(codes), 1))
    filled = codes > 0
    value = np.log(probability + 1e-6) - choice.damping * np.log(popular[codes] + 1e-6)
    # Of equal probabilities the model's own order decides.
    value = np.where(filled, value - 1e-6 * np.arange(codes.shape[1]), -np.inf)
    order = np.argsort(-value, axis=1, kind="stable")
    if not choice.diversity:
        return order[:, :size]
    found = order[:, :size].copy()
    for user in range(len(codes)):
        pool = order[user, : filled[user].sum()]
        found[user, : len(pool)] = pool[_diverse(codes[user, pool], choice, likeness)]
    return found


def _diverse(pool: np.ndarray, choice: Choice, likeness: Likeness) -> np.ndarray:
    """Order one person's pool by maximal marginal relevance (Carbonell and Goldstein 1998).

    What an item is worth falls evenly with its place, whatever scale its score has.
    """
    size = min(choice.how_many, len(pool))
    alike = likeness(pool, pool)
    if alike is None:
        return np.arange(size)
    alike = alike / max(float(np.abs(alike).max(initial=0)), 1e-9)
    value = 1 - np.arange(len(pool)) / max(len(pool), 1)
    nearest = np.zeros(len(pool))
    left = np.ones(len(pool), dtype=bool)
    chosen = []
    for _ in range(size):
        gain = (1 - choice.diversity) * value - choice.diversity * nearest
        best = int(np.argmax(np.where(left, gain, -np.inf)))
        chosen.append(best)
        left[best] = False
        nearest = np.maximum(nearest, alike[best])
    return np.array(chosen, dtype=int)
