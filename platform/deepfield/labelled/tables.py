"""Labelled tables: the inputs, and a column that says what is true of each row."""

from __future__ import annotations

import pandas as pd

from deepfield.columns import fields_of
from deepfield.errors import InputError, UsageError
from deepfield.fields import Key
from deepfield.labelled.rows import Labelled
from deepfield.labelled.truth import Truth, words
from deepfield.sources import Source
from deepfield.sources.tables import TableSource
from deepfield.table import Rejected, Table

__all__ = ["from_table"]


def from_table(
    source: Source,
    inputs: Table,
    label: str | None,
    group: str | None,
    truth: Truth | None,
    needed: bool,
    further: bool,
) -> Labelled:
    """Read a table; the arguments are those of ``read_labelled``."""
    # Whoever names a column means the table's own name; it may have been found to be a field.
    fields = fields_of(source.columns)
    label, group = (name if name is None else fields.get(name, name) for name in (label, group))
    column: str | None = (truth.name if truth else "label") if label is None else label or None
    if needed and column is None:
        raise UsageError("Name the column of the labels: without them nothing can be compared.")
    _check_names(inputs, column, group, truth)
    chunks, rejected = [], []
    for chunk in source.chunks():
        rejected += chunk.rejected
        if len(chunk.rows.columns):
            chunks.append(chunk.rows)
    if not rejected and not any(map(len, chunks)):
        raise InputError(f"{source.name!r} has no rows.")
    frame = pd.concat(chunks) if chunks else pd.DataFrame()
    if not further:
        inputs.check_columns(frame.columns)
    if label is None and not needed and column not in frame.columns:
        column = None
    for name, meant in ((column, "label"), (group, "group")):
        if name is not None and name not in frame.columns:
            raise InputError(_lacks(source, frame, inputs, name, meant))
    # Rows that nobody knows the truth of are rejected, unless they are of use without it.
    apart = truth is None and not inputs.group_by and needed
    lacking = [name for name in (column if apart else None, group) if name is not None]
    empty = frame[lacking].isna() | (frame[lacking] == "")
    for name in lacking:
        first = empty[name] & ~empty[lacking[: lacking.index(name)]].any(axis=1)
        reason = f"column {name!r} is empty{_read_as_empty(source)}"
        rejected += [Rejected(int(number), source.name, reason) for number in frame.index[first]]
    frame = frame[~empty.any(axis=1)].copy(deep=False)
    labels = pd.Series(None, frame.index, dtype=object)
    if column is not None:
        labels = (
            truth.read(frame[column], source.name) if truth is not None else words(frame[column])
        )
        if needed and len(frame) and labels.isna().all():
            raise InputError(
                f"No row of {source.name!r} has a label: the column {column!r} is empty throughout."
            )
        if truth is not None:
            frame[truth.name] = truth.filled(labels)
    groups = None if group is None else words(frame[group]).rename("group")
    beside = {column, group} - set(inputs.names)
    kept = [name for name in frame.columns if name not in beside]
    if not further:
        kept = [name for name in inputs.names if name in frame.columns]
    return Labelled(source.name, frame[kept], labels.rename("label"), groups, tuple(rejected))


def _check_names(inputs: Table, column: str | None, group: str | None, truth: Truth | None) -> None:
    """Raise UsageError if a column cannot be what it is named for."""
    keys = {each.name for each in inputs if isinstance(each, Key)}
    known = {truth.name} if truth else set()
    for name, meant, may_be in ((column, "labels", known), (group, "groups", keys)):
        if name in inputs.names and name not in may_be:
            raise UsageError(f"The column {name!r} is an input and cannot hold the {meant}.")
    if group is not None and group == column:
        raise UsageError(f"The column {column!r} cannot hold both the labels and the groups.")


def _lacks(source: Source, frame: pd.DataFrame, inputs: Table, name: str, meant: str) -> str:
    others = [str(each) for each in frame.columns if each not in inputs.names]
    return (
        f"{source.name!r} has no column {name!r}. Name the column that holds the {meant} "
        f"of each row; beside the inputs there are: {', '.join(others[:30]) or 'none'}."
    )


def _read_as_empty(source: Source) -> str:
    if isinstance(source, TableSource) and source.path.suffix.lower() in (".csv", ".tsv"):
        return " (or NA, N/A, NaN or null, which are read as empty unless they stand in quotes)"
    return ""
