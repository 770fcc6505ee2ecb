"""Pictures in a zip archive, read in place: nothing is ever unpacked to disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

import pandas as pd

from deepfield.errors import InputError
from deepfield.images import MAX_BYTES, SUFFIXES
from deepfield.sources.pictures import CHUNK, no_pictures
from deepfield.sources.source import Chunk, Source

__all__ = ["ArchiveSource"]

MAX_RATIO = 1000
"""Pictures are compressed already; a member that swells a thousandfold is a bomb."""


@dataclass(frozen=True)
class Member:
    """One file of an archive; read on demand, by whichever thread decodes it."""

    archive: ZipFile
    info: ZipInfo

    def __str__(self) -> str:
        return f"{Path(self.archive.filename or '').name}/{self.info.filename}"

    def read_bytes(self) -> bytes:
        if self.info.flag_bits & 1:
            raise InputError("is encrypted; save the archive without a password")
        if self.info.file_size > MAX_BYTES:
            raise InputError(f"has more than {MAX_BYTES >> 20} MB unpacked")
        if self.info.file_size > MAX_RATIO * max(self.info.compress_size, 1024):
            raise InputError(
                f"would swell from {self.info.compress_size:,} to {self.info.file_size:,} bytes: "
                "a zip bomb, not a picture"
            )
        # zipfile stops at the declared size and checks the CRC, so the size above can be trusted.
        return self.archive.read(self.info)


class ArchiveSource(Source):
    def __init__(self, path: Path, column: str) -> None:
        self.name = str(path)
        self.column = column
        try:
            self.archive = ZipFile(path)
        except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise InputError(
                f"{str(path)!r} is no zip archive that can be opened: {error}"
            ) from error
        files = [
            each
            for each in self.archive.infolist()
            if not each.is_dir()
            and not any(part.startswith((".", "__MACOSX")) for part in Path(each.filename).parts)
        ]
        self.pictures = [
            each for each in files if PurePosixPath(each.filename).suffix.lower() in SUFFIXES
        ]
        if not self.pictures:
            suffixes = [PurePosixPath(each.filename).suffix for each in files]
            self.archive.close()
            raise no_pictures(self.name, suffixes)
        self.total = len(self.pictures)
        self.left_alone = len(files) - len(self.pictures)

    def chunks(self) -> Iterator[Chunk]:
        # Members are read by other threads and shown later: the archive closes with the last one.
        for start in range(0, len(self.pictures), CHUNK):
            members = [Member(self.archive, i) for i in self.pictures[start : start + CHUNK]]
            numbers = range(start + 1, start + 1 + len(members))
            yield Chunk(pd.DataFrame({self.column: members}, numbers, dtype=object))
