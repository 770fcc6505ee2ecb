"""The view of a run as a whole: reach, leaning, kinds of people, sales, what is recommended."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from deepfield.dashboard.context import Context
from deepfield_recommendations.dashboard import kept, kinds, plots
from deepfield_recommendations.dashboard.reach import RECOMMENDED, SOLD, Reach
from deepfield_recommendations.dashboard.words import TRUST, counted, percent

__all__ = ["show"]

SHORT = {
    "ok": "likelier right than what is popular",
    "unsure": "no likelier right than what is popular",
    "unfamiliar": "of people of whom the model knows nothing",
}


def show(context: Context) -> None:
    """Show what the lists of a run come to."""
    found = kept.reach(context)
    header(context, found)
    leaning(context, found)
    left, right = st.columns(2, gap="large")
    with left:
        most(context, found)
    with right:
        sales(context)
    kinds.show(context)


def header(context: Context, found: Reach) -> None:
    """Show figures of all lists."""
    counts = context.frame["trust"].value_counts()
    cells = [
        ("People", f"{len(context.frame):,}", "each has one list"),
        (
            "Catalogue coverage",
            percent(found.listed / max(found.items, 1)),
            f"{found.listed:,} of {counted(found.items, 'item')} of the catalogue stand in at "
            "least one list",
        ),
        (
            "Inequality of recommendations",
            figure(found.inequality[RECOMMENDED]),
            "the Gini coefficient: 0 where all items of the catalogue are recommended equally "
            f"often, nearly 1 where one is to everybody. Of sales it is "
            f"{figure(found.inequality[SOLD])}.",
        ),
        (
            "Lists with a hit, expected",
            percent(float(context.frame["confidence"].mean())),
            "the mean of the calibrated probabilities that something of a list is taken next",
        ),
        *((f"Trust: {each}", f"{counts.get(each, 0):,}", f"lists {SHORT[each]}") for each in TRUST),
    ]
    with st.container(horizontal=True):
        for name, value, words in cells:
            st.metric(name, value, help=words, border=True)


def figure(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"


def leaning(context: Context, found: Reach) -> None:
    """Show how far recommendations lean to what sells anyway."""
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(
            "#### Popular and rare items",
            help="the catalogue in tenths by what the model's own log sold; bars for "
            "recommendations above those for sales say that the lists lean to what is popular",
        )
        st.altair_chart(plots.tenths(found.tenths), key=f"{context.key}-tenths")
    with right:
        st.markdown(
            "#### How unequally items are recommended",
            help="Lorenz curves: which share of all recommendations, and of all sales, the items "
            "have that get least. On the dashed line all items get the same",
        )
        st.altair_chart(plots.inequality(found.curves), key=f"{context.key}-curves")


def most(context: Context, found: Reach) -> None:
    """List what stands in most lists."""
    st.markdown("#### Most recommended")
    if found.most.empty:
        st.info("Nothing was recommended to anybody.", icon=":material/filter_alt_off:")
        return
    st.dataframe(
        found.most, hide_index=True, height=280, column_config=COLUMNS, key=f"{context.key}-most"
    )


def sales(context: Context) -> None:
    """Show sales over time, of the people of this run."""
    found = kept.sales(context)
    if found is None:
        st.markdown("#### Sales over time")
        st.info(
            "The rows of this run, or their times, were not kept.",
            icon=":material/history_toggle_off:",
        )
        return
    sums, kind = found
    st.markdown(
        f"#### Sales by {kind}",
        help="of the people of this run, in UTC"
        + ("; weeks begin on Mondays" if kind == "week" else ""),
    )
    if "worth" in sums.columns:
        rows, worth = st.tabs(["Rows", "Worth"])
        rows.altair_chart(plots.sales(sums, kind, "rows"), key=f"{context.key}-rows")
        worth.altair_chart(plots.sales(sums, kind, "worth"), key=f"{context.key}-worth")
    else:
        st.altair_chart(plots.sales(sums, kind, "rows"), key=f"{context.key}-rows")


COLUMNS: dict[str, Any] = {
    "title": st.column_config.TextColumn("title", width="medium"),
    "lists": st.column_config.NumberColumn("lists", format="localized", width="small"),
    "share": st.column_config.NumberColumn("of people", format="percent", width="small"),
    "sold": st.column_config.NumberColumn(
        "sells", format="localized", width="small", help="the place among what sells most: 1 is top"
    ),
    "item": st.column_config.TextColumn("item", width="small"),
}
