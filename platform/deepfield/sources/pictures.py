"""Picture files, one row each; only their paths are held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from deepfield.errors import InputError
from deepfield.images import SUFFIXES
from deepfield.sources.source import Chunk, Source

__all__ = ["NamedFile", "PictureSource", "no_pictures"]

CHUNK = 4096


@dataclass(frozen=True)
class NamedFile:
    """A file that a person knows by another name: an upload, say."""

    path: Path
    name: str

    def __str__(self) -> str:
        return self.name

    def read_bytes(self) -> bytes:
        return self.path.read_bytes()


class PictureSource(Source):
    def __init__(
        self, files: Sequence[Path | NamedFile], name: str, column: str, left_alone: int = 0
    ) -> None:
        self.files = files
        self.name = name
        self.column = column
        self.total = len(files)
        self.left_alone = left_alone

    @classmethod
    def choose(cls, files: list[Path], name: str, column: str) -> PictureSource:
        """Take the pictures among the files of a folder, and count the others."""
        pictures = [file for file in files if file.suffix.lower() in SUFFIXES]
        if not pictures:
            raise no_pictures(name, [file.suffix for file in files])
        return cls(pictures, name, column, len(files) - len(pictures))

    def chunks(self) -> Iterator[Chunk]:
        for start in range(0, len(self.files), CHUNK):
            files = self.files[start : start + CHUNK]
            numbers = range(start + 1, start + 1 + len(files))
            yield Chunk(pd.DataFrame({self.column: list(files)}, numbers, dtype=object))


def no_pictures(name: str, suffixes: list[str]) -> InputError:
    """Return the error for a place that holds files but no picture."""
    kinds = Counter(suffix.lower() or "without ending" for suffix in suffixes)
    found = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(5)) or "nothing"
    return InputError(
        f"{name!r} holds no pictures ({', '.join(sorted(SUFFIXES))}). Found: {found}."
    )
