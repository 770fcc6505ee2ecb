"""Labelled pictures: a folder for each class."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile, is_zipfile

import pandas as pd

from deepfield.errors import InputError, UsageError
from deepfield.fields import printable
from deepfield.labelled.rows import Labelled
from deepfield.sources import Source
from deepfield.table import Rejected, Table

__all__ = ["from_folders"]


def from_folders(source: Source, inputs: Table, root: Path | None, group: str | None) -> Labelled:
    image = inputs.image
    if image is None:
        raise UsageError(f"{source.name!r} holds pictures, and this domain takes a table.")
    chunks = [chunk.rows for chunk in source.chunks()]
    if not chunks:
        raise InputError("The list of pictures is empty; name some, or the folder they lie in.")
    frame = pd.concat(chunks)
    if group is not None and group not in frame.columns:
        others = [str(name) for name in frame.columns if name != image.name]
        raise UsageError(
            f"{source.name!r} is read as a folder for each class, which has no column {group!r}"
            + (f" (there are: {', '.join(others)}). " if others else ". ")
            + "Give a table with columns of paths, labels and groups."
        )
    names = frame[image.name].map(lambda value: _inside(value, root))
    labels = names.map(lambda name: name.parent.name)
    if (labels == "").all():
        raise InputError(
            f"{source.name!r} has no folder for each class: its pictures lie side by side. Put "
            "those of each class into a folder of its name, or give a table with labels."
        )
    loose = labels == ""
    rejected = [
        Rejected(
            int(str(number)), image.show(frame.at[number, image.name]), "lies in no class folder"
        )
        for number in frame.index[loose]
    ]
    groups = _groups(frame[image.name], names, None if group is None else frame[group])
    return Labelled(
        source.name,
        frame.loc[~loose, [image.name]],
        labels[~loose].rename("label"),
        None if groups is None else groups[~loose],
        tuple(rejected),
        _empty_folders(root, {name.parent for name in names}),
        by_file=group is None and groups is not None,
    )


def _groups(values: pd.Series, names: pd.Series, column: pd.Series | None) -> pd.Series | None:
    """Return which pictures belong together: by a column, or by file where one holds several.

    Slices of one volume are all but the same picture: one to learn from, the next to measure on
    would flatter. A picture that says no group belongs to its file; a file is its own group.
    """
    files = values.map(lambda value: getattr(value, "file", None) or None).astype(object)
    owners = files.where(files.notna(), names).map(printable)
    if column is not None:
        return column.astype(object).where(column.notna(), owners).map(printable)
    return owners.rename("file") if files.dropna().duplicated().any() else None


def _inside(value: Any, root: Path | None) -> PurePosixPath:
    """Return a picture's path inside its source, which alone can say its class."""
    return PurePosixPath(printable(_from_root(Path(str(value)), root).as_posix()))


def _from_root(path: Path, root: Path | None) -> Path:
    if root is not None and root.is_file():  # an archive, whose name comes first
        return Path(*path.parts[1:])
    return path.relative_to(root) if root is not None and root in path.parents else path


def _empty_folders(top: Path | None, filled: set[PurePosixPath]) -> tuple[str, ...]:
    if top is not None and is_zipfile(top):
        with ZipFile(top) as archive:
            folders = [PurePosixPath(e.filename) for e in archive.infolist() if e.is_dir()]
    elif top is not None and top.is_dir():
        found = (each.relative_to(top) for each in top.rglob("*") if each.is_dir())
        folders = [PurePosixPath(printable(each.as_posix())) for each in found]
    else:
        return ()
    # A folder above a class is no class.
    above = {parent for each in (*filled, *folders) for parent in each.parents}
    return tuple(
        sorted(
            each.name
            for each in folders
            if each not in filled | above
            and not any(part.startswith((".", "__MACOSX")) for part in each.parts)
        )
    )
