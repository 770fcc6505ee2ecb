"""A person's own table: which of its columns are transactions', and what the others hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from deepfield.domain import TRUST
from deepfield.errors import InputError, UsageError
from deepfield.fields import Boolean, Category, Field, Key, Number
from deepfield.table import Table
from deepfield_fraud_detection import FraudDetection

__all__ = ["inputs_of", "read_inputs", "table_of", "write_inputs"]

LOOKED_AT = 20_000
"""Rows from which the kind of a column is told."""
NUMBERS = 0.98
"""Share of a column's texts that are numbers, from which it is one of numbers."""
NAMES = 0.5
"""Share of different values from which a column of texts names rows rather than describes them."""


def inputs_of(inputs: Table, sample: pd.DataFrame) -> Table:
    """Return the fields to read a table by: the transaction's that it has, and its own.

    A column of texts that are all but all different says nothing of other rows; it is left out, and
    so are moments other than the transaction's.

    Raises:
        UsageError: if a column bears the name of a result.
        InputError: if nothing in the table tells one row from another.
    """
    taken = {*FraudDetection.outputs.names, *TRUST, "confidence", "trust", "row"}
    fields: list[Field] = [each for each in inputs if each.name in sample.columns]
    for name in map(str, sample.columns):
        if name in inputs.names:
            continue
        if name in taken:
            raise UsageError(
                f"The column {name!r} bears the name of a result; rename it, or leave it out."
            )
        kind = _kind(sample[name].dropna().iloc[:LOOKED_AT])
        if kind is not None:
            fields.append(kind(name, required=False))
    if all(isinstance(each, Key | Boolean) or each.name == "currency" for each in fields):
        raise InputError(
            "There is no column to learn from: give an amount, a time, or columns of numbers or of "
            f"words that come again. Found: {', '.join(map(str, sample.columns)) or 'none'}."
        )
    return table_of(fields)


def table_of(fields: Sequence[Field]) -> Table:
    """Return a table that groups by the keys it has, if it has the time that orders them.

    Rows with a history take from it what came out of older ones, so it has the truth as well.
    """
    names = {each.name for each in fields}
    keys = [name for name in FraudDetection.inputs.group_by if name in names]
    if "time" not in names:
        return Table(*fields)
    truth = [each for each in FraudDetection.inputs if keys and each.name == FraudDetection.truth]
    known = [each for each in truth if each.name not in names]
    return Table(*fields, *known, group_by=keys, order_by="time")


def write_inputs(inputs: Table | None) -> list[dict[str, Any]] | None:
    """Return fields as plain values, for a model's ``config.json``; None for the domain's own."""
    if inputs is None:
        return None
    own = set(FraudDetection.inputs.names)
    return [
        {"name": each.name}
        if each.name in own
        else {"name": each.name, "kind": "number" if isinstance(each, Number) else "category"}
        for each in inputs
    ]


def read_inputs(values: Sequence[Mapping[str, Any]] | None) -> Table | None:
    """Return what ``write_inputs`` wrote; None for the domain's own inputs."""
    if values is None:
        return None
    known = {each.name: each for each in FraudDetection.inputs}
    kinds = {"number": Number, "category": Category}
    return table_of(
        [
            known[each["name"]]
            if "kind" not in each
            else kinds[each["kind"]](each["name"], required=False)
            for each in values
        ]
    )


def _kind(values: pd.Series) -> type[Number] | type[Category] | None:
    if values.empty or pd.api.types.is_datetime64_any_dtype(values):
        return None
    if pd.api.types.is_bool_dtype(values):
        return Category
    if pd.api.types.is_numeric_dtype(values):
        return Number
    if pd.to_numeric(values.astype(str), errors="coerce").notna().mean() >= NUMBERS:
        return Number
    return None if values.nunique() > max(NAMES * len(values), 20) else Category
