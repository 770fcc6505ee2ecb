"""Sales over time, from the rows that a run was made from."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["over_time"]

MOST_WEEKS = 300
FEWEST_WEEKS = 4


def over_time(rows: pd.DataFrame) -> tuple[pd.DataFrame, str] | None:
    """Return what was taken by ``day``, ``week`` or ``month``, and which of these it is.

    Each row has ``begin``, ``rows`` (returns left out) and, where quantities and prices are known,
    ``worth`` (returns taken off). Weeks begin on Mondays, in UTC. None without times.
    """
    if "time" not in rows.columns or rows["time"].isna().all():
        return None
    rows = rows[rows["time"].notna()]
    time = rows["time"].dt.tz_convert(None)
    weeks = (time.max() - time.min()) / pd.Timedelta(days=7)
    kind = "day" if weeks < FEWEST_WEEKS else "week" if weeks <= MOST_WEEKS else "month"
    days = time.to_numpy().astype("datetime64[D]")
    if kind == "week":
        # The days of NumPy count from a Thursday.
        numbers = days.astype(np.int64)
        begin = (numbers - (numbers + 3) % 7).astype("datetime64[D]")
    else:
        begin = days.astype("datetime64[M]").astype("datetime64[D]") if kind == "month" else days
    quantity = np.ones(len(rows))
    if "quantity" in rows.columns:
        quantity = rows["quantity"].fillna(1.0).to_numpy(dtype=float)
    found = pd.DataFrame({"begin": begin, "rows": quantity > 0})
    if "price" in rows.columns and rows["price"].notna().any():
        found["worth"] = quantity * rows["price"].to_numpy(dtype=float)
    sums = (
        found.groupby("begin")
        .sum()
        .asfreq({"day": "D", "week": "7D", "month": "MS"}[kind], fill_value=0)
    )
    return sums.reset_index(), kind
