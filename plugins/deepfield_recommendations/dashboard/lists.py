"""All lists of a run in long form."""

from __future__ import annotations

import pandas as pd

from deepfield_recommendations import RANKING

__all__ = ["long_form"]


def long_form(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each recommended item of results, under the row number of its list."""
    return RANKING.exploded(frame, ("user_id",)).set_index("row")
