"""Rows of tables: CSV, Parquet, JSON Lines and DataFrames."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from deepfield.columns import match_columns, renamed
from deepfield.errors import InputError
from deepfield.formats import Format, Formats
from deepfield.located import format_of, located
from deepfield.sources.source import Chunk, Source
from deepfield.table import Rejected, Table

__all__ = ["READERS", "FrameSource", "TableSource"]

CHUNK = 8192
OPENED = 256
"""Rows a chunk where headers are read for it: the first are scored while the next are read."""
BUFFER = 2**20
LONGEST_LINE = 64 * 2**20


class FrameSource(Source):
    """A DataFrame that is in memory already; row numbers count from 1, its index is not used."""

    def __init__(
        self,
        frame: pd.DataFrame,
        name: str = "DataFrame",
        inputs: Table | None = None,
        formats: Formats | None = None,
        options: Mapping[str, Any] | None = None,
        columns: Mapping[str, str] | None = None,
        whole: bool = False,
    ) -> None:
        self.name = name
        self._inputs = inputs or Table()
        self.columns = match_columns(frame.columns, self._inputs, columns, whole)
        self.frame = renamed(frame, self.columns)
        self.total = len(frame)
        self.formats = formats or Formats()
        self.options = options or {}

    def chunks(self) -> Iterator[Chunk]:
        image = self._inputs.image
        named = self.frame[image.name] if image and image.name in self.frame.columns else ()
        beside = present(named, self.formats)
        step = OPENED if beside else CHUNK
        for start in range(0, len(self.frame), step):
            rows = self.frame.iloc[start : start + step]
            rows = rows.set_axis(range(start + 1, start + 1 + len(rows)), axis=0)
            yield Chunk(located(rows, self._inputs, self.formats, self.options, beside))


class TableSource(Source):
    """A file of rows, read piece by piece."""

    def __init__(
        self,
        path: Path,
        inputs: Table,
        formats: Formats | None = None,
        options: Mapping[str, Any] | None = None,
        columns: Mapping[str, str] | None = None,
        whole: bool = False,
        name: str | None = None,
    ) -> None:
        """Look at the header.

        Args:
            name: what a person calls the file, if not by its path.
        """
        self.name = name or str(path)
        self.path = path
        if path.stat().st_size == 0:
            raise InputError(f"{self.name!r} is empty (0 bytes).")
        self._read = READERS[path.suffix.lower()]
        if path.suffix.lower() == ".parquet":
            self.total = _parquet(path, self.name).metadata.num_rows
        self._inputs = inputs
        self._image = inputs.image.name if inputs.image else None
        self.formats = formats or Formats()
        self.options = options or {}
        self.header = self._header()
        """The columns that the table begins with, as it calls them."""
        self.columns = match_columns(self.header, inputs, columns, whole)

    def _header(self) -> list[str]:
        with suppress(InputError):  # said when the rows are read in earnest
            for chunk in self._read(self.path, self.name):
                return [str(name) for name in chunk.rows.columns]
        return []

    def _pieces(self) -> Iterator[Chunk]:
        """Yield the file's rows with each column called like the field that it fills."""
        for chunk in self._read(self.path, self.name):
            yield Chunk(renamed(chunk.rows, self.columns), chunk.rejected)

    def chunks(self) -> Iterator[Chunk]:
        beside = self._beside()
        for chunk in self._pieces():
            if self._image not in chunk.rows.columns:
                yield chunk
                continue
            named = chunk.rows.copy(deep=False)
            named[self._image] = named[self._image].map(self._file)
            rejected = chunk.rejected
            step = OPENED if beside else CHUNK
            for start in range(0, max(len(named), 1), step):
                rows = named.iloc[start : start + step]
                rows = located(rows, self._inputs, self.formats, self.options, beside)
                yield Chunk(rows, rejected)
                rejected = []

    def _beside(self) -> list[Format]:
        """Return the formats of the files that the table names: one pass for their names alone."""
        found: dict[str, Format] = {}
        if self._image is None or not self.formats.all:
            return []
        with suppress(InputError):  # said when the rows are read in earnest
            for chunk in self._pieces():
                if self._image not in chunk.rows.columns:
                    break
                files = [self._file(value) for value in chunk.rows[self._image]]
                found |= {each.name: each for each in present(files, self.formats)}
        return [each for each in self.formats.all if each.name in found]

    def _file(self, value: Any) -> Any:
        """Take a relative picture path from the table's own folder; leave all else as it is.

        A name without a known ending must be a file in that folder or below it: what it is can be
        told by looking into it alone, and a table may name no other file to be looked into.
        """
        if not isinstance(value, str):
            return value
        path = self.path.parent / value
        if value.lower().endswith(tuple(self.formats.suffixes)):
            return path
        inside = not Path(value).is_absolute() and ".." not in Path(value).parts
        try:
            return path if inside and path.is_file() else value
        except (OSError, ValueError):  # too long for a name, say
            return value


