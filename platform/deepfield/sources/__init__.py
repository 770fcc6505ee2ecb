"""Where rows come from: files, folders, globs, archives, tables and DataFrames."""

from __future__ import annotations

from collections.abc import Mapping
from glob import glob, has_magic
from pathlib import Path
from typing import Any

import pandas as pd

from deepfield.errors import InputError, UsageError
from deepfield.formats import Formats
from deepfield.sources.archive import members
from deepfield.sources.pictures import PictureSource
from deepfield.sources.source import Chunk, Source
from deepfield.sources.tables import READERS, FrameSource, TableSource
from deepfield.table import Table

__all__ = ["Chunk", "Source", "open_source"]


def open_source(
    what: Any,
    inputs: Table,
    formats: Formats | None = None,
    options: Mapping[str, Any] | None = None,
    columns: Mapping[str, str] | None = None,
    whole: bool = False,
) -> Source:
    """Find out what ``what`` is and return a source of rows for ``inputs``.

    Args:
        what: a DataFrame, a list of records, a path (picture, folder, zip archive, .csv, .tsv,
            .parquet, .jsonl), a glob, or a list of picture paths.
        inputs: the table to be filled. If it has one picture column, pictures fill it.
        formats: of files that may hold several pictures; each is a row.
        options: how these are to be read.
        columns: field -> column of a table, where they are called otherwise and that is not
            obvious.
        whole: guess what columns mean only if all that is required is then there.

    Raises:
        InputError: if nothing is there, or nothing in it is of use.
        UsageError: if it is of a kind that cannot fill ``inputs``, or an option or column is wrong.
    """
    formats, options = formats or Formats(), options or {}
    if isinstance(what, Source):
        beside = [*options, *(["columns"] if columns else [])]
        if beside:
            raise UsageError(f"The source is open already; open it with {', '.join(beside)}.")
        return what
    formats.parse(options)  # a wrong one is said, even where nothing is read by it

    def pictures(files: list[Path], name: str) -> Source:
        # Files named one by one are all rows, whatever their ending: a person meant each of them.
        _refuse(columns, name)
        return PictureSource(files, name, _image_name(inputs, name), formats, options)

    if isinstance(what, list | tuple) and what and isinstance(what[0], dict):
        what = pd.DataFrame(what)
    if isinstance(what, pd.DataFrame):
        return FrameSource(what, "DataFrame", inputs, formats, options, columns, whole)
    if isinstance(what, list | tuple) and all(isinstance(each, str | Path) for each in what):
        return pictures([Path(each) for each in what], f"{len(what)} files")
    if not isinstance(what, str | Path):
        raise UsageError(
            f"Cannot read rows from {type(what).__name__}: "
            "give a path, a glob, a list of paths or a DataFrame."
        )
    try:
        path = Path(what).expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{str(what)[:100]!r} is no path: {error}.") from error
    if not path.exists() and has_magic(str(path)):
        # Path.glob takes no absolute pattern.
        found = sorted(Path(each) for each in glob(str(path), recursive=True))  # noqa: PTH207  (as said)
        files = [each for each in found if each.is_file()]
        if not files:
            folders = f"; it matches the folder {str(found[0])!r}" if found else ""
            raise InputError(f"No file matches {str(what)!r}{folders}.")
        return pictures(files, str(what))
    if not path.exists():
        raise InputError(f"No file or folder {str(what)!r}.")
    if path.is_dir() or path.suffix.lower() == ".zip":
        _refuse(columns, path)
    if path.is_dir():
        image = _image_name(inputs, path)
        files = sorted(
            each
            for each in path.rglob("*")
            if each.is_file()
            and not any(part.startswith(".") for part in each.relative_to(path).parts)
        )
        return PictureSource.choose(files, str(path), image, formats, options)
    suffix = path.suffix.lower()
    if suffix in READERS:
        return TableSource(path, inputs, formats, options, columns, whole)
    if suffix == ".zip":
        image = _image_name(inputs, path)
        return PictureSource.choose(members(path), str(path), image, formats, options)
    if formats.takes(path):
        return pictures([path], str(path))
    raise UsageError(
        f"{str(what)!r} is of no known kind. Tables: {', '.join(READERS)}"
        + (f". Pictures: {', '.join(formats.suffixes)}, folders and .zip." if inputs.image else ".")
    )


def _refuse(columns: Mapping[str, str] | None, what: object) -> None:
    if columns:
        raise UsageError(
            f"{str(what)!r} holds pictures; there are no columns to map {', '.join(columns)} to."
        )


def _image_name(inputs: Table, what: object) -> str:
    if inputs.image is None:
        raise UsageError(
            f"{str(what)!r} would be read as pictures, and this domain takes a table "
            f"with the columns {', '.join(inputs.names)} ({', '.join(READERS)})."
        )
    return inputs.image.name
