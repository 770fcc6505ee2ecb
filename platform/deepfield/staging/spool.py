"""Frames on disk and back: Parquet files that grow while a pass goes on."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from deepfield.errors import DeepfieldError
from deepfield.frames import lists_of_arrow
from deepfield.sources.tables import CHUNK

__all__ = [
    "ROW_GROUP",
    "Column",
    "Spool",
    "columns",
    "pandas_type",
    "read_spool",
    "saying",
    "to_frame",
    "to_table",
]

ROW_GROUP = 65_536
BUFFER = 2**20


@dataclass(frozen=True)
class Column:
    """A column of a staged file, whose name there is plain: the database knows no upper case."""

    name: str
    """What people and plugins call it."""
    stored: str
    kind: pa.DataType

    @property
    def stored_kind(self) -> pa.DataType:
        """Return its type on disk: moments lie there as numbers, which need no time zone."""
        return pa.int64() if pa.types.is_timestamp(self.kind) else self.kind


def columns(prefix: str, schema: pa.Schema) -> list[Column]:
    """Return columns that are stored as ``prefix0``, ``prefix1`` …"""
    return [Column(each.name, f"{prefix}{n}", each.type) for n, each in enumerate(schema)]


def to_table(frame: pd.DataFrame, columns: Sequence[Column]) -> pa.Table:
    """Return a frame as it is stored, its index as ``row``; what it lacks is empty."""
    arrays = {"row": pa.array(frame.index, pa.int64())}
    for each in columns:
        if each.name in frame.columns:
            array = pa.array(frame[each.name], each.kind, from_pandas=True)
            arrays[each.stored] = array.cast(each.stored_kind)
        else:
            arrays[each.stored] = pa.nulls(len(frame), each.stored_kind)
    return pa.table(arrays)


def to_frame(table: pa.Table, columns: Sequence[Column]) -> pd.DataFrame:
    """Return stored columns as a predictor sees them, with the row numbers as index."""
    named = pa.Table.from_arrays(
        [table[each.stored].cast(each.kind) for each in columns], [each.name for each in columns]
    )
    frame = named.to_pandas(types_mapper=pandas_type)
    return frame.set_axis(pd.Index(table["row"].to_numpy()), axis=0)


def pandas_type(kind: pa.DataType) -> Any:
    """Return the type of a column that pandas would not choose itself."""
    return pd.BooleanDtype() if pa.types.is_boolean(kind) else lists_of_arrow(kind)


class Spool:
    """A Parquet file that grows; rows wait until they make a row group."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._writer: pa.parquet.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self._rows_waiting = 0

    def write(self, table: pa.Table) -> None:
        """Append rows. The first table says which columns there are, even if it has none."""
        with saying(self.path):
            if self._writer is None:
                # Words are few, mostly; numbers are not, and looking for few of them takes time.
                words = [each.name for each in table.schema if pa.types.is_string(each.type)]
                self._writer = pa.parquet.ParquetWriter(
                    self.path,
                    table.schema,
                    compression="none",
                    use_dictionary=words,
                    write_statistics=False,
                )
            self._waiting.append(table)
            self._rows_waiting += table.num_rows
            self.rows += table.num_rows
            if self._rows_waiting >= ROW_GROUP:
                self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with saying(self.path):
            if self._writer is not None:
                self._release()
                self._writer.close()

    def _release(self) -> None:
        if self._writer is not None and self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
            self._waiting, self._rows_waiting = [], 0


def read_spool(path: Path, columns: Iterable[Column]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a closed spool as they were written."""
    # Buffered ahead, every row group would stay in memory until the last one is read.
    with pa.parquet.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER) as file:
        yield from file.iter_batches(CHUNK, columns=["row", *(each.stored for each in columns)])


@contextmanager
def saying(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into a sentence."""
    try:
        yield
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise DeepfieldError(
            f"Sorting rows in {str(path.parent)!r} broke off: {reason}. "
            "DEEPFIELD_HOME moves that folder to another disk."
        ) from error
