"""Files of pictures: one row each, or one for each picture that a file holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal, Self

import pandas as pd

from deepfield.errors import ContractError, InputError
from deepfield.formats import File, Formats, opened
from deepfield.located import column
from deepfield.sources.source import Chunk, Source

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

    def chunks(self) -> Iterator[Chunk]:
        self.total = len(self.files)
        start = 1
        coming = self._values()
        while values := list(islice(coming, OPENED if self._beside else CHUNK)):
            numbers = pd.RangeIndex(start, start + len(values))
            start += len(values)
            rows = pd.DataFrame({self.column: values}, numbers, dtype=object)
            for name, kind in self._beside.items():
                rows[name] = column(values, name, numbers, kind)
            yield Chunk(rows)

    def _values(self) -> Iterator[Any]:
        for file in self.files:
            format = self.formats.of(file)
            if format is None:
                yield file
                continue
            found = opened(format, file, self._parsed[format.name])
            self.total = (self.total or 0) + len(found) - 1
            yield from found
