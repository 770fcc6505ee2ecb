"""Columns of text: what a person wrote, the name of a thing, one of a few values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from deepfield.errors import InputError
from deepfield.fields.columnar import Columnar, check_single, is_text
from deepfield.fields.field import printable, quoted

__all__ = ["Category", "Key", "Label", "Text"]


@dataclass(frozen=True)
class Words(Columnar):
    """A column that is text in the end, of pandas' ``str``."""

    @property
    def array(self) -> pa.DataType:
        return pa.large_string()  # as pandas has it; and 2 GiB of text are no limit

    def series(self, values: pa.Array) -> Any:
        return pd.StringDtype(na_value=np.nan).__from_arrow__(values)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Text(Words):
    """Words of a person."""

    longest: int = field(default=100_000, kw_only=True)

    blank_is_empty: ClassVar[bool] = False

    def read_array(self, values: pa.Array) -> pa.Array | None:
        if not is_text(values.type):
            return values.cast(self.array) if pa.types.is_integer(values.type) else None
        short = pc.less_equal(pc.utf8_length(values), self.longest)
        return pc.if_else(short, values, pa.scalar(None, values.type))

    def read_alone(self, value: Any) -> str:
        check_single(value)
        text = printable(value)
        if len(text) > self.longest:
            raise InputError(f"holds {len(text):,} characters; at most {self.longest:,} are read")
        return text


@dataclass(frozen=True)
class Names(Words):
    """A column of short names; a whole number is its digits, however it came: 17, 17.0, '17.0'."""

    WHOLE: ClassVar[str] = r"^(0|-?[1-9][0-9]*)\.0+$"
    """A whole number that a program wrote as if it were none; 007.0 is no number but a name."""

    def read_array(self, values: pa.Array) -> pa.Array | None:
        return self.accepted(self._named(values))

    def accepted(self, names: pa.Array | None) -> pa.Array | None:
        """Return the names, null in the place of those that are not taken."""
        return names

    def _named(self, values: pa.Array) -> pa.Array | None:
        kind = values.type
        if pa.types.is_integer(kind):
            return values.cast(self.array)
        if pa.types.is_floating(kind):
            # Beyond 2**53 floats are whole anyway, and past 2**63 no integer of Arrow's.
            numbers = values.cast(pa.float64())
            whole = pc.and_(
                pc.equal(numbers, pc.trunc(numbers)), pc.less(pc.abs(numbers), float(2**63))
            )
            safe = pc.if_else(whole, numbers, pa.scalar(None, pa.float64()))
            return safe.cast(pa.int64(), safe=False).cast(self.array)
        if pa.types.is_boolean(kind):
            return pc.if_else(values, "True", "False").cast(self.array)
        if pa.types.is_decimal(kind):
            return pc.replace_substring_regex(values.cast(self.array), self.WHOLE, r"\1")
        if is_text(kind):
            if pc.any(pc.match_substring(values, ".0")).as_py():
                return pc.replace_substring_regex(values, self.WHOLE, r"\1")
            return values
        return None

    def read_alone(self, value: Any) -> str:
        check_single(value)
        if isinstance(value, float | np.floating | Decimal) and np.isfinite(float(value)):
            return str(int(value)) if value == int(value) else str(value)
        name = printable(value)
        return re.sub(self.WHOLE, r"\1", name) if isinstance(value, str) else name


@dataclass(frozen=True)
class Key(Names):
    """A name for a thing: it joins rows and is never computed with."""

    unique: bool = field(default=False, kw_only=True)
    """On the way in: whether no two rows that are read together may have the same."""

    def check_array(self, values: pa.Array, index: pd.Index, found: dict[int, str]) -> None:
        if not self.unique or len(values) < 2:
            return
        series = pd.Series(self.series(values))
        again = np.flatnonzero(series.duplicated().to_numpy() & series.notna().to_numpy())
        if not len(again):
            return
        repeated = series.isin(series.iloc[again])
        first = series[repeated].drop_duplicates()
        rows = dict(zip(first, index[first.index], strict=True))
        for place in again:
            name = series[place]
            found.setdefault(int(place), f"holds {quoted(name)}, as row {rows[name]} does")


@dataclass(frozen=True)
class Category(Names):
    """One of a few values; any text if ``values`` is empty."""

    values: tuple[str, ...] = field(default=(), kw_only=True)

    def read_array(self, values: pa.Array) -> pa.Array | None:
        if self.values and is_text(values.type):
            kept = self.accepted(values)  # values may well be written like 1.0
            if kept is not None and not kept.null_count:
                return kept
            return pc.coalesce(kept, super().read_array(values))
        return super().read_array(values)

    def accepted(self, names: pa.Array | None) -> pa.Array | None:
        if names is None or not self.values:
            return names
        known = pc.is_in(names, value_set=pa.array(self.values, names.type))
        return pc.if_else(known, names, pa.scalar(None, names.type))

    def read_alone(self, value: Any) -> str:
        name = super().read_alone(value)
        for known in (name, str(value)):
            if not self.values or known in self.values:
                return known
        raise InputError(f"holds {quoted(value)}; expected one of {', '.join(self.values)}")

    def json_schema(self) -> dict[str, Any]:
        return {**super().json_schema(), **({"enum": list(self.values)} if self.values else {})}


@dataclass(frozen=True)
class Label(Category):
    """The category that a model decided on."""
