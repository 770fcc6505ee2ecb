"""Where results go: CSV, Parquet or JSON Lines, written piece by piece.

While a file is being written its name ends in ``.part``; closing it gives it its own name, so that
a file with the right name is always whole.
"""

from __future__ import annotations

import csv
import errno
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from deepfield.errors import DeepfieldError, UsageError
from deepfield.fields import printable
from deepfield.table import Rejected
from deepfield.writers import Writer, writer_for

__all__ = [
    "WRITERS",
    "FileSink",
    "RejectedSink",
    "check_output",
    "nested_type",
    "open_sink",
    "safe_for_spreadsheets",
    "without_nesting",
]


log = logging.getLogger(__name__)


class FileSink(ABC):
    """Write frames to a file.

    Columns and their types are fixed by the first rows: declared ones as the schema says, the
    others as they come, mixed and nested ones as text.
    """

    def __init__(self, path: Path, schema: pa.Schema | None = None) -> None:
        self.path = path
        self.part = path.with_name(path.name + ".part")
        self.declared = schema or pa.schema([])
        self.schema: pa.Schema | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.file: IO[bytes] = self.part.open("wb")
        except OSError as error:
            raise DeepfieldError(f"Cannot write {str(path)!r}: {error.strerror}.") from error

    def write(self, frame: pd.DataFrame) -> None:
        """Append rows."""
        if frame.empty:
            return
        with self._said():
            self._append(self._table(frame))
            self.file.flush()

    def close(self, keep: bool = True) -> None:
        """Finish the file. With ``keep`` it gets its own name; without, what is there stays."""
        with self._said():
            if self.schema is None and self.declared.names:  # no rows came: a header, at least
                self.schema = self.declared
                self._append(self.declared.empty_table())
            self._finish()
            self.file.close()
            if keep:
                self.part.replace(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self.close(keep=failed is None)

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Turn what a disk or a type refuses into one sentence."""
        try:
            yield
        except OSError as error:
            reason = "the disk is full" if error.errno == errno.ENOSPC else str(error.strerror)
            raise DeepfieldError(
                f"Writing {str(self.path)!r} broke off: {reason}. "
                f"What was written before lies in {str(self.part)!r}."
            ) from error
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise DeepfieldError(f"Writing {str(self.path)!r} broke off: {error}.") from error

    def _table(self, frame: pd.DataFrame) -> pa.Table:
        if self.schema is None:
            self.schema = pa.schema([self._field(frame, name) for name in frame.columns])
        late = [str(name) for name in frame.columns if name not in self.schema.names]
        if late:
            log.warning("%s: column %s came too late and is left out", self.path, ", ".join(late))
        frame = frame.reindex(columns=self.schema.names)
        for each in self.schema:
            words = isinstance(frame[each.name].dtype, pd.StringDtype)  # is text, and printable
            if each.name not in self.declared.names and pa.types.is_string(each.type) and not words:
                frame[each.name] = frame[each.name].map(_as_text, na_action="ignore")
        table = pa.Table.from_pandas(frame, self.schema, preserve_index=False)
        # What pandas notes beside it, nobody can read back where lists are of Arrow.
        return table.replace_schema_metadata(None)

    def _field(self, frame: pd.DataFrame, name: str) -> pa.Field:
        if name in self.declared.names:
            return self.declared.field(name)
        if frame[name].dtype == object:
            return pa.field(name, pa.string())
        nested = nested_type(frame[name])
        if nested is not None:
            return pa.field(name, nested)
        kind = pa.Schema.from_pandas(frame[[name]], preserve_index=False).field(0).type
        text = pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_nested(kind)
        return pa.field(name, pa.string() if text else kind)

    @abstractmethod
    def _append(self, table: pa.Table) -> None: ...

    def _finish(self) -> None:  # noqa: B027  (lines of text need no ending)
        """Write what a format has at its end."""


def _as_text(value: object) -> str:
    text = (
        value if isinstance(value, str) else json.dumps(value, default=_plain, ensure_ascii=False)
    )
    return printable(text)


def _plain(value: object) -> object:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


class CsvSink(FileSink):
    writer: pa.csv.CSVWriter | None = None

    def __init__(self, path: Path, schema: pa.Schema | None = None) -> None:
        super().__init__(path, schema)
        flat = [
            each.with_type(pa.string()) if pa.types.is_nested(each.type) else each
            for each in self.declared
        ]
        self.declared = pa.schema(flat)

    def write(self, frame: pd.DataFrame) -> None:
        super().write(safe_for_spreadsheets(without_nesting(frame)))

    def _append(self, table: pa.Table) -> None:
        if self.writer is None:
            self.writer = pa.csv.CSVWriter(self.file, table.schema)
        self.writer.write_table(table)

    def _finish(self) -> None:
        if self.writer is not None:
            self.writer.close()


class ParquetSink(FileSink):
    """Rows wait until they make a row group: many small ones would swell the footer."""

    ROW_GROUP = 65_536
    writer: pa.parquet.ParquetWriter | None = None

    def _append(self, table: pa.Table) -> None:
        if self.writer is None:
            self.writer = pa.parquet.ParquetWriter(self.file, table.schema)
            self.waiting: list[pa.Table] = []
        self.waiting.append(table)
        if sum(each.num_rows for each in self.waiting) >= self.ROW_GROUP:
            self._release()

    def _finish(self) -> None:
        if self.writer is None:
            self.writer = pa.parquet.ParquetWriter(self.file, self.declared)
        else:
            self._release()
        self.writer.close()

    def _release(self) -> None:
        if self.writer is not None and self.waiting:
            self.writer.write_table(pa.concat_tables(self.waiting))
            self.waiting = []


class JsonLinesSink(FileSink):
    def _append(self, table: pa.Table) -> None:
        if table.num_rows:
            frame = table.to_pandas()
            text = frame.to_json(orient="records", lines=True, date_format="iso", force_ascii=False)
            self.file.write(text.encode())


WRITERS: dict[str, type[FileSink]] = {
    ".csv": CsvSink,
    ".parquet": ParquetSink,
    ".jsonl": JsonLinesSink,
    ".ndjson": JsonLinesSink,
}


def check_output(path: Path, overwrite: bool, writers: Sequence[Writer] = ()) -> None:
    """Raise UsageError if the ending is of no known kind, or a file may not be replaced."""
    if path.suffix.lower() not in WRITERS and writer_for(path.name, writers) is None:
        known = [*WRITERS, *(each.suffix for each in writers)]
        raise UsageError(f"Cannot write {str(path)!r}: end it in {', '.join(known)}.")
    for each in (path, RejectedSink.beside(path).path):
        if each.exists() and not overwrite:
            raise UsageError(
                f"{str(each)!r} exists already. Name another file, or allow overwriting."
            )


def open_sink(path: Path, schema: pa.Schema | None = None) -> FileSink:
    """Open a file for results, of the kind that its ending names."""
    return WRITERS[path.suffix.lower()](path, schema)


class RejectedSink:
    """A CSV file of rows that were set aside; made when the first of them comes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: IO[str] | None = None

    @classmethod
    def beside(cls, output: Path) -> RejectedSink:
        """Return the sink ``scored.rejected.csv`` for ``scored.parquet``."""
        return cls(output.with_name(f"{output.stem}.rejected.csv"))

    def write(self, rejected: list[Rejected]) -> None:
        if not rejected:
            return
        rows = pd.DataFrame(
            [(each.row, printable(each.source), printable(each.reason)) for each in rejected],
            columns=["row", "source", "reason"],
        )
        try:
            if self.file is None:
                self.file = self.path.open("w", newline="", encoding="utf-8")
                csv.writer(self.file).writerow(rows.columns)
            csv.writer(self.file).writerows(safe_for_spreadsheets(rows).itertuples(index=False))
            self.file.flush()
        except OSError as error:
            raise DeepfieldError(f"Cannot write {str(self.path)!r}: {error.strerror}.") from error

    def forget(self) -> None:
        """Remove what an earlier run left: its rows are none of this one's."""
        with suppress(OSError):
            self.path.unlink()

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


def without_nesting(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose lists are JSON text, for files of plain columns."""
    texts: dict[str, Any] = {}
    for name in frame.columns:
        if nested_type(frame[name]) is not None:
            values = pa.array(frame[name]).to_pylist()
        elif frame[name].dtype == object and any(isinstance(each, list) for each in frame[name]):
            values = list(frame[name])  # as a predictor may return them
        else:
            continue
        texts[name] = [None if each is None else _as_text(each) for each in values]
    return frame.assign(**texts) if texts else frame


def nested_type(column: pd.Series) -> pa.DataType | None:
    """Return the type of a column of lists, as results of several things a row have; else None."""
    kind = column.dtype.pyarrow_dtype if isinstance(column.dtype, pd.ArrowDtype) else None
    return kind if kind is not None and pa.types.is_nested(kind) else None


def safe_for_spreadsheets(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before text that a spreadsheet would run as a formula (``=cmd|…``).

    Numbers are no text, and stay; so do negative numbers written as text.
    """
    frame = frame.copy(deep=False)
    names = pd.Series(frame.columns.astype(str))
    frame.columns = pd.Index(_defused(names))
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_string_dtype(column) or column.dtype == object:
            frame[name] = _defused(column)
    return frame


def _defused(column: pd.Series) -> pd.Series:
    known = column.map(printable, na_action="ignore") if column.dtype == object else column
    text = known.astype("string")
    risky = text.str.match(r"[=+@\t\r]|-(?![\d.])|[+-].*[(|!]").fillna(False).astype(bool)
    if not risky.any():
        return column
    return column.astype(object).where(~risky, "'" + text.astype(object))
