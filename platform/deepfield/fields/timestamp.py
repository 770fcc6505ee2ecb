"""A column of moments."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from numbers import Number as AnyNumber
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from deepfield.errors import InputError
from deepfield.fields import dates
from deepfield.fields.columnar import Columnar, arrays, is_number, is_text
from deepfield.fields.field import Problems, quoted

__all__ = ["Timestamp"]

UTC = pa.timestamp("us", tz="UTC")
FIRST, LAST = np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31T23:59:59.999999", "us")
"""What Python can hold and a person may mean."""
PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
MILLISECONDS = 1e11
"""A count from here on is no count of seconds: it would lie past the year 5138."""
BARE = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Timestamp(Columnar):
    """A moment, in UTC; a time without a zone is taken as UTC.

    ISO 8601 and usual ways to write a date are read, a bare number is not: it may count seconds,
    milliseconds or days. Whether 03/04/2024 is in March or in April is told by the column, if
    some day in it is past the 12th, and not guessed otherwise.
    """

    future: bool = field(default=True, kw_only=True)
    """On the way in: whether a moment may be more than a day after now."""
    first: dates.First = field(default="", kw_only=True)
    """What stands first in dates like 03/04/2024; as the column tells, if nothing is said."""

    unix: bool = field(default=False, kw_only=True)
    """On the way in: whether bare numbers are seconds since 1970, from 1e11 on milliseconds; where
    nothing but the order counts, as in logs, any count will do."""

    arrow: ClassVar[pa.DataType] = UTC

    def decided(self, column: pd.Series) -> Self:
        if self.first or isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
            return self
        told = set()
        for _, values in arrays(column, np.flatnonzero(column.notna())):
            if values is not None and is_text(values.type):
                told |= dates.day_or_month(values)
        return replace(self, first=told.pop()) if len(told) == 1 else self

    def read_column(self, column: pd.Series) -> tuple[Any, Problems]:
        decided = self.decided(column)
        if decided.first != self.first:
            return decided.read_column(column)
        return super().read_column(column)

    def check_array(self, values: pa.Array, index: pd.Index, found: dict[int, str]) -> None:
        if self.future:
            return
        # Clocks and zones differ by less than a day.
        soon = time.time_ns() // 1000 + PER_DAY["us"]
        later = pc.greater(values.cast(pa.int64()), soon).fill_null(False)
        for place in np.flatnonzero(later.to_numpy(zero_copy_only=False)):
            moment = f"{values[int(place)].as_py():%Y-%m-%d %H:%M:%S}"
            found.setdefault(int(place), f"holds {moment}, which lies in the future")

    def series(self, values: pa.Array) -> Any:
        moments = values.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
        return pd.DatetimeIndex(moments, tz="UTC").array  # a third of what Arrow's own way takes

    def read_alone(self, value: Any) -> pd.Timestamp:
        if isinstance(value, AnyNumber) and not isinstance(value, bool | np.bool_):
            self._refuse_number(value)
        if isinstance(value, str):
            if BARE.fullmatch(value.strip()):
                self._refuse_number(value)
            if not self.first and dates.is_day_or_month(value):
                raise InputError(
                    f"holds {quoted(value)}, whose day and month cannot be told apart; "
                    "write dates such as 2024-05-31"
                )
        if isinstance(value, np.datetime64):  # in a column of mixed objects, where Arrow has none
            with suppress(ValueError, OverflowError):
                return pd.Timestamp(value).tz_localize("UTC")
        raise InputError(f"holds {quoted(value)}, which is not a date or time")

    def json_schema(self) -> dict[str, Any]:
        return {**super().json_schema(), "format": "date-time"}

    def read_array(self, values: pa.Array) -> pa.Array | None:
        """Return moments in UTC, null where there is none; None if values are of another type."""
        if self.unix and (is_number(values.type) or _are_numbers(values)):
            return _since_1970(values)
        if pa.types.is_string(values.type) or is_text(values.type):
            return _between(dates.read(values, self.first))
        if pa.types.is_date(values.type):
            days = values.cast(pa.date32()).cast(pa.int32())
            known = pc.and_(
                pc.greater_equal(days, int(FIRST.astype("M8[D]").astype(int))),
                pc.less_equal(days, int(LAST.astype("M8[D]").astype(int))),
            )
            days = pc.if_else(known, days, pa.scalar(None, pa.int32()))
            return days.cast(pa.date32()).cast(pa.timestamp("us")).cast(UTC)
        if pa.types.is_timestamp(values.type):
            return _microseconds(values)
        return None

    def _refuse_number(self, value: Any) -> None:
        raise InputError(
            f"holds {quoted(value)}, a bare number; give dates such as 2024-05-31 14:02"
        )


def _are_numbers(values: pa.Array) -> bool:
    """Return whether a column of text holds bare numbers, as its first value tells."""
    return is_text(values.type) and len(values) > 0 and bool(BARE.fullmatch(values[0].as_py()))


def _since_1970(values: pa.Array) -> pa.Array:
    """Return moments of bare numbers, null where there is none."""
    if is_text(values.type):
        read = pd.to_numeric(pd.Series(values.to_pandas()), errors="coerce")
        seconds = read.to_numpy(dtype=float)
    else:
        seconds = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    seconds = np.where(np.abs(seconds) >= MILLISECONDS, seconds / 1000, seconds)
    known = np.isfinite(seconds) & (np.abs(seconds) < MILLISECONDS)
    counts = np.round(np.where(known, seconds, 0) * 1e6).astype(np.int64)
    return _between(pa.array(counts, mask=~known).cast(pa.timestamp("us")).cast(UTC))


def _microseconds(values: pa.Array) -> pa.Array:
    unit = values.type.unit
    counts = values.cast(pa.int64())
    if unit in ("s", "ms"):  # these reach further than microseconds do
        factor = PER_DAY["us"] // PER_DAY[unit]
        most = int(LAST.astype(int)) // factor
        near = pc.and_(pc.greater_equal(counts, -most), pc.less_equal(counts, most))
        counts = pc.if_else(near, counts, pa.scalar(None, pa.int64()))
        counts = pc.multiply(counts, factor)
    elif unit == "ns":
        counts = pc.divide(counts, 1000)
    return _between(counts.cast(pa.timestamp("us")).cast(UTC))


def _between(moments: pa.Array) -> pa.Array:
    """Return moments, null where Python has none such."""
    counts = moments.cast(pa.int64())
    known = pc.and_(
        pc.greater_equal(counts, int(FIRST.astype(int))),
        pc.less_equal(counts, int(LAST.astype(int))),
    )
    return pc.if_else(known, moments, pa.scalar(None, UTC))
