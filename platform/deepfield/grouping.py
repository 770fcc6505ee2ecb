"""Rows that have a history: gather what each takes from earlier ones, settle what all decide.

Here for rows that are in memory; ``staging`` does the same for any number of them, and ``past``
for a few new rows after many old ones.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from deepfield.errors import ContractError, InputError
from deepfield.fields import Image, printable
from deepfield.predictor import Predictor
from deepfield.table import Table

__all__ = [
    "answered",
    "check_gathered",
    "gathered",
    "gathered_by",
    "gathered_for",
    "gathered_in_order",
    "looked_at",
    "periods",
    "related",
    "settled",
    "settled_period",
    "typed",
    "up_to_new",
    "whole_groups",
]

PERIODS = {"day": "D", "week": "W", "month": "M"}
"""What a predictor may name as its period, and what pandas calls it."""

KINDS: dict[pa.DataType, Any] = {
    pa.string(): pd.StringDtype(na_value=np.nan),
    pa.bool_(): pd.BooleanDtype(),
    pa.float64(): np.dtype("float64"),
    pa.timestamp("us", tz="UTC"): pd.DatetimeTZDtype("us", "UTC"),
}
"""How a column of each type reaches a predictor that gathers, wherever it was read."""


def typed(inputs: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Return checked rows with the one pandas type that belongs to each field.

    What is empty is NaN in numbers and words, NaT in times and NA in what is true or false.
    """
    changed = {}
    kinds = dict(zip(rows.columns, rows.dtypes, strict=True))
    for each in inputs:
        kind = KINDS.get(each.arrow)
        if each.name not in kinds or kind is None or isinstance(each, Image):
            continue
        if kinds[each.name] != kind:
            column = rows[each.name]
            try:
                changed[each.name] = column.astype(kind)
            except UnicodeEncodeError:  # half a character, as JSON may hold it
                changed[each.name] = column.map(printable, na_action="ignore").astype(kind)
    return rows.assign(**changed) if changed else rows


def gathered(predictor: Predictor, inputs: Table, rows: pd.DataFrame, options: Any) -> pd.DataFrame:
    """Return checked rows, in their order, with what each takes from the rows before it."""
    if not inputs.group_by or rows.empty:
        return rows
    if inputs.answer_per:
        return whole_groups(inputs, rows)
    # By place: the labels of a person's frame need not be unlike each other.
    complete = typed(inputs, rows).set_axis(pd.RangeIndex(len(rows)), axis=0)
    for key in inputs.group_by:
        complete = complete.join(gathered_by(key, predictor, inputs, complete, options))
    return complete.set_axis(rows.index, axis=0)


