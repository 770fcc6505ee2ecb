"""Earlier rows that are kept at hand, so that a few new ones are answered at once.

Columns are plain arrays here: frames cost more than all the work on a few hundred rows.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from deepfield.grouping import KINDS, check_gathered, gathered, gathered_by, typed
from deepfield.predictor import Predictor
from deepfield.table import Table

__all__ = ["Past"]

MOST_OPTIONS = 4
"""Settings for which what the earlier rows gathered is kept."""

Columns = dict[str, Any]
"""Name -> an array of numpy's or pandas'."""


class Past:
    """Earlier rows, checked once and found by each of their keys; ``Model.remember`` makes it.

    New rows get the answers that they would get in one table with the earlier ones above them.
    Threads may share it.

    Args:
        rows: checked input columns.
    """

    def __init__(self, predictor: Predictor, inputs: Table, rows: pd.DataFrame) -> None:
        self.predictor = predictor
        self.inputs = inputs
        self.rows = typed(inputs, rows).set_axis(pd.RangeIndex(len(rows)), axis=0)
        times = _comparable(_array(self.rows[inputs.order_by]))
        self._latest = times.max() if len(rows) else None
        self._places = {key: _Places(self.rows[key], times) for key in inputs.group_by}
        self._lock = threading.Lock()
        self._gathered: OrderedDict[str, list[Columns]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.rows)

    def prepare(self, options: Any) -> list[Columns]:
        """Return the earlier rows as each key finds them: with what those before it gathered.

        Kept for the next call with the same options.
        """
        known = options.model_dump_json()
        with self._lock:
            if known not in self._gathered:
                rows = self.rows
                stages = [_columns(rows)]
                for key in self.inputs.group_by[:-1]:
                    rows = rows.join(gathered_by(key, self.predictor, self.inputs, rows, options))
                    stages.append(_columns(rows))
                self._gathered[known] = stages
                if len(self._gathered) > MOST_OPTIONS:
                    self._gathered.popitem(last=False)
            self._gathered.move_to_end(known)
            return self._gathered[known]

    def gathered(self, new: pd.DataFrame, options: Any) -> pd.DataFrame:
        """Return checked new rows, in their order, with what they take from earlier ones."""
        if self.rows.empty or new.empty:
            return gathered(self.predictor, self.inputs, new, options)
        complete = _columns(typed(self.inputs, new))
        values = {key: list(dict.fromkeys(complete[key])) for key in self.inputs.group_by}
        again = self._again(complete, values)
        for key in values if len(again) else ():
            # What a row that comes again gave to others, it gives no more.
            values[key] = list(dict.fromkeys([*values[key], *self.rows[key].iloc[again]]))
        # Only where new rows come between earlier ones do these take anything else than before.
        times = _comparable(complete[self.inputs.order_by])
        between = len(again) > 0 or times.min() <= self._latest
        if between and len(values) > 2:
            return self._from_all(typed(self.inputs, new), again, options)
        changed: list[tuple[np.ndarray, Columns]] = []
        for key, earlier in zip(values, self.prepare(options), strict=True):
            places, groups = self._places[key].of(values[key])
            if len(again):
                kept = ~np.isin(places, again)
                places, groups = places[kept], groups[kept]
            part = {name: array.take(places) for name, array in earlier.items()}
            for known, found in changed:
                _patch(part, places, known, found)
            number = {value: n for n, value in enumerate(values[key])}
            own = np.array([number[value] for value in complete[key]])
            found = self._by(key, part, complete, np.append(groups, own), options)
            if between and len(places):
                changed.append(
                    (places, {name: each[: len(places)] for name, each in found.items()})
                )
            complete |= {name: array[len(places) :] for name, array in found.items()}
        return pd.DataFrame(complete, index=new.index)

    def _by(
        self, key: str, part: Columns, new: Columns, groups: np.ndarray, options: Any
    ) -> Columns:
        """Return what earlier rows, and new ones below them, gather by a key.

        Args:
            groups: the number of each row's value of the key.
        """
        earlier, later = len(part[key]), len(new[key])
        rows: Columns = {}
        for name, kind in self._kinds(part, new).items():
            first = part[name] if name in part else _empty(earlier, kind)
            second = new[name] if name in new else _empty(later, kind)
            rows[name] = (
                np.concatenate([first, second])
                if isinstance(first, np.ndarray)
                else type(first)._concat_same_type([first, second])
            )
        order = np.lexsort((_comparable(rows[self.inputs.order_by]), groups))
        if (np.diff(order) < 0).any():
            rows = {name: array.take(order) for name, array in rows.items()}
        frame = pd.DataFrame(rows, copy=False)
        found = self.predictor.gather(frame, key, options)
        check_gathered(self.predictor, key, frame, found)
        back = np.argsort(order)
        return {name: found[name].to_numpy()[back] for name in found.columns}

    def _kinds(self, part: Columns, new: Columns) -> dict[str, Any]:
        """Return the columns that either has: inputs in their order, then what was gathered."""
        inputs = {
            each.name: KINDS.get(each.arrow, "float64")
            for each in self.inputs
            if each.name in part or each.name in new
        }
        return inputs | {name: part[name].dtype for name in part if name not in inputs}

    def _again(self, new: Columns, values: dict[str, list[Any]]) -> np.ndarray:
        """Return where earlier rows stand that come again: under the same unique name."""
        found = [np.array([], dtype=int)]
        for name in self.inputs.unique:
            if name not in new or name not in self.rows.columns:
                continue
            ids = [each for each in new[name] if not pd.isna(each)]
            for key in values if ids else ():
                places, _ = self._places[key].of(values[key])
                found.append(places[self.rows[name].array.take(places).isin(ids)])
        return np.unique(np.concatenate(found))

    def _from_all(self, new: pd.DataFrame, again: np.ndarray, options: Any) -> pd.DataFrame:
        """Gather for every row there is: slow, and right however the keys are entangled."""
        rows = pd.concat([self.rows.drop(index=list(again)), new])
        names = [name for name in self.inputs.names if name in rows.columns]
        complete = gathered(self.predictor, self.inputs, rows[names], options)
        return complete.iloc[-len(new) :].set_axis(new.index, axis=0)


class _Places:
    """Where the rows of each value of a key stand, in the order of time."""

    def __init__(self, keys: pd.Series, times: np.ndarray) -> None:
        codes, values = pd.factorize(keys)
        self._order = np.lexsort((times, codes))
        self._starts = np.searchsorted(codes[self._order], np.arange(len(values) + 1))
        self._codes = {value: code for code, value in enumerate(values)}

    def of(self, values: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Return where the rows of some values stand, and which of the values each one has."""
        found = []
        for value in values:
            code = self._codes.get(value)
            start, end = (0, 0) if code is None else self._starts[code : code + 2]
            found.append(self._order[start:end])
        return np.concatenate(found), np.repeat(
            np.arange(len(found)), [len(each) for each in found]
        )


def _columns(frame: pd.DataFrame) -> Columns:
    return {name: _array(frame[name]) for name in frame.columns}


def _array(column: pd.Series) -> Any:
    return column.to_numpy() if isinstance(column.dtype, np.dtype) else column.array


def _comparable(times: Any) -> np.ndarray:
    """Return times as numbers, which compare quickly."""
    return times if isinstance(times, np.ndarray) else times.asi8


def _empty(rows: int, kind: Any) -> Any:
    """Return a column of an input that is not there."""
    return _array(pd.Series([None] * rows, dtype=object).astype(kind))


def _patch(part: Columns, places: np.ndarray, known: np.ndarray, found: Columns) -> None:
    """Put what was found for rows at the places ``known`` over what ``part`` holds of them."""
    order = np.argsort(known)
    at = order[np.searchsorted(known, places, sorter=order).clip(max=len(known) - 1)]
    same = known[at] == places
    for name, values in found.items():
        part[name] = np.where(same, values[at], part[name])
