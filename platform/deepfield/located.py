"""Paths in tables: the one picture that each stands for, and what its format puts beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from deepfield.formats import Format, Formats, single
from deepfield.table import Table

__all__ = ["column", "format_of", "located"]


def format_of(value: Any, formats: Formats) -> Format | None:
    """Return the format of the file that a cell names, if it is of one.

    A text is judged by its ending alone. A ``Path`` may be looked into: whoever made one of a text
    that a stranger wrote has seen to it that it leads nowhere else.
    """
    if isinstance(value, Path) and value.is_file():
        return formats.of(value)
    return formats.of_name(str(value)) if isinstance(value, str | Path) else None


def located(
    rows: pd.DataFrame,
    inputs: Table,
    formats: Formats,
    options: Mapping[str, Any],
    beside: Iterable[Format] = (),
) -> pd.DataFrame:
    """Return rows with the one picture of each file of a format in the place of its path.

    Args:
        options: how the files are to be read.
        beside: formats whose columns are added, empty where a row is of none of them. A column of
            that name which the table has itself stays as it is.
    """
    image = inputs.image.name if inputs.image else None
    if not formats.all or image not in rows.columns:
        return rows
    parsed = formats.parse(options)
    values = [
        value
        if (format := format_of(value, formats)) is None
        else single(format, Path(value), parsed[format.name])
        for value in rows[image]
    ]
    rows = rows.assign(**{str(image): pd.Series(values, rows.index, dtype=object)})
    for each in beside:
        for name, kind in each.columns(parsed[each.name]).items():
            if name not in rows.columns:
                rows[name] = column(values, name, rows.index, kind)
    return rows


def column(values: Sequence[Any], name: str, index: pd.Index, kind: str) -> pd.Series:
    """Return what stands beside pictures under a name that their format announces."""
    known = [getattr(value, "columns", {}).get(name) for value in values]
    return pd.Series(known, index, dtype=kind)
