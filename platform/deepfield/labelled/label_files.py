"""Label files: a JSON object a line, each naming a picture that lies beside the file."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

from deepfield.errors import InputError
from deepfield.fields import printable
from deepfield.sources.archive import members

__all__ = ["PATTERNS", "Entry", "label_entries"]

PATTERNS = ("label*.json", "test_label*.json", "*.jsonl")
"""Names that label files have in a folder or an archive."""
PICTURE = "raw_file"

Find = Callable[[str], Any]
"""Returns the picture of a name, or raises InputError."""


@dataclass(frozen=True)
class Entry:
    """One line of a label file: a picture, and what is said of it."""

    row: int
    """Its place among all lines, from 1."""
    shown: str
    """What a person calls the picture."""
    values: Mapping[str, Any] = field(default_factory=dict)
    picture: Any = None
    reason: str = ""
    """Why the line is of no use; empty: it is."""


def label_entries(what: Any, image: str) -> list[Entry] | None:
    """Return the lines of label files, or None if ``what`` is none, nor a folder or .zip.

    Args:
        image: a key that may name the picture too, beside ``raw_file``.

    Raises:
        InputError: if a file cannot be read, or a folder or archive holds none.
    """
    if not isinstance(what, str | Path):
        return None
    path = Path(what).expanduser()
    if path.is_dir():
        files = sorted(
            each
            for each in path.rglob("*")
            if each.is_file()
            and _is_named_so(each.name)
            and not any(part.startswith(".") for part in each.relative_to(path).parts)
        )
        _check_some(files, path)
        return _entries([(str(each), _read(each), _beside(each)) for each in files], image)
    if path.suffix.lower() == ".zip" and path.is_file():
        held = members(path)
        named = [each for each in held if _is_named_so(PurePosixPath(each.info.filename).name)]
        _check_some(named, path)
        by_name = {each.info.filename: each for each in held}
        files_inside = [
            (str(each), each.read_bytes(), _inside(each.info.filename, by_name)) for each in named
        ]
        return _apart(_entries(files_inside, image))
    if path.suffix.lower() == ".json" or (path.suffix.lower() == ".jsonl" and _names_files(path)):
        return _entries([(str(path), _read(path), _beside(path))], image)
    return None


def _is_named_so(name: str) -> bool:
    return any(fnmatch(name.lower(), pattern) for pattern in PATTERNS)


def _check_some(files: Sequence[Any], path: Path) -> None:
    if not files:
        raise InputError(
            f"{str(path)!r} holds no label file ({', '.join(PATTERNS)}): a JSON object a line with "
            f"{PICTURE!r}, 'lanes' and 'h_samples'."
        )


def _entries(files: Sequence[tuple[str, bytes, Find]], image: str) -> list[Entry]:
    found: list[Entry] = []
    for name, data, find in files:
        for place, line in _lines(name, data):
            found.append(_entry(len(found) + 1, f"line {place} of {name}", line, find, image))
    return found


def _apart(entries: list[Entry]) -> list[Entry]:
    """Refuse names of several folders that were all found to be one picture, by its name alone."""
    meant = defaultdict(set)
    for each in entries:
        meant[str(each.picture)].add(each.shown)
    return [
        replace(each, reason="is in the archive without the folder that tells it from others")
        if not each.reason and len(meant[str(each.picture)]) > 1
        else each
        for each in entries
    ]


def _entry(row: int, place: str, line: str, find: Find, image: str) -> Entry:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return Entry(row, place, reason="is no JSON")
    if not isinstance(values, dict):
        return Entry(row, place, reason="is no JSON object")
    named = values.get(PICTURE, values.get(image))
    if not isinstance(named, str) or not named:
        return Entry(row, place, values, reason=f"names no picture as {PICTURE!r}")
    try:
        return Entry(row, printable(named), values, find(named))
    except InputError as error:
        return Entry(row, printable(named), values, reason=str(error))


def _lines(name: str, data: bytes) -> Iterator[tuple[int, str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name!r} is no label file: it is not text in UTF-8.") from error
    for place, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield place, line


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror}.") from error


def _names_files(path: Path) -> bool:
    """Return whether a table of JSON Lines is a label file, by its first line."""
    try:
        with path.open("rb") as file:
            return f'"{PICTURE}"'.encode() in file.readline(2**20)
    except OSError:
        return False  # said when the table is read in earnest


def _beside(file: Path) -> Find:
    def find(named: str) -> Path:
        try:
            path = file.parent / named
            there = path.is_file()
        except (OSError, ValueError) as error:
            raise InputError("is no path") from error
        if not there:
            raise InputError(f"does not exist beside {file.name!r}")
        return path

    return find


def _inside(label_file: str, held: Mapping[str, Any]) -> Find:
    """Find pictures in an archive: from the label file's folder on, or by their name alone."""
    folder = PurePosixPath(label_file).parent
    by_name = defaultdict(list)
    for name in held:
        by_name[PurePosixPath(name).name].append(name)

    def find(named: str) -> Any:
        whole = str(folder / named)
        if whole in held:
            return held[whole]
        alike = by_name[PurePosixPath(named).name]
        if len(alike) == 1:
            return held[alike[0]]
        raise InputError(
            f"is not the name of one picture alone: {', '.join(sorted(alike)[:3])}"
            if alike
            else "is not in the archive"
        )

    return find
