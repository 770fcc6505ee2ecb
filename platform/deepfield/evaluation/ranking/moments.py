"""Rows of groups in order, and how many moments of its group come after each.

Everything is an array or a column of Arrow's: a log has millions of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from deepfield.errors import InputError
from deepfield.fields import Ranking
from deepfield.grouping import typed
from deepfield.table import Table

__all__ = ["Moments", "in_moments"]


@dataclass(frozen=True)
class Moments:
    """Checked rows, group by group, each group's in order."""

    rows: pd.DataFrame
    """By the row numbers of the source."""
    groups: np.ndarray
    """(n,) the number of each row's group, from 0, rising."""
    later: np.ndarray
    """(n,) how many moments of its group come after the row's own: 0 in the last."""
    items: np.ndarray
    """(n,) the code of what was taken, from 1; 0 where nothing is named."""
    names: pd.Index
    """What is taken, by code: the first name has code 1."""
    key: str
    """The field that the groups share."""
    of: str
    """The field that holds what was taken."""
    order_by: str
    """The field that orders the rows; empty where they came in order."""

    @property
    def counts(self) -> np.ndarray:
        """Return how many moments each group has."""
        first = np.diff(self.groups, prepend=-1) != 0
        return self.later[first] + 1

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Return how large the log is, from when to when, and how much of it comes again.

        groups, items, moments; first and last, as text, None where nothing says when; repeats.
        """
        times = self.rows[self.order_by] if self.order_by else None
        return {
            "groups": int(self.groups[-1]) + 1,
            "items": len(self.names),
            "moments": int(self.counts.sum()),
            "first": None if times is None else str(times.min()),
            "last": None if times is None else str(times.max()),
            "repeats": self._repeats(),
        }

    def _repeats(self) -> float | None:
        """Return the share of what was taken after a group's first moment that it had before.

        None if no group has a second moment.
        """
        counts = self.counts[self.groups]
        moment = (counts - 1 - self.later).astype(np.int32)
        order = np.lexsort((moment, self.items, self.groups))
        order = order[self.items[order] > 0]
        groups, items, moment = self.groups[order], self.items[order], moment[order]
        same = (np.diff(groups, prepend=-1) == 0) & (np.diff(items, prepend=-1) == 0)
        once = ~(same & (np.diff(moment, prepend=-1) == 0))  # twice at one moment is no repeat
        after = once & (moment > 0)
        return float((same & after).sum() / after.sum()) if after.any() else None


def in_moments(inputs: Table, ranking: Ranking, rows: pd.DataFrame) -> Moments:
    """Put checked rows in order, and tell moments apart: those of one time are one.

    Without a column that orders them every row is a moment, and they stand in order.

    Raises:
        InputError: if there are no rows, or but one group or item: nothing can be told then.
    """
    if rows.empty:
        raise InputError("No row can be read, so there is nothing to compare lists with.")
    rows = typed(inputs, rows)
    groups, found = pd.factorize(rows[inputs.answer_per])
    if len(found) == 1:
        raise InputError(
            f"All {len(rows):,} rows are of one {inputs.answer_per}, {found[0]!r}: what others "
            "take tells what one may take next, so more than one is needed."
        )
    timed = inputs.order_by in rows.columns
    times = _numbers(rows[inputs.order_by]) if timed else np.arange(len(rows))
    order = np.lexsort((times, groups))
    if (np.diff(order) < 0).any():
        rows = rows.take(order)
    times, groups = times[order], groups[order].astype(np.int32)
    del order
    ends = np.flatnonzero(np.diff(groups, append=-1) != 0)
    begins = (np.diff(groups, prepend=-1) != 0) | (np.diff(times, prepend=times[0]) != 0)
    number = np.cumsum(begins, dtype=np.int32)
    items, names = pd.factorize(rows[ranking.of])
    if len(names) < 2:
        raise InputError(
            f"All rows hold the same {ranking.of}, {names[0]!r}: lists have an order only where "
            "there are several."
            if len(names)
            else f"No row names a {ranking.of}: the column is empty throughout."
        )
    return Moments(
        rows,
        groups,
        number[ends][groups] - number,
        (items + 1).astype(np.int32),
        pd.Index(names),
        inputs.answer_per,
        ranking.of,
        inputs.order_by if timed else "",
    )


def _numbers(times: pd.Series) -> np.ndarray:
    """Return times as numbers, without an object for each."""
    values = times.array
    return values.asi8 if hasattr(values, "asi8") else times.to_numpy(dtype=float)
