"""One transaction: its card's and its terminal's history, and what carried its score."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from deepfield.dashboard.charts import waterfall
from deepfield.dashboard.context import Context
from deepfield.dashboard.words import plain
from deepfield_fraud_detection import plots
from deepfield_fraud_detection.dashboard.words import euros, percent
from deepfield_fraud_detection.scored import ALERTS, amounts, known_fraud

__all__ = ["history", "show"]

MOST_POINTS = 2000
"""Transactions of one card or terminal that are drawn, the nearest in time."""
COLOURS = {"approve": "green", "review": "orange", "decline": "red"}
KNOWN = {1.0: "fraud", 0.0: "genuine"}


def show(context: Context, number: int) -> None:
    """Show the transaction of that row number."""
    row = context.frame.loc[[number]].iloc[0]
    summary(context.frame, row)
    names = {"card_id": "Card", "terminal_id": "Terminal"}
    keys = [name for name in names if name in row.index and "time" in row.index]
    if keys:
        tabs = st.tabs([f"{names[name]} {plain(row[name])}" for name in keys])
        for place, column in zip(tabs, keys, strict=True):
            with place:
                timeline(context, number, column)
    reasons(context, number, row)


def summary(frame: pd.DataFrame, row: pd.Series) -> None:
    amount = euros(float(amounts(frame.loc[[row.name]]).iloc[0]))
    when = ""
    if "time" in row.index:
        when = f" on {pd.to_datetime(row['time'], utc=True):%Y-%m-%d at %H:%M} UTC"
    decision = str(row["decision"])
    known = KNOWN.get(float(known_fraud(frame.loc[[row.name]]).iloc[0]))
    trust = str(row["trust"])
    badges = [
        f":{COLOURS.get(decision, 'gray')}-badge[{plain(decision)}]",
        f":gray-badge[{percent(row['fraud'])} fraud]",
        f":gray-badge[{euros(row['at_risk'])} at risk]",
        f":{'gray' if trust == 'ok' else 'orange'}-badge[trust: {plain(trust)}]",
    ]
    if known:
        badges.append(f":{'red' if known == 'fraud' else 'green'}-badge[known: {known}]")
    st.markdown(f"#### {plain(amount)}{when}")
    st.markdown(" ".join(badges))


def timeline(context: Context, number: int, column: str) -> None:
    """Draw the transactions that share a card or a terminal with one."""
    found, total = history(context.frame, number, column)
    other = "terminal" if column == "card_id" else "card"
    others = found[other].nunique()
    alerts = int(found["decision"].isin(ALERTS).sum())
    frauds = int((found["known"] == "fraud").sum())
    words = [
        f"{total:,} transactions" if total != 1 else "The only transaction here",
        *([f"the nearest {len(found):,} are drawn"] if len(found) < total else []),
        f"{alerts:,} alerts",
        *([f"{frauds:,} known to be fraud (✕)"] if frauds else []),
        *([f"{others:,} {other}{'s' if others != 1 else ''}"] if found[other].any() else []),
        "the ring marks this one",
    ]
    st.altair_chart(plots.timeline(found, number), key=f"{context.key}-{column}")
    st.caption(" · ".join(words))


def history(frame: pd.DataFrame, number: int, column: str) -> tuple[pd.DataFrame, int]:
    """Return the transactions that share a column's value with a row, in time; and how many are.

    Of more than ``MOST_POINTS`` only the nearest in time are returned.
    """
    shared = frame[frame[column] == frame.at[number, column]]
    time = pd.to_datetime(shared["time"], utc=True, format="ISO8601")
    order = np.argsort(time.to_numpy(), kind="stable")
    place = int(np.flatnonzero(shared.index[order] == number)[0])
    start = max(0, min(place - MOST_POINTS // 2, len(order) - MOST_POINTS))
    near = shared.iloc[order[start : start + MOST_POINTS]]
    drawn = pd.DataFrame(
        {
            "time": time.loc[near.index],
            "amount": amounts(near),
            "probability": near["fraud"],
            "decision": near["decision"],
            "card": near["card_id"].astype("str") if "card_id" in near else "",
            "terminal": near["terminal_id"].astype("str") if "terminal_id" in near else "",
            "known": known_fraud(near).map(KNOWN).fillna(""),
        }
    )
    return drawn, len(shared)


def reasons(context: Context, number: int, row: pd.Series) -> None:
    """Show what carried the score."""
    explanation = context.explain(number)
    if explanation is None:
        written = row.get("reasons")
        st.markdown(plain(written) if isinstance(written, str) else "")
        st.caption("This row cannot be explained anew; what is written here was said when scored.")
        return
    st.markdown("**Why this probability**")
    st.markdown(plain(explanation.summary))
    if explanation.contributions is not None:
        st.altair_chart(waterfall(explanation.contributions), key=f"{context.key}-waterfall")
