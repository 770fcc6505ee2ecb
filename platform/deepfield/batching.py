"""How many rows go through a model together."""

from __future__ import annotations

__all__ = ["BatchSize"]

FIRST_BATCH = 8


class BatchSize:
    """Find the batch size by climbing: double while rows a second rise by a tenth.

    Each size is timed over a few batches and a second doubling is tried before giving up, since
    a machine that does other things at once is noisy.
    """

    def __init__(self, largest: int) -> None:
        self.size = min(FIRST_BATCH, largest)
        self.largest = largest
        self._best = (0.0, self.size)
        self._rows, self._seconds, self._batches = 0, 0.0, 0
        self._misses = 0
        self._settled = False
        self._warm = False

    @classmethod
    def fixed(cls, size: int) -> BatchSize:
        """Return a size that stays what it is."""
        batch = cls(size)
        batch.size, batch._settled = size, True
        return batch

    def note(self, rows: int, seconds: float) -> None:
        """Take in what a batch of the present size took."""
        if self._settled or rows < self.size:  # smaller ones were cut before the size changed
            return
        if not self._warm:  # the first batch also pays for whatever the engine does once
            self._warm = True
            return
        self._rows, self._seconds = self._rows + rows, self._seconds + seconds
        self._batches += 1
        if self._seconds < 0.03 and self._batches < 3:
            return
        rate = self._rows / max(self._seconds, 1e-9)
        self._rows, self._seconds, self._batches = 0, 0.0, 0
        if rate > 1.1 * self._best[0]:
            self._best, self._misses = (rate, self.size), 0
        else:
            self._misses += 1
        if self._misses == 2 or self.size == self.largest:
            self.size, self._settled = self._best[1], True
        else:
            self.size = min(2 * self.size, self.largest)