def present(values: Iterable[Any], formats: Formats) -> list[Format]:
    """Return the formats of the files that cells name."""
    found = {each.name for value in values if (each := format_of(value, formats))}
    return [each for each in formats.all if each.name in found]


def read_csv(path: Path, name: str, delimiter: str | None = None) -> Iterator[Chunk]:
    """Yield text columns: what they mean is for the table to say, not for a guess.

    A line with too many or too few cells is rejected by its number; the others are served.
    """
    with opened(path, name) as file:
        head = file.read(2**20)
    encoding = _encoding(head)
    text = head.decode("utf-8-sig" if encoding == "utf8" else encoding, errors="replace")
    lines = text.splitlines()
    if not lines:
        raise InputError(f"{name!r} has no header line.")
    if "\0" in lines[0]:
        raise InputError(f"{name!r} is no text, and so no CSV; export the table anew.")
    delimiter = delimiter or max(",;\t|", key=lines[0].count)
    try:
        names = next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error as error:
        raise InputError(f"{name!r} has a header that cannot be read: {error}.") from error
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise InputError(f"{name!r} names the column {twice[0]!r} twice; rename one.")
    rejected: list[Rejected] = []

    def set_aside(row: pa.csv.InvalidRow) -> str:
        reason = f"{row.actual_columns} cells where the header has {row.expected_columns}"
        rejected.append(Rejected((row.number or 0) - 1, name, reason))
        return "skip"

    try:
        reader = pa.csv.open_csv(
            path,
            read_options=pa.csv.ReadOptions(encoding=encoding, use_threads=False),
            parse_options=pa.csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=set_aside
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types={each: pa.string() for each in names},
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                null_values=["", "NA", "N/A", "NaN", "nan", "null", "NULL"],
            ),
        )
        number = 0
        skipped: set[int] = set()  # lines that were rejected and not yet passed by
        for batch in reader:
            aside = rejected[:]
            rejected.clear()
            skipped |= {each.row for each in aside}
            numbers: list[int] = []
            while len(numbers) < batch.num_rows:
                number += 1
                if number in skipped:
                    skipped.remove(number)
                else:
                    numbers.append(number)
            yield Chunk(batch.to_pandas().set_axis(pd.Index(numbers), axis=0), aside)
        if rejected or not number:  # without any row the header still tells the columns
            yield Chunk(pd.DataFrame(columns=names), rejected[:])
    except (pa.ArrowInvalid, UnicodeDecodeError, OSError) as error:
        raise InputError(f"{name!r} cannot be read as CSV: {error}") from error


def read_parquet(path: Path, name: str) -> Iterator[Chunk]:
    start = 1
    try:
        file = _parquet(path, name)
        for batch in file.iter_batches(CHUNK):
            rows = batch.to_pandas()
            yield Chunk(rows.set_axis(range(start, start + len(rows)), axis=0))
            start += len(rows)
        if start == 1:
            yield Chunk(file.schema_arrow.empty_table().to_pandas())
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{name!r} breaks off at row {start:,}: {error}") from error


def read_json_lines(path: Path, name: str) -> Iterator[Chunk]:
    """Yield objects, one a line; a line that is no object is rejected by its number."""
    records: list[dict[str, Any]] = []
    numbers: list[int] = []
    rejected: list[Rejected] = []
    with opened(path, name) as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise ValueError(f"a {type(record).__name__}, not an object")
                records.append(record)
                numbers.append(number)
            except (ValueError, RecursionError) as error:
                rejected.append(Rejected(number, name, f"no JSON object: {error}"))
            if len(records) + len(rejected) >= CHUNK:
                yield Chunk(pd.DataFrame(records, index=numbers, dtype=object), rejected)
                records, numbers, rejected = [], [], []
    if records or rejected:
        yield Chunk(pd.DataFrame(records, index=numbers, dtype=object), rejected)


READERS: dict[str, Callable[[Path, str], Iterator[Chunk]]] = {
    ".csv": read_csv,
    ".tsv": lambda path, name: read_csv(path, name, "\t"),
    ".parquet": read_parquet,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
}


def opened(path: Path, name: str) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{name!r} cannot be read: {error.strerror}.") from error


def _parquet(path: Path, name: str) -> pa.parquet.ParquetFile:
    try:
        # Buffered ahead, every row group would stay in memory until the last one is read.
        return pa.parquet.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{name!r} is no Parquet file that can be read: {error}") from error


def _encoding(head: bytes) -> str:
    """Return the encoding of a table: by its mark, or UTF-8, or Windows' where that fails."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        head[: head.rfind(b"\n") + 1 or None].decode("utf-8")
        return "utf8"
    except UnicodeDecodeError:
        return "cp1252"
