"""Fields whose columns are read at once, whatever kind of column it is.

A column is cut into Arrow arrays of one type each: pandas' own, nullable, categorical and
Arrow-backed ones are one part, a column of mixed objects is one part for each type. What a field
cannot read at once is looked at one by one, so that a problem can be said in words.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from deepfield.errors import InputError
from deepfield.fields.field import Field, Problems, printable, quoted

__all__ = ["Columnar", "check_single", "is_number", "is_text"]


@dataclass(frozen=True)
class Columnar(Field):
    """A field that reads a million values at once, and says the same of each as of one alone."""

    blank_is_empty: ClassVar[bool] = True
    """Whether a text of nothing but spaces counts as empty."""

    @abstractmethod
    def read_array(self, values: pa.Array) -> pa.Array | None:
        """Return what ``read`` would, for all values of one type, none of them empty.

        Null stands for what must be looked at by itself; None says that this holds for all.
        """

    def read(self, value: Any) -> Any:
        column, problems = self.read_column(pd.Series([value], dtype=object))
        if problems:
            raise InputError(problems[0])
        found = column[0]
        return found.item() if isinstance(found, np.generic) else found

    def read_column(self, column: pd.Series) -> tuple[Any, Problems]:
        read: list[pa.Array] = []
        places: list[np.ndarray] = []
        found: dict[int, str] = {}
        filled = ~missing(column)
        for part, values in arrays(column, np.flatnonzero(filled)):
            empty = None if values is None else self._empty(values)
            if values is not None and empty is not None:
                filled[part[empty]] = False
                part, values = part[~empty], values.filter(pa.array(~empty))
            taken = None if values is None else self.read_array(values)
            left = part
            if taken is not None and not taken.null_count:
                read.append(taken if taken.type == self.array else taken.cast(self.array))
                places.append(part)
                continue
            if taken is not None:
                good = taken.is_valid().to_numpy(zero_copy_only=False)
                read.append(taken.drop_null().cast(self.array))
                places.append(part[good])
                left = part[~good]
            alone: dict[int, Any] = {}
            for place in map(int, left):
                try:
                    alone[place] = self.read_alone(column.iloc[place])
                except InputError as error:
                    found[place] = str(error)
            read.append(pa.array(list(alone.values()), self.array))
            places.append(np.array(list(alone), dtype=int))
        if self.required:
            found |= dict.fromkeys(map(int, np.flatnonzero(~filled)), "is empty")
        gathered = _gather(read, places, len(column), self.array)
        self.check_array(gathered, column.index, found)
        if found:
            kept = _without(found, len(column))
            gathered = pc.if_else(kept, gathered, pa.scalar(None, self.array))
        values = self.series(gathered)
        if isinstance(values, pd.Series):
            values = values.array
        return values, found

    def read_alone(self, value: Any) -> Any:
        """Return a value that was not read at once.

        Raises:
            InputError: half a sentence that goes on from "column 'x' …".
        """
        raise InputError(f"holds {quoted(value)}, which cannot be read")

    def check_array(self, values: pa.Array, index: pd.Index, found: dict[int, str]) -> None:
        """Add to ``found`` what is wrong with values beside others, by place."""

    def _empty(self, values: pa.Array) -> np.ndarray | None:
        """Return which values count as empty, beyond those that pandas takes for missing."""
        if pa.types.is_floating(values.type):
            return pc.is_nan(values).to_numpy(zero_copy_only=False)
        if self.blank_is_empty and is_text(values.type):
            blank = pc.or_(pc.equal(pc.binary_length(values), 0), pc.utf8_is_space(values))
            return blank.to_numpy(zero_copy_only=False) if pc.any(blank).as_py() else None
        return None

    @property
    def array(self) -> pa.DataType:
        """Return the type that values have while they are read."""
        return self.arrow

    def series(self, values: pa.Array) -> Any:
        """Return values as pandas holds them."""
        return values.to_pandas()


def arrays(column: pd.Series, places: np.ndarray) -> Iterator[tuple[np.ndarray, pa.Array | None]]:
    """Yield places of a column and their values as an array of one type; None if Arrow has none.

    Text is always ``large_string``, and nothing is a dictionary.
    """
    if not len(places):
        return
    chosen = column if len(places) == len(column) else column.iloc[places]
    if column.dtype != object:
        found = _array(chosen)
        if found is not None:
            yield places, found
            return
    values = chosen.astype(object).to_numpy()
    # Arrow would make bytes of text beside bytes, and lose the time of dates beside moments.
    kinds = {kind: number for number, kind in enumerate(set(map(type, values)))}
    if len(kinds) == 1:
        yield places, _array(values)
        return
    of = np.fromiter((kinds[type(value)] for value in values), dtype=int, count=len(values))
    for number in kinds.values():
        part = np.flatnonzero(of == number)
        yield places[part], _array(values[part])


def missing(column: pd.Series) -> np.ndarray:
    """Return which values pandas takes for missing."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iub":
        return np.zeros(len(column), dtype=bool)
    return column.isna().to_numpy(dtype=bool)


def is_text(kind: pa.DataType) -> bool:
    return pa.types.is_large_string(kind)


def is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def check_single(value: Any) -> None:
    """Raise InputError if a value holds several: a list or an object, from a nested column."""
    if not pd.api.types.is_scalar(value) and pd.api.types.is_list_like(value):
        kind = "an object with names" if isinstance(value, dict) else "a list"
        raise InputError(f"holds {quoted(value)}, {kind}, where one value belongs")


def _array(values: pd.Series | np.ndarray) -> pa.Array | None:
    """Return values, none of them missing, as Arrow has them; None if it has no such type."""
    if isinstance(values, pd.Series):
        # Arrow asks much about a series, of a time's zone on every call: for a row, too much.
        if isinstance(values.dtype, pd.DatetimeTZDtype):
            return pa.array(values.array.asi8).cast(pa.timestamp(values.dtype.unit, "UTC"))
        if isinstance(values.dtype, np.dtype) and values.dtype.kind in "iufb":
            values = values.to_numpy()
    try:
        found = pa.array(values, from_pandas=True)
    except UnicodeEncodeError:  # one text that is no UTF-8 must not slow all others down
        found = pa.array([printable(each) for each in values], pa.large_string())
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return None
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    if pa.types.is_dictionary(found.type):
        found = found.dictionary_decode()
    if pa.types.is_string(found.type) or pa.types.is_string_view(found.type):
        found = found.cast(pa.large_string())
    return None if isinstance(found, pa.ExtensionArray) else found


def _gather(
    read: list[pa.Array], places: list[np.ndarray], length: int, kind: pa.DataType
) -> pa.Array:
    """Put values at their places; null stays at the others."""
    if len(read) == 1 and len(read[0]) == length:
        return read[0]
    whole = pa.concat_arrays([pa.array([], kind), *read])
    at = np.concatenate([np.array([], dtype=int), *places])
    if len(at) == length and (at[:-1] < at[1:]).all():
        return whole
    order = np.full(length, -1)
    order[at] = np.arange(len(at))
    return whole.take(pa.array(order, mask=order < 0))


def _without(places: dict[int, str], length: int) -> pa.Array:
    mask = np.ones(length, dtype=bool)
    mask[list(places)] = False
    return pa.array(mask)
