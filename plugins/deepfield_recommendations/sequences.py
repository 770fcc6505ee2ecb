"""What people took, one after another: the one form in which every model here reads a log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

__all__ = ["PADDING", "Sequences"]

PADDING = 0
"""The code of no item; items are numbered from 1."""


@dataclass(frozen=True)
class Sequences:
    """Events of several users, those of one user together and in order of time.

    Args:
        items: (n,) int32 codes from 1.
        starts: (users + 1,) int64, where the events of each user begin; the last one is n.
        seconds: (n,) int64 since 1970, rising within a user. Events of one second are one basket,
            whose order means nothing. Where a log has an order and no times, they count events.
    """

    items: np.ndarray
    starts: np.ndarray
    seconds: np.ndarray

    @classmethod
    def of(
        cls,
        users: np.ndarray,
        items: np.ndarray,
        seconds: np.ndarray | None = None,
        count: int | None = None,
    ) -> Sequences:
        """Sort events by user and time; those of one moment keep their order.

        Args:
            users: (n,) codes from 0; a user without events keeps a place.
            items: (n,) codes from 1.
            count: how many users there are; up to the last one with an event if None.
        """
        if count is None:
            count = int(users.max(initial=-1)) + 1
        order = (
            np.argsort(users, kind="stable") if seconds is None else np.lexsort((seconds, users))
        )
        starts = np.searchsorted(users[order], np.arange(count + 1))
        when = np.arange(len(users)) if seconds is None else seconds[order]
        return cls(items[order].astype(np.int32), starts, when.astype(np.int64))

    def __len__(self) -> int:
        """Return how many users there are."""
        return len(self.starts) - 1

    @cached_property
    def lengths(self) -> np.ndarray:
        """Return how many events each user has, (users,)."""
        return np.diff(self.starts)

    @cached_property
    def users(self) -> np.ndarray:
        """Return the user of each event, (n,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @cached_property
    def baskets(self) -> np.ndarray:
        """Return the number of each event's basket, (n,), rising throughout."""
        new = np.ones(len(self.items), dtype=bool)
        new[1:] = (self.users[1:] != self.users[:-1]) | (self.seconds[1:] != self.seconds[:-1])
        return np.cumsum(new) - 1

    def take(self, users: np.ndarray) -> Sequences:
        """Return the events of some users, in the order asked for."""
        lengths = self.lengths[users]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(starts[-1]) + np.repeat(self.starts[users] - starts[:-1], lengths)
        return Sequences(self.items[places], starts, self.seconds[places])

    def where(self, chosen: np.ndarray) -> Sequences:
        """Return the events that a mask (n,) chooses; every user keeps a place."""
        starts = np.concatenate([[0], np.cumsum(chosen)])[self.starts]
        return Sequences(self.items[chosen], starts, self.seconds[chosen])

    def latest(self, length: int) -> np.ndarray:
        """Return the last codes of each user, oldest first, (users, length) int32; 0 fills up."""
        first = np.maximum(self.starts[1:] - length, self.starts[:-1])
        places = first[:, None] + np.arange(length)
        there = places < self.starts[1:, None]
        if not len(self.items):
            return np.full(there.shape, PADDING, dtype=np.int32)
        return np.where(there, self.items[np.where(there, places, 0)], PADDING).astype(np.int32)

    def batches(self, size: int) -> Iterator[tuple[slice, Sequences]]:
        """Yield users, so many at a time, and where they stand."""
        for start in range(0, len(self), size):
            chosen = slice(start, min(start + size, len(self)))
            yield chosen, self.take(np.arange(chosen.start, chosen.stop))
