"""Frames of a few rows, made at little cost: pandas spends more on names than on the rows.

A name that is looked for among texts of Arrow's waits for all of them to be made Python's first, on
every frame anew; so names are kept here, as plain objects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import pandas as pd
import pyarrow as pa

__all__ = ["beside", "column_names", "framed", "lists_of_arrow"]


@lru_cache(maxsize=1024)
def column_names(names: tuple[str, ...]) -> pd.Index:
    """Return names of columns as pandas has them, the same object each time."""
    index = pd.Index(names, dtype=object)
    # It finds a name by a table that pandas makes at the first search, and two threads that search
    # while it is made miss names: so it is made before anybody has it.
    index.get_indexer(index)
    for name in names:
        index.get_loc(name)
    return index


def framed(columns: Mapping[str, Any], index: pd.Index) -> pd.DataFrame:
    """Return a frame of columns, arrays of numpy's or pandas', which are not copied."""
    frame = pd.DataFrame(dict(enumerate(columns.values())), index, copy=False)
    frame.columns = column_names(tuple(columns))
    return frame


def beside(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return frames of one index and names all unlike, beside each other."""
    names = column_names(tuple(name for each in frames for name in each.columns))
    whole = pd.concat(frames, axis=1, ignore_index=True)
    whole.columns = names
    return whole


def lists_of_arrow(kind: pa.DataType) -> Any:
    """Return the type in which pandas keeps lists as they are; None for what it knows itself.

    For ``types_mapper``: without it each list becomes an array of numpy's, and each thing in it a
    dict.
    """
    return pd.ArrowDtype(kind) if pa.types.is_nested(kind) else None
