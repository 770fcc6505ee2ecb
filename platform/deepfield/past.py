"""Earlier rows that are kept at hand, so that a few new ones are answered at once.

Columns are plain arrays here, and what was gathered one array for all its columns: frames, and a
hundred columns one by one, cost more than all the work on a few hundred rows.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from deepfield.frames import beside, column_names, framed
from deepfield.grouping import (
    KINDS,
    check_gathered,
    gathered,
    gathered_by,
    looked_at,
    typed,
    up_to_new,
    whole_groups,
)
from deepfield.predictor import Predictor
from deepfield.table import Table

__all__ = ["Past"]

MOST_OPTIONS = 4
"""Settings for which what the earlier rows gathered is kept."""

Columns = dict[str, Any]
"""Name -> an array of numpy's or pandas'."""
Block = tuple[pd.Index, np.ndarray]
"""Names of columns of one type, and all of them as (rows, columns)."""


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
        times = (
            _comparable(_array(self.rows[inputs.order_by]))
            if inputs.order_by in self.rows.columns
            else np.arange(len(rows))
        )
        self._latest = times.max() if len(rows) else None
        self._places = {key: _Places(self.rows[key], times) for key in inputs.group_by}
        self._named = {
            name: {value: place for place, value in enumerate(self.rows[name])}
            for name in inputs.unique
            if name in self.rows.columns
        }
        self._looked_at = {key: looked_at(key, predictor, inputs) for key in inputs.group_by}
        self._lock = threading.Lock()
        self._columns = _columns(self.rows)
        self._gathered: OrderedDict[str, list[list[Block]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.rows)

    def prepare(self, options: Any) -> list[list[Block]]:
        """Return for each key what it looks at of that which those before it gathered.

        For the earlier rows, and kept for the next call with the same options.
        """
        if self.inputs.answer_per:
            return []  # the answer is made of the rows themselves
        known = options.model_dump_json()
        with self._lock:
            if known not in self._gathered:
                rows = self.rows
                blocks, stages = list[Block](), list[list[Block]]()
                for key in self.inputs.group_by:
                    stages.append(_only(blocks, self._looked_at[key]))
                    if len(stages) == len(self.inputs.group_by):
                        break  # nobody looks at what the last key gathers for earlier rows
                    found = gathered_by(key, self.predictor, self.inputs, rows, options)
                    found = found.reindex(rows.index)
                    blocks += _blocks(found)
                    rows = rows.join(found)
                self._gathered[known] = stages
                if len(self._gathered) > MOST_OPTIONS:
                    self._gathered.popitem(last=False)
            self._gathered.move_to_end(known)
            return self._gathered[known]

    def gathered(self, new: pd.DataFrame, options: Any) -> pd.DataFrame:
        """Return checked new rows, in their order, with what they take from earlier ones."""
        if self.rows.empty or new.empty:
            return gathered(self.predictor, self.inputs, new, options)
        if self.inputs.answer_per:
            return self._whole_groups(new)
        typed_rows = typed(self.inputs, new)
        complete, blocks = _columns(typed_rows), list[Block]()
        values = {key: list(dict.fromkeys(complete[key])) for key in self.inputs.group_by}
        again = self._again(complete)
        for key in values if len(again) else ():
            # What a row that comes again gave to others, it gives no more.
            values[key] = list(dict.fromkeys([*values[key], *self.rows[key].iloc[again]]))
        # Only where new rows come between earlier ones do these take anything else than before.
        times = _comparable(complete[self.inputs.order_by])
        between = len(again) > 0 or times.min() <= self._latest
        if between and len(values) > 2:
            return self._from_all(typed_rows, again, options)
        changed: list[tuple[np.ndarray, list[Block]]] = []
        for key, earlier in zip(values, self.prepare(options), strict=True):
            places, groups = self._places[key].of(values[key])
            if len(again):
                kept = ~np.isin(places, again)
                places, groups = places[kept], groups[kept]
            seen = self._looked_at[key]
            part = {
                name: array.take(places)
                for name, array in self._columns.items()
                if seen is None or name in seen
            }
            have = [(names, array[places]) for names, array in earlier]
            for known, new_blocks in changed:
                have = _patched(have, places, known, new_blocks)
            number = {value: n for n, value in enumerate(values[key])}
            own = np.array([number[value] for value in complete[key]])
            own_part = {name: complete[name] for name in complete if seen is None or name in seen}
            rows, order = self._sorted(part, own_part, np.append(groups, own))
            below = _below(have, _only(blocks, seen))
            ordered = [(names, each[order]) for names, each in below]
            frame = _beside(framed(rows, pd.RangeIndex(len(order))), ordered)
            found = self.predictor.gather(frame, key, options)
            check_gathered(self.predictor, key, frame, found)
            back = np.argsort(order)
            gained = [(names, array[back]) for names, array in _blocks(found)]
            if between and len(places):
                changed.append((places, [(names, each[: len(places)]) for names, each in gained]))
            blocks += [(names, array[len(places) :]) for names, array in gained]
        return _beside(typed_rows, blocks)

    def _whole_groups(self, new: pd.DataFrame) -> pd.DataFrame:
        """Return the groups of new rows, numbered from 1; earlier rows have numbers below."""
        key = self.inputs.answer_per
        places, _ = self._places[key].of(list(new[key].unique()))
        earlier = self.rows.take(places).set_axis(places - len(self.rows), axis=0)
        rows = pd.concat([earlier.sort_index(), typed(self.inputs, new)])
        return up_to_new(self.inputs, whole_groups(self.inputs, rows))

    def _sorted(
        self, part: Columns, new: Columns, groups: np.ndarray
    ) -> tuple[Columns, np.ndarray]:
        """Return earlier rows with new ones below them, by group and time, and where each stood.

        Args:
            groups: the number of each row's value of the key.
        """
        earlier, later = len(next(iter(part.values()))), len(next(iter(new.values())))
        rows: Columns = {}
        for each in self.inputs:
            name, kind = each.name, KINDS.get(each.arrow, "float64")
            if name not in part and name not in new:
                continue
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
        return rows, order

    def _again(self, new: Columns) -> np.ndarray:
        """Return where earlier rows stand that come again: under the same unique name."""
        found = {
            places[value]
            for name, places in self._named.items()
            for value in new.get(name, ())
            if value in places and not pd.isna(value)
        }
        return np.array(sorted(found), dtype=int)

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


def _blocks(frame: pd.DataFrame) -> list[Block]:
    """Return the columns of a frame of numpy's numbers, those of one type together."""
    if len(set(frame.dtypes)) == 1:
        return [(frame.columns, frame.to_numpy())]
    kinds: dict[Any, list[str]] = {}
    for name, kind in zip(frame.columns, frame.dtypes, strict=True):
        kinds.setdefault(kind, []).append(name)
    return [(column_names(tuple(names)), frame[names].to_numpy()) for names in kinds.values()]


