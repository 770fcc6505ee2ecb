"""Who spends how much, and where: the customers and terminals of simulated transactions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from deepfield.errors import InputError

__all__ = ["Population", "settle"]

SIDE = 100.0
TERMINALS = 10_000
"""On the Handbook's plane of 100×100 there is a terminal on each unit of area."""
MOST_PAIRS = 50_000_000
"""Of a customer and a terminal within reach: 200 MB."""
AT_ONCE = 2_048


@dataclass(frozen=True)
class Population:
    """Customers, terminals, and which customer can reach which terminal."""

    customers: np.ndarray
    """(customers, 2): where each lives."""
    terminals: np.ndarray
    """(terminals, 2): where each stands."""
    means: np.ndarray
    """(customers,): mean amount of a transaction; half of it is the standard deviation."""
    rates: np.ndarray
    """(customers,): mean number of transactions a day."""
    reach: np.ndarray
    """Numbers of terminals, those of the first customer, then of the second …"""
    first: np.ndarray
    """(customers + 1,): where in ``reach`` each customer's terminals begin."""

    def choose_terminals(self, customers: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return a terminal in reach, at random, for each of ``customers`` (n,)."""
        first = self.first[customers]
        count = self.first[customers + 1] - first
        return self.reach[first + (random.random(len(customers)) * count).astype(np.int64)]


def settle(
    rates: np.ndarray, terminals: int, radius: float, random: np.random.Generator
) -> Population:
    """Put customers and terminals on a plane as densely as the Handbook's.

    Args:
        rates: (customers,) mean number of transactions a day of each.
        radius: how far a customer goes. One who lives out of reach of every terminal, which happens
            only where terminals are few, moves to where there is one.

    Raises:
        InputError: if more pairs are within reach than memory is meant for.
    """
    side = SIDE * (terminals / TERMINALS) ** 0.5
    pairs = len(rates) * terminals * min(1.0, np.pi * (radius / side) ** 2)
    if pairs > MOST_PAIRS:
        raise InputError(
            f"{len(rates):,} customers would reach {pairs / len(rates):,.0f} terminals each with a "
            f"radius of {radius:g}, too many to keep. Set a smaller radius or fewer terminals."
        )
    means = random.uniform(5, 100, len(rates))
    homes = random.uniform(0, side, (len(rates), 2))
    places = random.uniform(0, side, (terminals, 2))
    near = cKDTree(places)
    lonely = np.flatnonzero(near.query(homes)[0] > radius)
    homes[lonely] = places[random.integers(0, terminals, len(lonely))]
    reach, counts = [], []
    for start in range(0, len(homes), AT_ONCE):
        found = near.query_ball_point(homes[start : start + AT_ONCE], radius, return_sorted=True)
        counts.append(np.array([len(each) for each in found]))
        reach.append(np.concatenate([np.array(each, dtype=np.int32) for each in found]))
    first = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    return Population(homes, places, means, rates, np.concatenate(reach), first)
