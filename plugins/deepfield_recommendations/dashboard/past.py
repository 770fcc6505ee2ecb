"""What one person took, basket by basket, the latest first."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from deepfield.dashboard.words import plain
from deepfield_recommendations.dashboard.purchases import Basket, Line, baskets, titles_of
from deepfield_recommendations.dashboard.words import counted, money
from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["basket_in_words", "show"]

MOST_BASKETS = 5
MOST_LINES = 12
"""Of one basket; the table below has all."""


def show(rows: pd.DataFrame | None, summary: str, vocabulary: Vocabulary, key: str) -> None:
    """Show a history.

    Args:
        rows: in order; None where they were not kept.
        summary: what the results say of it.
    """
    st.markdown("**What was taken**")
    st.caption(plain(summary))
    if rows is None:
        st.info(
            "The history itself was not kept with this run; score the rows again here to see it.",
            icon=":material/history_toggle_off:",
        )
        return
    found, count = baskets(rows, vocabulary, MOST_BASKETS)
    for basket in found:
        with st.container(border=True):
            st.markdown(basket_in_words(basket))
    if count > len(found) or any(len(each.lines) > MOST_LINES for each in found):
        with st.expander(f"All {counted(len(rows), 'row')}", icon=":material/table_rows:"):
            st.dataframe(
                table(rows, vocabulary),
                hide_index=True,
                column_config={
                    "time": st.column_config.DatetimeColumn(
                        "time (UTC)", format="YYYY-MM-DD HH:mm", timezone="UTC"
                    )
                },
                key=f"{key}-rows",
            )


def basket_in_words(basket: Basket) -> str:
    """Return a basket as Markdown: when, what it came to, and a line for each thing."""
    head = [f"**{basket.when}**"] if basket.when else []
    head += [plain(basket.name)] if basket.name else []
    head.append(counted(len(basket.lines), "item"))
    if np.isfinite(basket.worth):
        head.append(money(basket.worth))
    lines = [line_in_words(each) for each in basket.lines[:MOST_LINES]]
    if len(basket.lines) > MOST_LINES:
        lines.append(f":small[and {len(basket.lines) - MOST_LINES:,} more]")
    return "  \n".join([" · ".join(head), *lines])


def line_in_words(line: Line) -> str:
    words = plain(line.title)
    if np.isfinite(line.quantity) and abs(line.quantity) != 1:
        words = f"{abs(line.quantity):,g} × {words}"
    if line.quantity <= 0:
        words = f":orange-badge[given back] {words}"
    if np.isfinite(line.price):
        words += f" · {money(line.price)}"
    if not line.known:
        words += " :gray-badge[not in the catalogue]"
    return f":small[{words}]"


def table(rows: pd.DataFrame, vocabulary: Vocabulary) -> pd.DataFrame:
    """Return all rows, the latest first."""
    names = [each for each in ("time", "basket_id", "quantity", "price", "item_id") if each in rows]
    found = rows[names].rename(columns={"basket_id": "basket", "item_id": "item"})
    found.insert(min(1, len(found.columns)), "title", titles_of(rows, vocabulary))
    return found.iloc[::-1]
