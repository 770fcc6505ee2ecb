"""Pictures with the lines that are in them: label files, or a table.

A line is its x at given heights of the picture, negative where it has none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepfield.errors import InputError, UsageError
from deepfield.fields import Image, quoted
from deepfield.formats import Formats
from deepfield.labelled.label_files import Entry, label_entries
from deepfield.labelled.reading import read_labelled
from deepfield.labelled.rows import Labelled
from deepfield.located import located
from deepfield.table import Rejected, Table

__all__ = ["LabelledLines", "Lines", "read_labelled_lines", "read_lines"]

LANES, HEIGHTS = "lanes", "h_samples"


@dataclass(frozen=True)
class Lines:
    """The lines of one picture."""

    x: np.ndarray
    """(lines, heights), negative where a line has no point; each has one somewhere."""
    heights: np.ndarray
    """(heights,)"""
    empty: int = 0
    """Lines that were labelled and have no point anywhere: they are none, and left out."""


@dataclass(frozen=True)
class LabelledLines:
    """Pictures, and the lines that are in each."""

    name: str
    """What a person would call the source."""
    rows: pd.DataFrame
    """The input columns, with the row numbers as index."""
    lines: dict[int, Lines]
    """By row number."""
    shown: pd.Series
    """What a person calls each picture, with the same index."""
    groups: pd.Series | None
    """Which pictures belong together: text, with the same index."""
    rejected: tuple[Rejected, ...] = ()


def read_labelled_lines(
    what: Any,
    inputs: Table,
    image: Image,
    *,
    group: str | None = None,
    shown_as: str | None = None,
    formats: Formats | None = None,
    reading: Mapping[str, Any] | None = None,
    columns: Mapping[str, str] | None = None,
) -> LabelledLines:
    """Read pictures and the lines that are in them.

    Args:
        what: a label file (JSON Lines of ``raw_file``, ``lanes`` and ``h_samples``; the pictures
            from its own folder on), a folder or .zip that holds such, or a table or DataFrame with
            a column of pictures, ``lanes`` and ``h_samples``.
        image: the input that the lines lie over.
        group: a column, or a key of label files, that says what belongs together.
        shown_as: what a person calls the source, if not by its path.
        columns: field -> column of a table, where that is not obvious.

    Raises:
        InputError: if nothing is there, or no row tells the lines of a picture.
        UsageError: if columns are named where there are none.
    """
    formats, reading = formats or Formats(), reading or {}
    entries = label_entries(what, image.name)
    if entries is None:
        name, entries = _from_table(what, inputs, image, group, shown_as, formats, reading, columns)
    else:
        name = shown_as or str(what)
        if columns:
            raise UsageError(f"{name!r} is no table; there are no columns to map.")
    if not entries:
        raise InputError(f"{name!r} is empty: no line of it tells the lines of a picture.")
    if group is not None and not any(group in each.values for each in entries):
        there = dict.fromkeys(str(key) for each in entries[:100] for key in each.values)
        others = [key for key in there if key not in (LANES, HEIGHTS, *inputs.names)]
        raise InputError(
            f"{name!r} has no column {group!r} of groups. There are: {', '.join(others) or 'none'}."
        )
    return _checked(name, entries, inputs, image, group, formats, reading)


def read_lines(values: Mapping[str, Any]) -> Lines:
    """Return the lines of one picture from ``lanes`` and ``h_samples``, or JSON text of these.

    Raises:
        InputError: if they are not there, or not of the same length; the sentence goes on from the
            picture's name.
    """
    missing = next((key for key in (LANES, HEIGHTS) if key not in values), None)
    if missing:
        raise InputError(f"has no {missing!r}")
    heights = _numbers(HEIGHTS, _plain(values[HEIGHTS]))
    if not len(heights):
        raise InputError(f"has no height in {HEIGHTS!r}")
    found = _plain(values[LANES])
    if not isinstance(found, list | tuple | np.ndarray):
        raise InputError(f"holds {quoted(found)} in {LANES!r}, which is no list of lines")
    lines = [_numbers(f"line {place}", each) for place, each in enumerate(found, 1)]
    for place, each in enumerate(lines, 1):
        if len(each) != len(heights):
            raise InputError(
                f"has {len(each)} values in line {place}, and {len(heights)} in {HEIGHTS!r}"
            )
    x = np.array(lines).reshape(len(lines), len(heights))
    there = (x >= 0).any(axis=1)
    return Lines(x[there], heights, int((~there).sum()))


def _from_table(
    what: Any,
    inputs: Table,
    image: Image,
    group: str | None,
    shown_as: str | None,
    formats: Formats,
    reading: Mapping[str, Any],
    columns: Mapping[str, str] | None,
) -> tuple[str, list[Entry]]:
    read: Labelled = read_labelled(
        what,
        inputs,
        "",
        None,
        shown_as,
        formats,
        reading,
        columns=columns,
        needed=False,
        further=True,
    )
    inputs.check_columns(read.rows.columns)
    for name in (LANES, HEIGHTS):
        if name not in read.rows.columns:
            raise InputError(
                f"{read.name!r} has no column {name!r}: the lines of each picture are told by "
                f"{LANES!r}, a list of x for each line, and {HEIGHTS!r}, the heights of these."
            )
    entries = [
        Entry(int(number), image.show(row[image.name]), _by_name(row), row[image.name])
        for number, (_, row) in zip(read.rows.index, read.rows.iterrows(), strict=True)
    ]
    entries += [Entry(each.row, each.source, reason=each.reason) for each in read.rejected]
    return read.name, entries


def _checked(
    name: str,
    entries: list[Entry],
    inputs: Table,
    image: Image,
    group: str | None,
    formats: Formats,
    reading: Mapping[str, Any],
) -> LabelledLines:
    """Set aside what tells no lines, has no picture, or names one again."""
    lines: dict[int, Lines] = {}
    kept: list[Entry] = []
    rejected: list[Rejected] = []
    taken: dict[str, int] = {}
    for each in entries:
        try:
            if each.reason:
                raise InputError(each.reason)
            found = read_lines(each.values)
            if group is not None and _is_empty(each.values.get(group)):
                raise InputError(f"has no {group!r}")
            if each.shown in taken:
                raise InputError(f"is labelled in row {taken[each.shown]} already")
        except InputError as error:
            rejected.append(Rejected(each.row, each.shown, str(error)))
            continue
        if isinstance(each.picture, str | Path):  # what lies in memory has no name of its own
            taken[each.shown] = each.row
        lines[each.row] = found
        kept.append(each)
    if not kept:
        first = rejected[0]
        raise InputError(
            f"No row of {name!r} tells the lines of a picture. The first, {first.source}, "
            f"{first.reason}."
        )
    numbers = pd.Index([each.row for each in kept])
    rows = pd.DataFrame(
        {
            field: pd.Series(
                [each.picture if field == image.name else each.values.get(field) for each in kept],
                numbers,
                dtype=object,
            )
            for field in inputs.names
            if field == image.name or any(field in each.values for each in kept)
        }
    )
    groups = [str(each.values[group]) for each in kept] if group is not None else None
    return LabelledLines(
        name,
        located(rows, inputs, formats, reading),
        lines,
        pd.Series([each.shown for each in kept], numbers, dtype=object),
        None if groups is None else pd.Series(groups, numbers, dtype=object),
        tuple(rejected),
    )


def _by_name(row: pd.Series) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


def _plain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise InputError(f"holds {quoted(value)}, which is no JSON") from error


def _numbers(what: str, values: Any) -> np.ndarray:
    try:
        found = np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"holds {quoted(values)} in {what}, which are no numbers") from error
    if found.ndim != 1 or not np.isfinite(found).all():
        raise InputError(f"holds {quoted(values)} in {what}, which are no numbers")
    return found


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and np.isnan(value))
