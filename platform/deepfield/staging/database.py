"""DuckDB, which sorts and groups files that are larger than memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa

from deepfield.errors import DeepfieldError

__all__ = ["BATCH", "Database", "files"]

BATCH = 65_536
MOST_THREADS = 4
"""Sorting waits for the disk sooner than for a processor, and each thread takes memory."""
MEGABYTES = 256
MEGABYTES_A_THREAD = 128
PATIENCE = 0.2
"""Seconds after which to ask again whether anybody still waits for an answer."""


class Database:
    """A connection of one job, in whose folder DuckDB may keep what memory does not hold.

    Args:
        go_on: called while a query works; what it raises ends the query.
    """

    def __init__(self, folder: Path, go_on: Callable[[], None]) -> None:
        self._folder = folder
        self._go_on = go_on
        threads = min(os.cpu_count() or 1, MOST_THREADS)
        self._connection = duckdb.connect(
            config={
                "threads": threads,
                "memory_limit": f"{max(MEGABYTES, MEGABYTES_A_THREAD * threads)}MB",
                "temp_directory": str(folder / "spill"),
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,  # nothing goes to the network unasked
            }
        )
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="deepfield-sort")

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement that gives a few rows, or none."""

        def work() -> list[tuple[Any, ...]]:
            found = self._connection.sql(statement)
            return [] if found is None else found.fetchall()

        return self._awaited(self._pool.submit(work))

    def stream(self, query: str) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query; the next ones are fetched while a caller has these.

        Only one query streams at a time.
        """
        # A relation streams; what execute() gives is copied to memory whole.
        opening = self._pool.submit(lambda: self._connection.sql(query).to_arrow_reader(BATCH))
        reader = self._awaited(opening)
        coming = self._pool.submit(next, reader, None)
        while (batch := self._awaited(coming)) is not None:
            coming = self._pool.submit(next, reader, None)
            yield batch

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.interrupt()
        self._pool.shutdown(cancel_futures=True)
        self._connection.close()

    def _awaited(self, future: Future[Any]) -> Any:
        while True:
            try:
                return future.result(PATIENCE)
            except TimeoutError:
                self._go_on()
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                # DuckDB's advice for people who write queries begins after the first lines.
                reason = str(error).split("\n")[0].rstrip(".")
                raise DeepfieldError(
                    f"Sorting rows in {str(self._folder)!r} broke off: {reason}. "
                    "It needs as much room there as the rows take; DEEPFIELD_HOME moves it."
                ) from error


def files(paths: Sequence[Path]) -> str:
    """Return what stands for the rows of Parquet files in a query."""
    quoted = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{quoted}])"
