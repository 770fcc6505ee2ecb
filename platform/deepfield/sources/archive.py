"""Files in a zip archive, read in place: nothing is ever unpacked to disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal
from zipfile import BadZipFile, ZipFile, ZipInfo

from deepfield.errors import InputError
from deepfield.formats import MAX_FILE
from deepfield.images import MAX_BYTES

__all__ = ["Member", "members"]

MAX_RATIO = 1000
"""Pictures are compressed already; a member that swells a thousandfold is a bomb."""


@dataclass(frozen=True)
class Member:
    """One file of an archive; read on demand, by whichever thread decodes it."""

    archive: ZipFile
    info: ZipInfo
    beneath: str
    """The archive's name."""

    def __str__(self) -> str:
        return f"{self.beneath}/{self.info.filename}"

    def open(self, mode: Literal["rb"], /) -> IO[bytes]:
        self._check(MAX_FILE)
        return self.archive.open(self.info)

    def read_bytes(self) -> bytes:
        self._check(MAX_BYTES)
        # zipfile stops at the declared size and checks the CRC, so that size can be trusted.
        return self.archive.read(self.info)

    def _check(self, most: int) -> None:
        if self.info.flag_bits & 1:
            raise InputError("is encrypted; save the archive without a password")
        if self.info.file_size > most:
            raise InputError(f"has more than {most >> 20:,} MB unpacked")
        if self.info.file_size > MAX_RATIO * max(self.info.compress_size, 1024):
            raise InputError(
                f"would swell from {self.info.compress_size:,} to {self.info.file_size:,} bytes: "
                "a zip bomb, and stays packed"
            )


def members(path: Path, shown_as: str | None = None) -> list[Member]:
    """Return the files of an archive, which stays open as long as one of them is held.

    Args:
        shown_as: what a person calls the archive, if not by its path.

    Raises:
        InputError: if it is no zip archive.
    """
    try:
        archive = ZipFile(path)
    except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
        name = shown_as or str(path)
        raise InputError(f"{name!r} is no zip archive that can be opened: {error}") from error
    return [
        Member(archive, each, Path(shown_as or path).name)
        for each in archive.infolist()
        if not each.is_dir()
        and not any(part.startswith((".", "__MACOSX")) for part in Path(each.filename).parts)
    ]
