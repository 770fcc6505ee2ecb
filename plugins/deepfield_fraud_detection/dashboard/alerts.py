"""The list of alerts: filter it, choose one, take it along."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from deepfield.dashboard.context import Context
from deepfield.dashboard.downloads import downloads
from deepfield_fraud_detection.dashboard import kept, story
from deepfield_fraud_detection.dashboard.words import euros, percent
from deepfield_fraud_detection.scored import ALERTS, DECISIONS, amounts

__all__ = ["matching", "show"]

MOST_ROWS = 2000
"""Alerts that a browser is sent; the export has all of them."""
COLUMNS = [
    "at_risk",
    "amount",
    "fraud",
    "decision",
    "reasons",
    "card_id",
    "terminal_id",
    "time",
    "trust",
    "is_fraud",
    "transaction_id",
    "currency",
]


@st.fragment
def show(context: Context) -> None:
    """Show the alerts, and the one that is chosen with its history and its reasons."""
    with st.container(border=True):
        st.markdown("#### Alerts, by money at risk")
        rows = filtered(context)
        if rows.empty:
            nothing(context)
            return
        shown = rows.head(MOST_ROWS)
        st.caption(
            f"{len(rows):,} transactions"
            + (f"; the first {MOST_ROWS:,} are shown" if len(shown) < len(rows) else "")
            + f" · {euros(rows['at_risk'].sum())} at risk. Choose one in the table or below it."
        )
        chosen = table(context, shown)
        downloads(rows, f"deepfield-alerts-{context.run.id}", f"{context.key}-alerts")
    numbers = [int(number) for number in shown.index]
    names = dict(zip(numbers, named(shown), strict=True))
    with st.container(border=True):
        number = st.selectbox(
            "Transaction in detail",
            numbers,
            numbers.index(chosen),
            format_func=names.__getitem__,
            # A new choice in the table makes a new widget, which takes it as its default.
            key=f"{context.key}-chosen-{chosen}",
        )
        story.show(context, number)


def named(rows: pd.DataFrame) -> list[str]:
    """Return what each row is called where one is chosen."""
    cards = (
        [f" · card {card}" for card in rows["card_id"]] if "card_id" in rows else [""] * len(rows)
    )
    values = zip(rows.index, amounts(rows), rows["fraud"], rows["decision"], cards, strict=True)
    return [
        f"row {number} · {euros(amount)} · {percent(fraud)} · {decision}{card}"
        for number, amount, fraud, decision, card in values
    ]


def filtered(context: Context) -> pd.DataFrame:
    """Let a person narrow the list, and return all rows that are left."""
    left, middle, right = st.columns([2, 2, 3], vertical_alignment="bottom")
    decisions = left.pills(
        "Decision",
        DECISIONS,
        default=ALERTS,
        selection_mode="multi",
        key=f"{context.key}-decisions",
    )
    least = middle.slider(
        "Probability of fraud, at least",
        0.0,
        1.0,
        0.0,
        0.01,
        format="percent",
        key=f"{context.key}-least",
    )
    words = ""
    if searched(context.frame):
        words = right.text_input(
            "Card or terminal",
            placeholder="all, or a part of the name",
            key=f"{context.key}-search",
            icon=":material/search:",
        )
    ordered = tuple(each for each in DECISIONS if each in decisions)
    return matching(kept.ranked(context.run.id, ordered, context.frame), least, words)


def matching(rows: pd.DataFrame, least: float, words: str) -> pd.DataFrame:
    """Return rows of at least that probability whose card or terminal contains the words."""
    if least > 0:
        rows = rows[rows["fraud"] >= least]
    if words.strip():
        found = [
            rows[name].astype("str").str.contains(words.strip(), case=False, regex=False)
            for name in searched(rows)
        ]
        rows = rows[np.logical_or.reduce(found)]
    return rows


def searched(rows: pd.DataFrame) -> list[str]:
    """Return the columns that a person searches in, of those that are there."""
    return [name for name in ("card_id", "terminal_id") if name in rows.columns]


def nothing(context: Context) -> None:
    if context.frame["decision"].isin(ALERTS).any():
        st.info("No transaction is left; widen the filters.", icon=":material/filter_alt:")
        return
    highest = context.frame["fraud"].max()
    st.success(
        f"No alerts: each of the {len(context.frame):,} transactions was approved; the highest "
        f"probability of fraud is {percent(highest)}. Choose the decision *approve* to look at "
        "them all the same.",
        icon=":material/verified_user:",
    )


def table(context: Context, shown: pd.DataFrame) -> int:
    """Show the rows and return the number of the one that was chosen."""
    names = [name for name in COLUMNS if name in shown.columns and shown[name].notna().any()]
    event = st.dataframe(
        shown[names].reset_index(),
        hide_index=True,
        column_config=columns(),
        on_select="rerun",
        selection_mode="single-row",
        height=390,
        key=f"{context.key}-table",
    )
    rows = [each for each in event["selection"]["rows"] if each < len(shown)]
    return int(shown.index[rows[0] if rows else 0])


def columns() -> dict[str, Any]:
    make = st.column_config
    return {
        "row": make.NumberColumn("row", width="small", format="%d"),
        "at_risk": make.NumberColumn("at risk", format="euro", help="amount × probability"),
        "amount": make.NumberColumn("amount", format="euro"),
        "fraud": make.ProgressColumn("fraud", min_value=0.0, max_value=1.0, format="percent"),
        "decision": make.TextColumn("decision", width="small"),
        "reasons": make.TextColumn("reasons", width="large"),
        "card_id": make.TextColumn("card"),
        "terminal_id": make.TextColumn("terminal"),
        "time": make.DatetimeColumn("time (UTC)", format="YYYY-MM-DD HH:mm", timezone="UTC"),
        "is_fraud": make.CheckboxColumn("known fraud", width="small"),
        "transaction_id": make.TextColumn("transaction"),
    }
