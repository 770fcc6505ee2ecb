"""What every field is: a name, what it means, and how a value or a column of it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import pandas as pd
import pyarrow as pa

from deepfield.errors import InputError

__all__ = ["Field", "Problems", "printable", "quoted"]

Problems = dict[int, str]
"""Place of a row, from 0 -> what is wrong with it."""


@dataclass(frozen=True)
class Field:
    """A named column. Subclasses say what it holds."""

    name: str
    help: str = field(default="", kw_only=True)
    required: bool = field(default=True, kw_only=True)
    """On the way in: whether the column must be there and filled."""
    aliases: tuple[str, ...] = field(default=(), kw_only=True)
    """On the way in: what people also call such a column; case and punctuation do not count."""

    arrow: ClassVar[pa.DataType] = pa.string()
    tolerance: ClassVar[float] = 0.0
    """How far a recomputed value may lie from a golden one: engines round differently."""

    def read(self, value: Any) -> Any:
        """Return one filled-in value as models read it.

        Raises:
            InputError: half a sentence that goes on from "column 'x' …".
        """
        return value

    def read_column(self, column: pd.Series) -> tuple[Any, Problems]:
        """Return all values as read, an array of numpy's or pandas', and what is wrong with some.

        A row with a problem holds nothing.
        """
        values: list[Any] = []
        problems: Problems = {}
        for place, value in enumerate(column):
            try:
                values.append(None if self._is_empty(place, value, problems) else self.read(value))
            except InputError as error:
                problems[place] = str(error)
                values.append(None)
        return pd.Series(values, dtype=object).array, problems

    def decided(self, column: pd.Series) -> Self:
        """Return the field that reads a column which begins so: each part of it the same way."""
        return self

    def show(self, value: Any) -> Any:
        """Return a value as results carry it beside the answers."""
        return value

    def same(self, wanted: Any, got: Any) -> bool:
        """Return whether a recomputed answer is the one that it was, within the tolerance."""
        left_out = [pd.api.types.is_scalar(each) and pd.isna(each) for each in (wanted, got)]
        return all(left_out) if any(left_out) else bool(got == wanted)

    def json_schema(self) -> dict[str, Any]:
        """Return what a program must know to send or read this column."""
        return {"type": "string", **({"description": self.help} if self.help else {})}

    def _is_empty(self, place: int, value: Any, problems: Problems) -> bool:
        if not (pd.api.types.is_scalar(value) and pd.isna(value)):
            return False
        if self.required:
            problems[place] = "is empty"
        return True


def printable(value: object) -> str:
    """Return text that can be written anywhere: ``�`` for each byte of a name that is no UTF-8."""
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def quoted(value: Any) -> str:
    """Return the value as a person wrote it, short enough for a sentence."""
    text = printable(repr(value if isinstance(value, str | int | float) else str(value)))
    return text if len(text) <= 60 else f"{text[:57]}…{text[0]}"