def whole_groups(inputs: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Return checked rows of a table that is answered per group: group by group, each in order."""
    names = [inputs.answer_per, *(name for name in [inputs.order_by] if name in rows.columns)]
    return typed(inputs, rows).sort_values(names, kind="stable")


def answered(inputs: Table, rows: pd.DataFrame) -> pd.Index:
    """Return the labels of the rows that get an answer; of whole groups the last of each."""
    if not inputs.answer_per or rows.empty:
        return rows.index
    keys = rows[inputs.answer_per]
    return rows.index[(keys != keys.shift(-1)).to_numpy(dtype=bool)]


def up_to_new(inputs: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Return whole groups up to the last new row of each, whose numbers are above nothing.

    What an earlier table says of later moments is no history; a group without a new row is left
    out, for nobody asks about it.
    """
    keys = rows[inputs.answer_per]
    new = pd.Series(rows.index > 0, rows.index)
    return rows[new[::-1].groupby(keys[::-1], sort=False).cummax()[::-1].to_numpy(dtype=bool)]


def gathered_by(
    key: str, predictor: Predictor, inputs: Table, rows: pd.DataFrame, options: Any
) -> pd.DataFrame:
    """Return what typed rows take from those that share one key; the index tells whose it is."""
    ordered = rows.sort_values([key, inputs.order_by], kind="stable")
    return gathered_in_order(key, predictor, inputs, ordered, options)


def gathered_in_order(
    key: str, predictor: Predictor, inputs: Table, rows: pd.DataFrame, options: Any
) -> pd.DataFrame:
    """Return what typed rows, sorted by a key and its order, take from those that share it."""
    names = looked_at(key, predictor, inputs)
    seen = rows if names is None else rows[[name for name in rows.columns if name in names]]
    found = predictor.gather(seen, key, options)
    check_gathered(predictor, key, rows, found)
    return found


def looked_at(key: str, predictor: Predictor, inputs: Table) -> set[str] | None:
    """Return the columns that a predictor gathers from by a key; None: any of them."""
    names = predictor.gathers_from(key)
    return None if names is None else {key, inputs.order_by, *names}


def check_gathered(predictor: Predictor, key: str, rows: pd.DataFrame, found: pd.DataFrame) -> None:
    """Raise ContractError unless there are numbers for each row, under names of their own."""
    who = f"{type(predictor).__name__}.gather by {key!r}"
    if not found.index.equals(rows.index):
        raise ContractError(f"{who} broke its contract: not one row for each row, in order")
    taken = set(found.columns) & set(rows.columns)
    if taken:
        raise ContractError(f"{who}: the columns {sorted(taken)} are there already")
    for kind in set(found.dtypes):
        if not (isinstance(kind, np.dtype) and kind.kind in "fiub"):
            name = found.columns[found.dtypes == kind][0]
            raise ContractError(f"{who}: the column {name!r} is {kind}, not numbers of numpy's")


def periods(inputs: Table, rows: pd.DataFrame, period: str) -> pd.Series:
    """Return which day, week or month each row falls in, as a number that rises with time."""
    if period not in PERIODS:
        raise ContractError(f"No period {period!r}: a predictor names {', '.join(PERIODS)} or none")
    times = typed(inputs, rows)[inputs.order_by]
    places = times.dt.tz_localize(None).dt.to_period(PERIODS[period])
    return pd.Series(pd.PeriodIndex(places).asi8, index=rows.index)


def settled(
    predictor: Predictor, inputs: Table, rows: pd.DataFrame, results: pd.DataFrame, options: Any
) -> pd.DataFrame:
    """Return results in their order, those of each period decided together."""
    period = predictor.period(options) if inputs.order_by else None
    if period is None or rows.empty:
        return results
    by_place = pd.RangeIndex(len(rows))
    numbered, answers = typed(inputs, rows).set_axis(by_place), results.set_axis(by_place)
    parts = [
        settled_period(predictor, part, answers.loc[part.index], options)
        for _, part in numbered.groupby(periods(inputs, numbered, period))
    ]
    return pd.concat(parts).loc[by_place].set_axis(rows.index)


def settled_period(
    predictor: Predictor, rows: pd.DataFrame, results: pd.DataFrame, options: Any
) -> pd.DataFrame:
    """Return the results of one period as the predictor settles them, held to its contract."""
    found = predictor.settle(rows, results, options)
    if not found.index.equals(results.index) or set(results.columns) - set(found.columns):
        raise ContractError(
            f"{type(predictor).__name__}.settle broke its contract: not the same rows and columns"
        )
    return found[list(results.columns)]


def gathered_for(
    predictor: Predictor, inputs: Table, rows: pd.DataFrame, label: Hashable, options: Any
) -> pd.DataFrame:
    """Return one row, checked, with what it takes from its history among ``rows``.

    Args:
        rows: as they stand in results; only those that the row ``label`` depends on are read.

    Where whole groups are answered, the row is the last of its own, and all of it is returned.

    Raises:
        InputError: if a column is missing or the row cannot be read; others are left out.
    """
    inputs.check_columns(rows.columns)
    needed = related(inputs, rows, label)
    checked = inputs.read(rows.loc[next(iter(needed.values()))])
    if label in checked.problems:
        raise InputError(f"Row {label!r}: {checked.problems[label]}.")
    complete = checked.rows
    if inputs.answer_per:
        return whole_groups(inputs, complete)
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
