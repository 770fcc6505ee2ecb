"""Rows that have a history: gather what each takes from earlier ones, settle what all decide.

Here for rows that are in memory; ``staging`` does the same for any number of them.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from deepfield.errors import ContractError, InputError
from deepfield.predictor import Predictor
from deepfield.table import Table

__all__ = ["PERIODS", "check_gathered", "gathered", "gathered_for", "related", "settled"]

PERIODS = {"day": "D", "week": "W", "month": "M"}
"""What a predictor may name as its period, and what pandas calls it."""


def gathered(predictor: Predictor, inputs: Table, rows: pd.DataFrame, options: Any) -> pd.DataFrame:
    """Return checked rows, in their order, with what each takes from the rows before it."""
    if not inputs.group_by or rows.empty:
        return rows
    complete = rows
    for key in inputs.group_by:
        ordered = complete.sort_values([key, inputs.order_by], kind="stable")
        found = predictor.gather(ordered, key, options)
        check_gathered(predictor, key, ordered, found)
        complete = complete.join(found)
    return complete


def check_gathered(predictor: Predictor, key: str, rows: pd.DataFrame, found: pd.DataFrame) -> None:
    """Raise ContractError unless there is a gathered row for each row, under names of their own."""
    who = f"{type(predictor).__name__}.gather by {key!r}"
    if not found.index.equals(rows.index):
        raise ContractError(f"{who} broke its contract: not one row for each row, in order")
    taken = set(found.columns) & set(rows.columns)
    if taken:
        raise ContractError(f"{who}: the columns {sorted(taken)} are there already")


def settled(
    predictor: Predictor, inputs: Table, rows: pd.DataFrame, results: pd.DataFrame, options: Any
) -> pd.DataFrame:
    """Return results in their order, those of each period decided together."""
    period = predictor.period(options) if inputs.order_by else None
    if period is None or rows.empty:
        return results
    place = rows[inputs.order_by].dt.tz_localize(None).dt.to_period(PERIODS[period])
    parts = [
        predictor.settle(part, results.loc[part.index], options) for _, part in rows.groupby(place)
    ]
    return pd.concat(parts).loc[results.index]


def gathered_for(
    predictor: Predictor, inputs: Table, rows: pd.DataFrame, label: Hashable, options: Any
) -> pd.DataFrame:
    """Return one row, checked, with what it takes from its history among ``rows``.

    Args:
        rows: as they stand in results; only those that the row ``label`` depends on are read.

    Raises:
        InputError: if a column is missing or the row cannot be read; others are left out.
    """
    inputs.check_columns(rows.columns)
    needed = related(inputs, rows, label)
    checked = inputs.read(rows.loc[next(iter(needed.values()))])
    if label in checked.problems:
        raise InputError(f"Row {label!r}: {checked.problems[label]}.")
    complete = checked.rows
    for key, labels in needed.items():
        one = Table(*inputs.fields, group_by=key, order_by=inputs.order_by)
        complete = complete.loc[labels.intersection(complete.index)]
        complete = gathered(predictor, one, complete, options)
    return complete.loc[[label]]


def related(inputs: Table, rows: pd.DataFrame, label: Hashable) -> dict[str, pd.Index]:
    """Return for each key the labels of the rows that must be gathered by it, for one row.

    What was gathered by one key stands in the rows for the next: the rows of the last key are those
    that share it with the row, and each of them needs its history by the keys before.
    """
    found = rows.loc[[label]]
    needed = {}
    for key in reversed(inputs.group_by):
        found = rows[rows[key].isin(found[key].unique())]
        needed[key] = found.index
    return {key: needed[key] for key in inputs.group_by}
