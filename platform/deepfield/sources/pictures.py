"""Files of pictures: one row each, or one for each picture that a file holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, Self

import pandas as pd

from deepfield.errors import ContractError, InputError
from deepfield.formats import File, Formats, Stream, opened
from deepfield.located import column
from deepfield.sources.source import Chunk, Source
from deepfield.video import Video

__all__ = ["NamedFile", "PictureSource"]

CHUNK = 4096
OPENED = 256
"""Rows a chunk where headers are read for it: the first are scored while the next are read."""


@dataclass(frozen=True)
class NamedFile:
    """A file that a person knows by another name: an upload, say."""

    path: Path
    name: str

    def __str__(self) -> str:
        return self.name

    def open(self, mode: Literal["rb"], /) -> IO[bytes]:
        return self.path.open(mode)

    def read_bytes(self) -> bytes:
        return self.path.read_bytes()


class PictureSource(Source):
    """Only names are held; a format's files are opened when their turn comes.

    Args:
        files: every one is at least one row.
        column: the picture's.
        formats: of files that may hold several pictures.
        options: how these are to be read.
    """

    def __init__(
        self,
        files: Sequence[File],
        name: str,
        column: str,
        formats: Formats | None = None,
        options: Mapping[str, Any] | None = None,
        left_alone: int = 0,
    ) -> None:
        self.files = files
        self.name = name
        self.column = column
        self.left_alone = left_alone
        self.total = len(files)
        self.formats = formats or Formats()
        self.options, _ = self.formats.split(options or {})
        self._parsed = self.formats.parse(self.options)
        self._beside: dict[str, str] = {}
        present = {format.name for file in files if (format := self.formats.of(file))}
        for each in self.formats.all:
            if each.name in present:
                for name, kind in each.columns(self._parsed[each.name]).items():
                    if name == column or self._beside.setdefault(name, kind) != kind:
                        raise ContractError(f"The format {each.name!r} may not give {name!r}.")

    @classmethod
    def choose(
        cls,
        files: Sequence[File],
        name: str,
        column: str,
        formats: Formats | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Self:
        """Take the files that are pictures or hold some, and count the others.

        Raises:
            InputError: if there are none.
        """
        formats = formats or Formats()
        taken = [file for file in files if formats.chooses(file)]
        if not taken:
            kinds = Counter(Path(str(file)).suffix.lower() or "without ending" for file in files)
            found = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(5))
            raise InputError(
                f"{name!r} holds no pictures ({', '.join(formats.suffixes)}). "
                f"Found: {found or 'nothing'}."
            )
        return cls(taken, name, column, formats, options, len(files) - len(taken))

    @property
    def video(self) -> File | None:
        """Return the one file that is all of the source, if its pictures are frames of a video."""
        if len(self.files) != 1:
            return None
        return self.files[0] if isinstance(self.formats.of(self.files[0]), Video) else None

    def chunks(self) -> Iterator[Chunk]:
        self.total = len(self.files)
        usual = OPENED if self._beside else CHUNK
        start, values, held = 1, list[Any](), list[object]()
        with closing(self._values()) as coming:
            for value, at_once in coming:
                values.append(value)
                if at_once:
                    held.append(value.hold())
                if len(values) >= (at_once or usual):
                    yield self._chunk(start, values, held)
                    start, values, held = start + len(values), [], []
        if values:
            yield self._chunk(start, values, held)

    def _chunk(self, start: int, values: list[Any], held: list[object]) -> Chunk:
        numbers = pd.RangeIndex(start, start + len(values))
        rows = pd.DataFrame({self.column: values}, numbers, dtype=object)
        for name, kind in self._beside.items():
            rows[name] = column(values, name, numbers, kind)
        return Chunk(rows, held=tuple(held))

    def _values(self) -> Generator[tuple[Any, int], None, None]:
        """Yield what each row shows, and how many such go together where that is limited."""
        for file in self.files:
            format = self.formats.of(file)
            if format is None:
                yield file, 0
                continue
            found = opened(format, file, self._parsed[format.name])
            if isinstance(found, Stream):
                yield from self._streamed(found)
                continue
            self.total = (self.total or 0) + len(found) - 1
            yield from ((each, 0) for each in found)

    def _streamed(self, stream: Stream) -> Iterator[tuple[Any, int]]:
        """Yield frames; the total is what the header promises until the last one is there."""
        before = self.total or 0
        self.total = before - 1 + (stream.total or 0)
        count = 0
        with closing(stream):
            for each in stream:
                count += 1
                self.total = max(self.total, before - 1 + count)
                yield each, stream.at_once
        self.total = before - 1 + count
