"""The files that a fit learns from, by the names that a person knows them by."""

from __future__ import annotations

import hashlib
import shutil
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import BadZipFile

from deepfield.errors import InputError, UsageError
from deepfield.fields import printable
from deepfield.labelled import find_path
from deepfield.sources.archive import Member, members
from deepfield.table import Rejected

__all__ = ["Files", "files_asked_for", "find_files"]

PIECE = 2**20
BROKEN = (InputError, BadZipFile, NotImplementedError, EOFError, zlib.error)
"""What a member of an archive that cannot be unpacked raises."""


@dataclass(frozen=True)
class Files:
    """Files that were found, none of them read yet."""

    source: str
    """What a person would call it all."""
    given: Sequence[str]
    """Where a person said that they are."""
    named: Mapping[str, Path | Member]
    """Name -> the file, or a member of an archive."""
    rejected: Sequence[Rejected]
    """Files that a person named one by one and that are of no kind that is read."""
    left_alone: int
    """Files of other kinds beside the others in folders and archives."""

    def unpacked(self, folder: Path, report: Callable[[float], None]) -> Unpacked:
        """Put members of archives into a folder, and hash all files.

        Args:
            report: told the share done; what it raises ends the work.
        """
        found: dict[str, Path] = {}
        rejected = list(self.rejected)
        digest = hashlib.sha256()
        for place, (name, file) in enumerate(self.named.items(), 1):
            report((place - 1) / len(self.named))
            try:
                if isinstance(file, Member):
                    file = _unpack(file, folder / f"{place}{_ending(name)}")
                digest.update(
                    f"{name}\0{_digest(file, report, place / len(self.named))}\n".encode()
                )
                found[name] = file
            except BROKEN as error:
                rejected.append(Rejected(place, name, _why(error)))
            except OSError as error:
                if isinstance(file, Member) or error.filename is None:
                    raise  # the disk is full, and no file is to blame
                rejected.append(Rejected(place, name, f"cannot be read: {error.strerror}"))
        return Unpacked(found, rejected, digest.hexdigest())


@dataclass(frozen=True)
class Unpacked:
    """Files that a predictor can open."""

    files: dict[str, Path]
    rejected: list[Rejected]
    fingerprint: str
    """SHA-256 over names and contents."""


def files_asked_for(
    what: Any, endings: Sequence[str], shown_as: str | None, removed: Sequence[str]
) -> Files:
    """Find the files that a fit learns from: none if a person named only what is to go.

    Raises:
        InputError, UsageError: as ``find_files``; or if one is to be learned from and to go.
    """
    if what is None:
        return Files("", (), {}, (), 0)
    files = find_files(what, endings, shown_as)
    both = [name for name in removed if name in files.named]
    if both:
        raise UsageError(f"{both[0]!r} is to be added and to be removed; say one of them.")
    return files


def find_files(what: Any, endings: Sequence[str], shown_as: str | None = None) -> Files:
    """Find the files that a fit learns from.

    Args:
        what: a file, a folder, a .zip; a list of such; or a mapping name -> file, for files whose
            names are not those that a person knows.
        endings: of the files that are read.
        shown_as: what a person calls it all, if not by the paths.

    Raises:
        InputError: if nothing is there, or nothing of a kind that is read.
        UsageError: if it is no path at all, or two files have one name.
    """
    if not isinstance(what, str | Path | Mapping | list | tuple):
        raise UsageError(
            f"Cannot learn from {type(what).__name__}: give a file, a folder, a .zip, or a list of "
            f"them. Files that are read: {', '.join(endings)}."
        )
    if isinstance(what, str | Path):
        what = [what]
    given = what if isinstance(what, Mapping) else dict(enumerate(what))
    if not given:
        raise InputError(_nothing(shown_as or "the list", endings, 0))
    found: list[tuple[str, Path | Member, bool]] = []
    for name, each in given.items():
        if not isinstance(each, str | Path):
            raise UsageError(f"Cannot learn from {type(each).__name__}: give paths.")
        path = _plain_path(each)
        called = name if isinstance(name, str) else _base(path)
        if path.is_dir():
            found += [(own, file, False) for own, file in _in_folder(path)]
        elif _ending(called) == ".zip" and ".zip" not in endings:
            found += [(own, file, False) for own, file in _in_archive(path, called)]
        else:
            found.append((called, path, True))
    taken = [(printable(name), file, meant) for name, file, meant in found]
    source = printable(shown_as or _called(given))
    known = [(name, file) for name, file, _ in taken if _ending(name) in endings]
    odd = [name for name, _, meant in taken if meant and _ending(name) not in endings]
    beside = sum(not meant and _ending(name) not in endings for name, _, meant in taken)
    if not known:
        raise InputError(_nothing(source, endings, beside + len(odd)))
    twice = next((name for name, count in Counter(n for n, _ in known).items() if count > 1), None)
    if twice is not None:
        raise UsageError(f"Two files are named {twice!r}; rename one, or put both into one folder.")
    reason = f"is of no kind that is read; these are: {', '.join(endings)}"
    rejected = [Rejected(len(known) + place, name, reason) for place, name in enumerate(odd, 1)]
    paths = [] if shown_as or isinstance(what, Mapping) else [printable(each) for each in what]
    return Files(source, paths, dict(known), rejected, beside)


def _plain_path(what: str | Path) -> Path:
    path = find_path(what)
    if not path.exists():  # a pattern, which the shell is there for
        raise InputError(f"No file or folder {str(what)!r}.")
    return path


def _base(path: Path) -> str:
    return path.name or str(path)


def _called(given: Mapping[Any, Any]) -> str:
    """Return what a person would call some sources."""
    names = [each if isinstance(each, str) else str(path) or "." for each, path in given.items()]
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} and {len(names) - 1} others"


def _in_folder(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(folder.rglob("*")):
        beneath = file.relative_to(folder)
        if file.is_file() and not any(part.startswith(".") for part in beneath.parts):
            yield beneath.as_posix(), file


def _in_archive(path: Path, called: str) -> Iterator[tuple[str, Member]]:
    for each in members(path, called):
        yield each.info.filename, each


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _nothing(source: str, endings: Sequence[str], others: int) -> str:
    found = f" {others:,} other files are there." if others > 1 else ""
    found = " One other file is there." if others == 1 else found
    return f"{source!r} holds no file that is read: {', '.join(endings)}.{found}"


def _unpack(member: Member, place: Path) -> Path:
    """Write a member of an archive to a file whose name we chose."""
    place.parent.mkdir(exist_ok=True)
    try:
        with member.open("rb") as packed, place.open("wb") as file:
            shutil.copyfileobj(packed, file, PIECE)
    except BROKEN:
        with suppress(OSError):
            place.unlink()
        raise
    return place


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, InputError) else f"cannot be unpacked: {error}"


def _digest(file: Path, report: Callable[[float], None], done: float) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(PIECE):
            digest.update(piece)
            report(done)
    return digest.hexdigest()
