"""Which column of a person's table fills which field: by name, by an obvious guess, or as said."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from deepfield.errors import UsageError
from deepfield.fields import quoted
from deepfield.table import Table, how_to_map

__all__ = [
    "fields_of",
    "in_their_words",
    "listed",
    "match_columns",
    "named_as",
    "read_columns",
    "renamed",
]


def read_columns(entries: Iterable[str]) -> dict[str, str]:
    """Return field -> column from ``FIELD=COLUMN`` entries; an empty column leaves a field out.

    Raises:
        UsageError: if an entry is none, or says twice what one field is.
    """
    found: dict[str, str] = {}
    for entry in entries:
        field, equals, column = (part.strip() for part in entry.partition("="))
        if not (field and equals):
            raise UsageError(f"{quoted(entry)} is not FIELD=COLUMN, such as amount=TX_AMOUNT.")
        if field in found:
            raise UsageError(
                f"The field {quoted(field)} is mapped twice, to {quoted(found[field])} and to "
                f"{quoted(column)}; name one column."
            )
        found[field] = column
    return found


def match_columns(
    found: Iterable[Any],
    inputs: Table,
    asked: Mapping[str, str] | None = None,
    whole: bool = False,
) -> dict[str, str]:
    """Return field -> column for each field whose column is called otherwise.

    A field takes the column of its own name; else one that bears that name or an alias but for case
    and punctuation, earlier aliases first. What is asked for comes before both.

    Args:
        found: the table's columns.
        asked: field -> column; an empty column leaves the field out.
        whole: guess only if every required field is then filled: a table that lacks some is of
            another kind, and what its columns mean is not for a guess.

    Raises:
        UsageError: if what is asked for is no field or no column, or takes one column twice; or if
            two columns could be a required field.
    """
    columns = [str(name) for name in found]
    mapped = dict(asked or {})
    _check(mapped, columns, inputs)
    taken = set(mapped.values())
    open_fields = []
    for each in inputs:
        if each.name in mapped:
            continue
        if each.name in columns and each.name not in taken:
            taken.add(each.name)
        else:
            open_fields.append(each)
    guessed: dict[str, str] = {}
    for each in open_fields:
        for alias in (each.name, *each.aliases):
            alike = [name for name in columns if name not in taken and _bare(name) == _bare(alias)]
            if len(alike) > 1 and each.required and not whole:
                raise UsageError(
                    f"The columns {' and '.join(map(quoted, alike))} could each be {each.name!r}; "
                    f"say which: {how_to_map(each.name, alike[0])}."
                )
            if len(alike) == 1:
                guessed[each.name] = alike[0]
                taken.add(alike[0])
                break
    lacking = [each for each in open_fields if each.required and each.name not in guessed]
    return mapped if whole and lacking else {**mapped, **guessed}


def renamed(rows: pd.DataFrame, mapped: Mapping[str, str]) -> pd.DataFrame:
    """Return rows whose columns are called like the fields that they fill."""
    if not mapped:
        return rows
    fields = fields_of(mapped)
    gone = [
        name for name in rows.columns if str(name) in mapped and str(name) not in mapped.values()
    ]
    if gone:
        rows = rows.drop(columns=gone)
    return rows.rename(columns=lambda name: fields.get(str(name), name))


def named_as(inputs: Table, mapped: Mapping[str, str]) -> Table:
    """Return the table that finds again the columns which filled its fields before."""
    return inputs.replace(
        *(
            replace(each, aliases=(mapped[each.name], *each.aliases))
            for each in inputs
            if mapped.get(each.name)
        )
    )


def fields_of(mapped: Mapping[str, str]) -> dict[str, str]:
    """Return column -> field."""
    return {column: field for field, column in mapped.items() if column}


def listed(mapped: Mapping[str, str]) -> str:
    """Return a mapping as a person reads it."""
    return ", ".join(f"{field} = {column or 'none'}" for field, column in mapped.items())


def in_their_words(sentence: str, mapped: Mapping[str, str]) -> str:
    """Return what a table says of a row with the column named as in the person's own."""
    for field, column in mapped.items():
        start = f"column {field!r} "
        if column and sentence.startswith(start):
            return f"column {column!r} ({field}) {sentence.removeprefix(start)}"
    return sentence


def _check(mapped: Mapping[str, str], columns: list[str], inputs: Table) -> None:
    """Raise UsageError unless a mapping can be followed."""
    used: dict[str, str] = {}
    for field, column in mapped.items():
        if field not in inputs.names:
            raise UsageError(
                f"No field {quoted(field)} to map a column to{_meant(field, inputs.names)}; "
                f"there are: {', '.join(inputs.names)}."
            )
        if not column:
            continue
        if column not in columns:
            raise UsageError(
                f"No column {quoted(column)} to be {field!r}{_meant(column, columns)}; "
                f"found: {', '.join(columns[:30]) or 'none'}."
            )
        if column in used:
            raise UsageError(
                f"The column {quoted(column)} cannot be both {used[column]!r} and {field!r}; map "
                "it once."
            )
        used[column] = field


def _meant(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _bare(name: str) -> str:
    """Return a name without what does not count: case, blanks and punctuation."""
    return re.sub(r"[\W_]+", "", name).lower()
