"""The first pass: read every row of a source, check it, and write the good ones to disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pyarrow as pa

from deepfield.grouping import typed
from deepfield.results import no_results
from deepfield.sources import Chunk, Source
from deepfield.staging.groups import in_parallel
from deepfield.staging.meter import Meter
from deepfield.staging.spool import Column, Spool, columns, to_table
from deepfield.table import Rejected
from deepfield.tasks import Batch, Task, refused

__all__ = ["Reading"]

BEFORE_ALL = -(2**48)
"""Rows of the history are numbered from here on: they stand before every row of the source."""


class Reading:
    """Reads the history, then the source."""

    def __init__(self, task: Task, folder: Path, pool: ThreadPoolExecutor, most: int) -> None:
        self.task = task
        self.path = folder / "rows.parquet"
        """The source's good rows, in its order."""
        self.history = folder / "history.parquet"
        self.rows = 0
        """How many of the source's rows are good."""
        self.staged = 0
        """How many are good in all, the history's too."""
        self._pool = pool
        self._most = most
        self._stored = columns("c", task.model.inputs.arrow_schema())
        self._found: set[str] = set()

    @property
    def paths(self) -> list[Path]:
        """Return the files that were written."""
        return [path for path in (self.history, self.path) if path.exists()]

    @property
    def columns(self) -> list[Column]:
        """Return the inputs that came in; one that no row has is not there."""
        return [each for each in self._stored if each.name in self._found]

    def batches(self, meter: Meter, go_on: Callable[[], None]) -> Iterator[Batch]:
        """Yield the rows that were set aside, as they are found."""
        nothing = no_results(self.task.model)
        if self.task.history is not None:
            meter.begin("reading the history")
            with Spool(self.history) as spool:
                for _, table, rejected in self._read(self.task.history, BEFORE_ALL):
                    go_on()
                    spool.write(table)
                    if rejected:
                        yield Batch(nothing, nothing, unread_history=rejected)
                    meter.tell(0.0)
            self.staged += spool.rows
        meter.begin("reading")
        with Spool(self.path) as spool:
            for count, table, rejected in self._read(self.task.source, 0):
                go_on()
                spool.write(table)
                if rejected:
                    yield Batch(nothing, nothing, rejected)
                meter.rows += count
                meter.tell(1.0)
            self.rows = spool.rows
            self.staged += spool.rows

    def _read(self, source: Source, before: int) -> Iterator[tuple[int, pa.Table, list[Rejected]]]:
        """Yield how many rows there were, the good ones and the others, chunk by chunk."""

        def work(chunk: Chunk) -> tuple[int, pa.Table, list[Rejected]]:
            rows, rejected = chunk.rows, list(chunk.rejected)
            count = len(rows) + len(rejected)
            if rows.empty:
                return count, to_table(pd.DataFrame(index=rows.index), self._stored), rejected
            checked = inputs.read(rows)
            self._found.update(checked.rows.columns)
            rejected += refused(rows, checked, source, inputs)
            good = typed(inputs, checked.rows)
            return count, to_table(good.set_axis(good.index + before), self._stored), rejected

        inputs = self.task.model.inputs
        yield from in_parallel(self._pool, work, source.chunks(), self._most)
