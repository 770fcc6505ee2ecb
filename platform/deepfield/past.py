"""Earlier rows that are kept at hand, so that a few new ones are answered at once."""

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
        times = _comparable(self.rows[inputs.order_by])
        self._latest = times.max() if len(rows) else None
        self._places = {key: _Places(self.rows[key], times) for key in inputs.group_by}
        self._unique = [each.name for each in inputs if getattr(each, "unique", False)]
        self._lock = threading.Lock()
        self._gathered: OrderedDict[str, list[pd.DataFrame]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.rows)

    def prepare(self, options: Any) -> list[pd.DataFrame]:
        """Return the earlier rows as each key finds them: with what those before it gathered.

        Kept for the next call with the same options.
        """
        known = options.model_dump_json()
        with self._lock:
            if known not in self._gathered:
                stages = [self.rows]
                for key in self.inputs.group_by[:-1]:
                    found = gathered_by(key, self.predictor, self.inputs, stages[-1], options)
                    stages.append(stages[-1].join(found))
                self._gathered[known] = stages
                if len(self._gathered) > MOST_OPTIONS:
                    self._gathered.popitem(last=False)
            self._gathered.move_to_end(known)
            return self._gathered[known]

    def gathered(self, new: pd.DataFrame, options: Any) -> pd.DataFrame:
        """Return checked new rows, in their order, with what they take from earlier ones."""
        if self.rows.empty or new.empty:
            return gathered(self.predictor, self.inputs, new, options)
        first = len(self.rows)
        complete = typed(self.inputs, new).set_axis(pd.RangeIndex(first, first + len(new)), axis=0)
        times = _comparable(complete[self.inputs.order_by])
        values = {key: list(dict.fromkeys(complete[key])) for key in self.inputs.group_by}
        again = self._again(complete, values)
        for key in values if len(again) else ():
            # What a row that comes again gave to others, it gives no more.
            values[key] = list(dict.fromkeys([*values[key], *self.rows[key].iloc[again]]))
        # Only where new rows come between earlier ones do these take anything else than before.
        between = len(again) > 0 or times.min() <= self._latest
        if between and len(values) > 2:
            return self._from_all(complete, again, options).set_axis(new.index, axis=0)
        changed: list[pd.DataFrame] = []
        for key, earlier in zip(values, self.prepare(options), strict=True):
            places, groups = self._places[key].of(values[key])
            if len(again):
                kept = ~np.isin(places, again)
                places, groups = places[kept], groups[kept]
            part = earlier.iloc[places]
            for found in changed:
                part = _patched(part, found)
            own = complete[key].map({value: n for n, value in enumerate(values[key])})
            found = self._by(key, part, groups, complete, own.to_numpy(), options)
            if between:
                changed.append(found.loc[found.index < first])
            complete = complete.join(found)
        return complete.set_axis(new.index, axis=0)

    def _by(
        self,
        key: str,
        part: pd.DataFrame,
        groups: np.ndarray,
        new: pd.DataFrame,
        own: np.ndarray,
        options: Any,
    ) -> pd.DataFrame:
        """Return what rows of both gather by one key, given the number of each one's group."""
        part, new = _alike(self.inputs, part, new)
        rows = pd.concat([part, new])
        numbers = np.concatenate([groups, own])
        order = np.lexsort((_comparable(rows[self.inputs.order_by]), numbers))
        if (np.diff(order) < 0).any():
            rows = rows.take(order)
        found = self.predictor.gather(rows, key, options)
        check_gathered(self.predictor, key, rows, found)
        return found

    def _again(self, new: pd.DataFrame, values: dict[str, list[Any]]) -> np.ndarray:
        """Return where earlier rows stand that come again: under the same unique name."""
        names = [each for each in self._unique if each in new.columns and each in self.rows.columns]
        if not names:
            return np.array([], dtype=int)
        places = np.unique(np.concatenate([self._places[key].of(values[key])[0] for key in values]))
        found = np.zeros(len(places), dtype=bool)
        for name in names:
            known = self.rows[name].iloc[places]
            found |= known.isin(new[name].dropna()).to_numpy()
        return places[found]

    def _from_all(self, new: pd.DataFrame, again: np.ndarray, options: Any) -> pd.DataFrame:
        """Gather for every row there is: slow, and right however the keys are entangled."""
        part, rows = _alike(self.inputs, self.rows.drop(index=list(again)), new)
        complete = gathered(self.predictor, self.inputs, pd.concat([part, rows]), options)
        return complete.loc[new.index]


class _Places:
    """Where the rows of each value of a key stand, in the order of time."""

    def __init__(self, keys: pd.Series, times: np.ndarray) -> None:
        codes, values = pd.factorize(keys)
        self._order = np.lexsort((times, codes))
        self._starts = np.searchsorted(codes[self._order], np.arange(len(values) + 1))
        self._codes = {value: code for code, value in enumerate(values)}

    def of(self, values: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Return where the rows of some values stand, and the number of each one's value."""
        found = []
        for value in values:
            code = self._codes.get(value)
            start, end = (0, 0) if code is None else self._starts[code : code + 2]
            found.append(self._order[start:end])
        return np.concatenate(found), np.repeat(
            np.arange(len(found)), [len(each) for each in found]
        )


def _comparable(times: pd.Series) -> np.ndarray:
    """Return times as numbers that compare quickly."""
    return times.array.asi8 if hasattr(times.array, "asi8") else times.to_numpy()


def _alike(
    inputs: Table, first: pd.DataFrame, second: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two frames with the same columns: an input that only one has is empty in the other."""

    def completed(frame: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
        lacking = {
            each.name: pd.Series(pd.NA, frame.index).astype(KINDS.get(each.arrow, "float64"))
            for each in inputs
            if each.name in other.columns and each.name not in frame.columns
        }
        return frame.assign(**lacking) if lacking else frame

    first, second = completed(first, second), completed(second, first)
    names = [name for name in inputs.names if name in first.columns]
    names += [name for name in first.columns if name not in names]
    return first[names], second[names]


def _patched(rows: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the columns of ``found`` where it has them."""
    both = rows.index.intersection(found.index)
    if both.empty:
        return rows
    rows = rows.copy()
    rows.loc[both, found.columns] = found.loc[both]
    return rows