def _only(blocks: list[Block], names: set[str] | None) -> list[Block]:
    """Return the columns of some names, if there are any; None stands for all names."""
    if names is None:
        return list(blocks)
    found = []
    for index, array in blocks:
        kept = {name: place for place, name in enumerate(index) if name in names}
        if kept:
            found.append((column_names(tuple(kept)), array[:, list(kept.values())]))
    return found


def _beside(rows: pd.DataFrame, blocks: list[Block]) -> pd.DataFrame:
    if not blocks:
        return rows
    parts = [pd.DataFrame(array, rows.index, names, copy=False) for names, array in blocks]
    return beside([rows, *parts])


def _matched(blocks: list[Block], others: list[Block]) -> list[Block]:
    """Return other blocks with the columns that these have: types may differ with the rows."""
    alike = len(blocks) == len(others) and all(
        names.equals(theirs) for (names, _), (theirs, _) in zip(blocks, others, strict=True)
    )
    if alike:
        return others
    single = {name: array[:, n] for names, array in others for n, name in enumerate(names)}
    return [(names, np.stack([single[name] for name in names], axis=1)) for names, _ in blocks]


def _below(blocks: list[Block], others: list[Block]) -> list[Block]:
    """Return blocks with the rows of others below theirs."""
    pairs = zip(blocks, _matched(blocks, others), strict=True)
    return [(names, np.concatenate([array, other])) for (names, array), (_, other) in pairs]


def _patched(
    part: list[Block], places: np.ndarray, known: np.ndarray, found: list[Block]
) -> list[Block]:
    """Return what rows at ``places`` hold, what was found for those at ``known`` over it."""
    order = np.argsort(known)
    at = order[np.searchsorted(known, places, sorter=order).clip(max=len(known) - 1)]
    same = (known[at] == places)[:, None]
    have = {name for names, _ in found for name in names}
    own = [each for each in part if have.issuperset(each[0])]
    new = iter(_matched(own, found))
    return [
        (names, np.where(same, next(new)[1][at], array))
        if have.issuperset(names)
        else (names, array)
        for names, array in part
    ]
