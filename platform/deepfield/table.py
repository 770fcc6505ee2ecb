"""A named set of fields: what a domain takes in, or gives back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa

from deepfield.errors import ContractError, InputError
from deepfield.fields import Field, Image, Key, Number, Timestamp
from deepfield.frames import framed

__all__ = ["Checked", "Rejected", "Table", "how_to_map"]


@dataclass(frozen=True)
class Rejected:
    """A row that was set aside, and why."""

    row: int
    """Its place in the source, from 1."""
    source: str
    reason: str


@dataclass(frozen=True)
class Checked:
    """The rows that can be read, and a reason for each that cannot."""

    rows: pd.DataFrame
    problems: dict[Any, str]
    """Index label -> sentence."""


class Table:
    """Fields in order, each with a name of its own.

    Rows may have a history: with ``group_by`` the rows that share a key's value belong together,
    in the order of the field ``order_by``. See ``Predictor.gather``.

    Or a whole history has one answer: with ``answer_per`` the rows that share that key's value are
    answered once, at the last of them, and the others are what it is answered from. What orders
    them need then not be required: a table without it stands in order already.
    """

    def __init__(
        self,
        *fields: Field,
        group_by: str | Sequence[str] = (),
        order_by: str = "",
        answer_per: str = "",
    ) -> None:
        if answer_per and group_by:
            raise ContractError("A table that is answered per group says so alone: no group_by")
        self.fields = fields
        group_by = answer_per or group_by
        keys = (group_by,) if isinstance(group_by, str) else tuple(group_by)
        self.group_by = tuple(filter(None, keys))
        self.order_by = order_by
        self.answer_per = answer_per
        names = [each.name for each in fields]
        for name in names:
            if not name or names.count(name) > 1:
                raise ContractError(f"A table names each field once; {name!r} does not stand alone")
        if self.group_by and not order_by:
            raise ContractError("A table that groups rows also says what orders them: order_by")
        for name in (*self.group_by, *filter(None, [order_by])):
            if name not in names:
                raise ContractError(
                    f"{name!r} is no field of the table that groups or orders by it"
                )
            optional = bool(answer_per) and name == order_by
            if not fields[names.index(name)].required and not optional:
                raise ContractError(f"Rows are grouped or ordered by {name!r}; require it")
        if order_by and not isinstance(fields[names.index(order_by)], Number | Timestamp):
            raise ContractError(f"{order_by!r} orders rows and is neither a time nor a number")

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __repr__(self) -> str:
        return f"Table({', '.join(repr(each) for each in self.fields)})"

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.fields]

    @property
    def image(self) -> Image | None:
        """Return the one field that is a picture, if there is just one."""
        images = [each for each in self.fields if isinstance(each, Image)]
        return images[0] if len(images) == 1 else None

    @property
    def unique(self) -> list[str]:
        """Return the keys that each name one row."""
        return [each.name for each in self.fields if isinstance(each, Key) and each.unique]

    def replace(self, *fields: Field) -> Table:
        """Return this table with the fields of the same names in place of its own."""
        new = {each.name: each for each in fields}
        replaced = (new.get(each.name, each) for each in self.fields)
        return Table(
            *replaced,
            group_by=() if self.answer_per else self.group_by,
            order_by=self.order_by,
            answer_per=self.answer_per,
        )

    def decided(self, rows: pd.DataFrame) -> Table:
        """Return the table that reads rows which begin so: each column in one way throughout.

        A frame that is read whole needs no such thing; pieces of one source do.
        """
        decided = (
            each.decided(rows[each.name]) if each.name in rows.columns else each
            for each in self.fields
        )
        return self.replace(*decided)

    def check_columns(self, found: Iterable[str]) -> None:
        """Raise InputError unless every required column is there, and each that is read once."""
        columns = [str(name) for name in found]
        twice = next((each for each in self.names if columns.count(each) > 1), None)
        if twice is not None:
            raise InputError(f"The column {twice!r} is there twice; rename one, or leave it out.")
        missing = [each.name for each in self.fields if each.required and each.name not in columns]
        if missing:
            raise InputError(
                f"No column {', '.join(map(repr, missing))}. "
                f"Found: {', '.join(columns[:30]) or 'none'}. Needed: {', '.join(self.names)}. "
                f"If one is called otherwise, say so: {how_to_map(missing[0])}."
            )

    def read(self, rows: pd.DataFrame) -> Checked:
        """Return the rows as models read them, and the problems of the others.

        ``rows`` is left as it was; the index is kept; columns that no field names are dropped.

        Raises:
            InputError: if a required column is missing altogether.
        """
        self.check_columns(rows.columns)
        problems: dict[Any, str] = {}
        columns = {}
        for each in self.fields:
            if each.name in rows.columns:
                if each.name == self.order_by:  # where it is there, it says when each row was
                    each = replace(each, required=True)
                columns[each.name], found = each.read_column(rows[each.name])
                for place in sorted(found):
                    sentence = f"column {each.name!r} {found[place]}"
                    problems.setdefault(rows.index[place], sentence)
        checked = framed(columns, rows.index)
        if problems:
            checked = checked.drop(index=list(problems))
        return Checked(checked, problems)

    def arrow_schema(self) -> pa.Schema:
        return pa.schema([(each.name, each.arrow) for each in self.fields])

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON schema of one row."""
        return {
            "type": "object",
            "properties": {each.name: each.json_schema() for each in self.fields},
            "required": [each.name for each in self.fields if each.required],
        }


def how_to_map(field: str, column: str = "COLUMN") -> str:
    """Return how a person says which column fills a field."""
    return f"--map {field}={column}, or columns={{{field!r}: {column!r}}} in Python"
