"""Where results go: CSV, Parquet or JSON Lines, written piece by piece.

While a file is being written its name ends in ``.part``; closing it gives it its own name, so that
a file with the right name is always whole.
"""

from __future__ import annotations

import csv
import errno
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from deepfield.errors import DeepfieldError, UsageError
from deepfield.table import Rejected

__all__ = [
    "WRITERS",
    "FileSink",
    "RejectedSink",
    "check_output",
    "open_sink",
    "safe_for_spreadsheets",
]


class FileSink(ABC):
    """Write frames of one schema to a file."""

    def __init__(self, path: Path, schema: pa.Schema | None = None) -> None:
        self.path = path
        self.part = path.with_name(path.name + ".part")
        self.schema = schema
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.file: IO[bytes] = self.part.open("wb")
        except OSError as error:
            raise DeepfieldError(f"Cannot write {str(path)!r}: {error.strerror}.") from error

    def write(self, frame: pd.DataFrame) -> None:
        """Append rows; the first ones fix the types of columns that the schema leaves open."""
        try:
            table = self._table(frame)
            self._append(table)
            self.file.flush()
        except OSError as error:
            reason = "the disk is full" if error.errno == errno.ENOSPC else str(error.strerror)
            raise DeepfieldError(
                f"Writing {str(self.path)!r} broke off: {reason}. "
                f"What was written before lies in {str(self.part)!r}."
            ) from error

    def close(self) -> None:
        """Finish the file and give it its name."""
        self._finish()
        self.file.close()
        self.part.replace(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(FileNotFoundError):
            self.close()

    def _table(self, frame: pd.DataFrame) -> pa.Table:
        if self.schema is None or set(self.schema.names) != set(frame.columns):
            declared = self.schema or pa.schema([])
            found = pa.Schema.from_pandas(frame, preserve_index=False)
            self.schema = pa.schema(
                declared.field(each.name)
                if each.name in declared.names
                else (each.with_type(pa.string()) if pa.types.is_null(each.type) else each)
                for each in found
            ).remove_metadata()
        return pa.Table.from_pandas(frame, self.schema, preserve_index=False)

    @abstractmethod
    def _append(self, table: pa.Table) -> None: ...

    def _finish(self) -> None:  # noqa: B027  (lines of text need no ending)
        """Write what a format has at its end."""


class CsvSink(FileSink):
    writer: pa.csv.CSVWriter | None = None

    def write(self, frame: pd.DataFrame) -> None:
        super().write(safe_for_spreadsheets(frame))

    def _append(self, table: pa.Table) -> None:
        if self.writer is None:
            self.writer = pa.csv.CSVWriter(self.file, table.schema)
        self.writer.write_table(table)

    def _finish(self) -> None:
        if self.writer is not None:
            self.writer.close()


class ParquetSink(FileSink):
    writer: pa.parquet.ParquetWriter | None = None

    def _append(self, table: pa.Table) -> None:
        if self.writer is None:
            self.writer = pa.parquet.ParquetWriter(self.file, table.schema)
        self.writer.write_table(table)

    def _finish(self) -> None:
        if self.writer is None:
            self.writer = pa.parquet.ParquetWriter(self.file, self.schema or pa.schema([]))
        self.writer.close()


class JsonLinesSink(FileSink):
    def _append(self, table: pa.Table) -> None:
        frame = table.to_pandas()
        if len(frame):
            text = frame.to_json(orient="records", lines=True, date_format="iso", force_ascii=False)
            self.file.write(text.encode())


WRITERS: dict[str, type[FileSink]] = {
    ".csv": CsvSink,
    ".parquet": ParquetSink,
    ".jsonl": JsonLinesSink,
    ".ndjson": JsonLinesSink,
}


def check_output(path: Path, overwrite: bool) -> None:
    """Raise UsageError if the ending is of no known kind, or the file may not be replaced."""
    if path.suffix.lower() not in WRITERS:
        raise UsageError(f"Cannot write {str(path)!r}: end it in {', '.join(WRITERS)}.")
    if path.exists() and not overwrite:
        raise UsageError(f"{str(path)!r} exists already. Name another file, or allow overwriting.")


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
        if rejected and self.file is None:
            self.file = self.path.open("w", newline="", encoding="utf-8")
            csv.writer(self.file).writerow(["row", "source", "reason"])
        if self.file is not None:
            rows = pd.DataFrame(
                [vars(each) for each in rejected], columns=["row", "source", "reason"]
            )
            csv.writer(self.file).writerows(safe_for_spreadsheets(rows).itertuples(index=False))
            self.file.flush()

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


def safe_for_spreadsheets(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before text that a spreadsheet would run as a formula (``=cmd|…``).

    Numbers are no text, and stay; so do negative numbers written as text.
    """
    frame = frame.copy(deep=False)
    for name in frame.columns:
        column = frame[name]
        if not (pd.api.types.is_string_dtype(column) or column.dtype == object):
            continue
        text = column.astype("string")
        risky = text.str.match(r"[=+@\t\r]|-(?![\d.])|[+-].*[(|!]").fillna(False).astype(bool)
        if risky.any():
            frame[name] = column.astype(object).where(~risky, "'" + text.astype(object))
    return frame
