"""Read a labelled source, whatever it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from glob import has_magic
from pathlib import Path
from typing import Any

from deepfield.domain import changed_options
from deepfield.errors import InputError
from deepfield.fields import printable
from deepfield.formats import Formats
from deepfield.labelled.folders import from_folders
from deepfield.labelled.rows import Labelled
from deepfield.labelled.tables import from_table
from deepfield.labelled.truth import Truth
from deepfield.sources import open_source
from deepfield.sources.tables import FrameSource, TableSource
from deepfield.table import Table

__all__ = ["find_path", "read_labelled", "read_unlabelled"]


def find_path(what: str | Path) -> Path:
    """Return a path that a person named; say at once, before a model is loaded, if it is not there.

    Raises:
        InputError: if nothing lies there and it is no glob.
    """
    try:
        path = Path(what).expanduser()
        there = path.exists() or has_magic(str(path))
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{str(what)[:100]!r} is no path: {error}.") from error
    if not there:
        raise InputError(f"No file or folder {str(what)!r}.")
    return path


def read_labelled(
    what: Any,
    inputs: Table,
    label: str | None = None,
    group: str | None = None,
    shown_as: str | None = None,
    formats: Formats | None = None,
    reading: Mapping[str, Any] | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    truth: Truth | None = None,
    needed: bool = True,
    further: bool = False,
) -> Labelled:
    """Read a labelled source.

    Args:
        what: a folder or .zip with a folder for each class, a glob or list of pictures in such
            folders, a table with a column of labels, or a DataFrame.
        label: the column of labels, for tables; None: the input that holds the truth, or
            ``label``; empty: there is none.
        group: a column that says which rows belong together: of a table, or one that a format
            gives, such as a scan's study.
        shown_as: what a person calls the source, if not by its path.
        formats: of files that may hold several pictures.
        reading: how these are to be read.
        columns: field -> column of a table, where that is not obvious.
        truth: the input that holds the truth, if one does. It is filled from the labels, which
            may be empty where nobody knows: such rows are others' history.
        needed: whether there must be labels; if not, rows may be without.
        further: whether to keep a table's columns that are no inputs, and to do without inputs
            that it lacks: see ``Labelled.of``.

    Raises:
        InputError: if nothing is there, or nothing says what is true of the rows.
        UsageError: if a column is named that cannot be what it is named for.
    """
    formats = formats or Formats()
    source = open_source(what, inputs, formats, reading, columns, whole=further)
    source.name = printable(shown_as or source.name)
    if isinstance(source, FrameSource | TableSource):
        found = from_table(source, inputs, label, group, truth, needed, further)
    else:
        root = Path(what).expanduser() if isinstance(what, str | Path) else None
        found = from_folders(source, inputs, root, group)
    parsed = formats.parse(reading or {})
    said = {name: each for kind in parsed.values() for name, each in changed_options(kind).items()}
    return replace(found, reading=said, columns=source.columns)


def read_unlabelled(
    what: Any,
    inputs: Table,
    shown_as: str | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    further: bool = False,
) -> Labelled:
    """Read a table whose rows are their own truth: no column is asked for beside the inputs.

    The arguments are those of ``read_labelled``; no label of what comes back is known.

    Raises:
        InputError: if nothing is there, or an input is missing.
    """
    return read_labelled(
        what, inputs, "", None, shown_as, columns=columns, needed=False, further=further
    )
