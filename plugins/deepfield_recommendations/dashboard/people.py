"""The view for each person: what they took, beside what they may take next, and why."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from deepfield.dashboard.charts import waterfall
from deepfield.dashboard.context import Context
from deepfield.dashboard.downloads import downloads
from deepfield.dashboard.words import plain
from deepfield_recommendations import RANKING
from deepfield_recommendations.dashboard import cards, past
from deepfield_recommendations.dashboard.asking import recommender
from deepfield_recommendations.dashboard.lists import long_form
from deepfield_recommendations.dashboard.purchases import taken_before
from deepfield_recommendations.dashboard.words import counted, trusted

__all__ = ["matching", "show"]

MOST_NAMES = 500
"""People that a browser is sent to choose from; a search finds the others."""
TRUST = ("ok", "unsure", "unfamiliar")


@st.fragment
def show(context: Context) -> None:
    """Show one person's history and list, and all lists to take along."""
    number = chosen(context)
    if number is not None:
        person(context, number)
    take_along(context)


def chosen(context: Context) -> int | None:
    """Let a person be chosen, by name; return the row number of the answer."""
    frame = context.frame
    if len(frame) == 1:
        return int(frame.index[0])
    places = np.arange(len(frame))
    left, middle, right = st.columns([3, 3, 4], vertical_alignment="bottom")
    words = left.text_input(
        "Find a person",
        type="search",
        live=True,
        placeholder="all, or a part of the name",
        key=f"{context.key}-search",
    )
    counts = frame["trust"].value_counts()
    kinds = middle.pills(
        "Trust",
        [each for each in TRUST if each in counts.index],
        selection_mode="multi",
        format_func=lambda each: f"{each} {counts[each]:,}",
        key=f"{context.key}-trust",
        help="none chosen: all",
    )
    places = matching(frame, words or "", list(kinds))
    if not len(places):
        st.info("Nobody is left; widen the search.", icon=":material/person_search:")
        return None
    shown = places[:MOST_NAMES]
    names = dict(zip(frame.index[shown], frame["user_id"].iloc[shown], strict=True))
    return right.selectbox(
        f"{counted(len(places), 'person', 'people')}"
        + (f", the first {MOST_NAMES} to choose from" if len(shown) < len(places) else ""),
        list(names),
        format_func=lambda each: str(names[each]),
        key=f"{context.key}-person",
        filter_mode="contains",
    )


def matching(frame: pd.DataFrame, words: str, kinds: list[str]) -> np.ndarray:
    """Return the places of the answers whose person's name contains the words; exact names first.

    Args:
        kinds: of trust; empty: all.
    """
    kept = np.ones(len(frame), dtype=bool)
    if kinds:
        kept &= frame["trust"].isin(kinds).to_numpy()
    if not words.strip():
        return np.flatnonzero(kept)
    names = frame["user_id"].astype("str").str.casefold()
    wanted = words.strip().casefold()
    kept &= names.str.contains(wanted, regex=False).to_numpy(dtype=bool)
    places = np.flatnonzero(kept)
    return places[np.argsort((names.iloc[places] != wanted).to_numpy(), kind="stable")]


def person(context: Context, number: int) -> None:
    """Show the person of that answer."""
    row = context.frame.loc[[number]].iloc[0]
    rows = context.group(number)
    st.markdown(f"#### {plain(row['user_id'])}")
    st.markdown(trusted(str(row["trust"]), float(row["confidence"])))
    left, right = st.columns([5, 6], gap="large")
    vocabulary = recommender(context.model).vocabulary
    with left:
        past.show(rows, str(row["history"]), vocabulary, f"{context.key}-{number}")
    similar = context.run.options.get("question") == "similar"
    with right:
        st.markdown("**Like what was taken last**" if similar else "**What may be taken next**")
        things = RANKING.read(row["recommended"])
        if not things:
            st.info(
                "Nothing to recommend: no item of the catalogue is left with the options of this "
                "run. Score again with other categories, prices, or what was taken before kept in.",
                icon=":material/filter_alt_off:",
            )
            return
        taken = {} if rows is None else taken_before(rows)
        shown = cards.cards_of(things, vocabulary, taken)
        cards.show(shown, f"{context.key}-{number}", similar=similar)
    if not similar:  # likeness is of two items; no history carries it
        reasons(context, number)


def reasons(context: Context, number: int) -> None:
    """Show what carried the first item of the list."""
    with st.container(border=True):
        st.markdown("**Why the first stands first**")
        explanation = context.explain(number)
        if explanation is None:
            st.caption("This cannot be told any more: what the list was made from was not kept.")
            return
        st.markdown(plain(explanation.summary))
        if explanation.contributions is not None and explanation.contributions.values:
            st.altair_chart(
                waterfall(explanation.contributions), key=f"{context.key}-{number}-waterfall"
            )
            st.caption(
                "Each item's step is what the score of the first loses when that item is taken out "
                "of the history; *base* is what is left without any of them."
            )


def take_along(context: Context) -> None:
    """Offer all lists as files."""
    st.markdown("**All lists, a row for each item**")
    name = f"deepfield-lists-{context.run.id}"
    downloads(partial(long_form, context.frame), name, f"{context.key}-lists")
