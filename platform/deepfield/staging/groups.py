"""Cut sorted rows at the borders of groups, and work on several pieces at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["InOrder", "ahead", "in_parallel", "whole_groups"]


def whole_groups(batches: Iterable[pa.RecordBatch], key: str, least: int) -> Iterator[pa.Table]:
    """Cut rows that are sorted by ``key`` into tables of whole groups, ``least`` rows or more."""
    held: list[pa.RecordBatch] = []
    size, last = 0, None
    for batch in filter(len, batches):
        keys = batch.column(key)
        starts = _starts(keys, last)
        begin = 0
        while (place := np.searchsorted(starts, begin + least - size)) < len(starts):
            end = int(starts[place])
            held.append(batch.slice(begin, end - begin))
            yield pa.Table.from_batches(held)
            held, size, begin = [], 0, end
        held.append(batch.slice(begin))
        size += len(batch) - begin
        last = keys[-1]
    if held:
        yield pa.Table.from_batches(held)


def _starts(keys: pa.Array, last: pa.Scalar | None) -> np.ndarray:
    """Return where groups begin; ``last`` is the key before the first."""
    changes = pc.not_equal(keys.slice(1), keys.slice(0, len(keys) - 1))
    starts = np.flatnonzero(changes.to_numpy(zero_copy_only=False)) + 1
    goes_on = last is not None and keys[0].as_py() == last.as_py()
    return starts if goes_on else np.append(0, starts)


def in_parallel(
    pool: ThreadPoolExecutor, work: Callable[[Any], Any], pieces: Iterable[Any], most: int
) -> Iterator[Any]:
    """Yield what comes of each piece, in order; at most ``most`` are in work or waiting."""
    waiting: deque[Future[Any]] = deque()
    for piece in pieces:
        waiting.append(pool.submit(work, piece))
        if len(waiting) >= most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def ahead(pool: ThreadPoolExecutor, items: Iterator[Any]) -> Iterator[Any]:
    """Yield items of which the next one is made while a caller has this one."""
    nothing = object()
    coming = pool.submit(next, items, nothing)
    while (item := coming.result()) is not nothing:
        coming = pool.submit(next, items, nothing)
        yield item


class InOrder:
    """Batches that are sorted by row number, taken as far as a row."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._next: pa.RecordBatch | None = next(batches, None)
        self._empty = self._next.slice(0, 0) if self._next is not None else None

    def take(self, last: int) -> pa.Table | None:
        """Return the rows up to number ``last`` that were not taken before; None if there never
        were any."""
        if self._empty is None:
            return None
        taken = [self._empty]
        while self._next is not None:
            numbers = self._next.column("row").to_numpy()
            count = int(np.searchsorted(numbers, last, side="right"))
            taken.append(self._next.slice(0, count))
            if count < len(numbers):
                self._next = self._next.slice(count)
                break
            self._next = next(self._batches, None)
        return pa.Table.from_batches(taken)

    @property
    def left(self) -> bool:
        """Return whether there are rows that nobody took."""
        return self._next is not None
