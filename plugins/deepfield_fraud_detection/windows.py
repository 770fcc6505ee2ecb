"""Sums over what came before, for rows sorted by key and time: a few passes of numpy, no loop."""

from __future__ import annotations

from functools import cached_property

import numpy as np

__all__ = ["DAY", "Groups"]

DAY = 86_400
"""Seconds."""


class Groups:
    """Rows of several keys, those of one key together and in order of time.

    "Before" a row are the rows of its key at an earlier second; rows of the same second do not see
    each other. What looks at a few latest rows takes its values in the order of ``order``, so that
    nothing depends on how the input happened to be sorted.

    Args:
        keys: (n,) equal values stand together.
        seconds: (n,) int64, rising within a key.
    """

    def __init__(self, keys: np.ndarray, seconds: np.ndarray) -> None:
        new = np.ones(len(keys), dtype=bool)
        new[1:] = keys[1:] != keys[:-1]
        self.seconds = seconds
        self.group = np.cumsum(new) - 1  # (n,)
        self.first = np.flatnonzero(new)[self.group]  # (n,) the first row of each row's group
        self._least = int(seconds.min()) if len(seconds) else 0
        self._span = int(seconds.max()) - self._least + 1 if len(seconds) else 1
        self._line = self.group * self._span + (seconds - self._least)  # rising throughout

    def __len__(self) -> int:
        return len(self.seconds)

    @cached_property
    def end(self) -> np.ndarray:
        """Return for each row the place after the last row before it."""
        return np.searchsorted(self._line, self._line, side="left")

    def order(self, *values: np.ndarray) -> np.ndarray:
        """Return the places of all rows, (n,): those of one second by rising values, last first."""
        order = np.arange(len(self))
        same = self._line[1:] == self._line[:-1]
        tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
        keys = [*(each[tied] for each in values), self._line[tied]]
        order[tied] = tied[np.lexsort(keys)]
        return order

    def since(self, span: float) -> np.ndarray:
        """Return for each row the place of the first row that is at most ``span`` seconds older."""
        back = np.minimum(int(span), self.seconds - self._least)
        return np.searchsorted(self._line, self._line - back, side="left")

    def until(self, delay: float) -> np.ndarray:
        """Return for each row the place after the last row that is at least ``delay`` s older."""
        back = int(delay)
        late = self.seconds - self._least < back
        found = np.searchsorted(self._line, self._line - np.where(late, 0, back), side="right")
        return np.where(late, self.first, np.minimum(found, self.end))

    def total(self, values: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Return the sum of ``values`` from place ``start`` to before ``end``, 0 where none is."""
        sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
        return np.where(end > start, sums[np.maximum(end, start)] - sums[start], 0.0)

    def last(self, marked: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Return the place of the last marked row of the group before ``end``, -1 where none is."""
        places = np.maximum.accumulate(np.where(marked, np.arange(len(self)), -1))
        found = np.where(end > self.first, places[np.maximum(end - 1, 0)], -1)
        return np.where(found >= self.first, found, -1)

    def largest(self, values: np.ndarray) -> np.ndarray:
        """Return the largest of the values before each row, 0 where none is; values >= 0."""
        # Each group is lifted above the one before, so that one running maximum serves all.
        lift = self.group * (float(values.max(initial=0.0)) + 1.0)
        running = np.maximum.accumulate(values + lift) - lift
        return np.where(self.end > self.first, running[np.maximum(self.end - 1, 0)], 0.0)
