"""What a model recommends to each group, as arrays of codes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel

from deepfield.errors import ContractError
from deepfield.evaluation.ranking.moments import Moments
from deepfield.fields import Ranking
from deepfield.loading import Model
from deepfield.tasks import Progress

__all__ = ["Lists", "recommended"]

TOGETHER = 65_536
"""Rows of whole groups that are answered at once; more, if one group has more."""


@dataclass(frozen=True)
class Lists:
    """One list a group, and how far it is to be trusted."""

    codes: np.ndarray
    """(groups, k) best first; 0 fills. Items that the log does not have share one code."""
    probabilities: np.ndarray
    """(groups, k) of being taken next; NaN where none is said."""
    trust: np.ndarray
    """(groups,) ok, unsure or unfamiliar."""


def recommended(
    model: Model,
    ranking: Ranking,
    moments: Moments,
    past: np.ndarray,
    options: BaseModel,
    on_progress: Callable[[Progress], None],
) -> Lists:
    """Return what the model recommends after some rows of each group.

    Args:
        past: (n,) bool: the rows that it is told; groups without one get no list.

    Raises:
        ContractError: if a list names an item twice.
    """
    started = time.monotonic()
    places = np.flatnonzero(past)
    starts = np.flatnonzero(np.diff(moments.groups[places], prepend=-1) != 0)
    cuts = np.append(starts, len(places))
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    trust: list[np.ndarray] = []
    begin = 0
    while begin < len(starts):
        end = int(np.searchsorted(cuts, cuts[begin] + TOGETHER, side="right")) - 1
        end = max(end, begin + 1)
        rows = moments.rows.take(places[cuts[begin] : cuts[end]])
        results = model.predict_checked(rows, options)
        parts.append(_codes(ranking, results[ranking.name], moments.names))
        trust.append(results["trust"].to_numpy(dtype=object))
        on_progress(
            Progress(int(cuts[end]), 0, len(places), time.monotonic() - started, "answering")
        )
        begin = end
    longest = max(codes.shape[1] for codes, _ in parts)
    codes = np.concatenate([_widened(each, longest, 0) for each, _ in parts])
    chances = np.concatenate([_widened(each, longest, np.nan) for _, each in parts])
    ordered = np.sort(codes, axis=1)
    known = (ordered[:, 1:] > 0) & (ordered[:, 1:] <= len(moments.names))
    if (known & (np.diff(ordered, axis=1) == 0)).any():
        raise ContractError(f"{model!r} broke its contract: a list names an item twice")
    return Lists(codes, chances, np.concatenate(trust))


def _codes(ranking: Ranking, column: pd.Series, names: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    """Return the codes of what stands in lists, and its probabilities, each (groups, longest)."""
    lists = _nested(ranking, column)
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    rank = np.arange(lengths.max(initial=0))
    inside = rank < lengths[:, None]
    things = lists.flatten()
    codes = np.zeros(inside.shape, dtype=np.int32)
    chances = np.full(inside.shape, np.nan)
    items = pd.Index(things.field("item").to_pandas(), dtype=names.dtype)
    found = names.get_indexer(items) + 1
    codes[inside] = np.where(found > 0, found, len(names) + 1)
    said = things.field("probability").cast(pa.float64())
    chances[inside] = said.to_numpy(zero_copy_only=False)
    return codes, chances


def _nested(ranking: Ranking, column: pd.Series) -> pa.ListArray:
    """Return a column of lists as one array of Arrow's, from any form that results have."""
    if isinstance(column.array, pd.arrays.ArrowExtensionArray):
        found = pa.array(column.array)
        found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
        return found.cast(ranking.arrow)
    return pa.array([ranking.read(value) for value in column], ranking.arrow)


def _widened(values: np.ndarray, longest: int, fill: float) -> np.ndarray:
    return np.pad(values, ((0, 0), (0, longest - values.shape[1])), constant_values=fill)
