"""All lists of a run in long form."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from deepfield_recommendations import RANKING

__all__ = ["items_of", "long_form"]


def long_form(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each recommended item of results, under the row number of its list."""
    return RANKING.exploded(frame, ("user_id",)).set_index("row")


def items_of(frame: pd.DataFrame) -> pd.Series:
    """Return the ids of all recommended items of results, one after another."""
    if not isinstance(frame[RANKING.name].dtype, pd.ArrowDtype):  # they were written as text
        return long_form(frame)["item"]
    # Arrow takes them out of their lists without a Python object for each.
    lists = pa.Table.from_pandas(frame[[RANKING.name]], preserve_index=False).column(0)
    items = lists.combine_chunks().flatten().field("item")
    return items.to_pandas()
