"""Kinds of people on a map: choose one, and see who they are and what they take."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from deepfield.dashboard.context import Context
from deepfield.dashboard.words import plain
from deepfield_recommendations.dashboard import kept, plots
from deepfield_recommendations.dashboard.segments import FEWEST
from deepfield_recommendations.dashboard.words import counted, percent

__all__ = ["show"]

MOST_PEOPLE = 2000
"""Of a segment that a browser is sent."""


@st.fragment
def show(context: Context) -> None:
    """Show the map, and the segment that is chosen."""
    st.markdown(
        "#### Kinds of people",
        help="people who take alike stand together: k-means over vectors of people, the number of "
        "segments by their silhouette. What sets a segment apart names it",
    )
    found = kept.kinds(context)
    if found is None:
        st.info(
            f"This takes the histories of at least {FEWEST} people who took items of the model's "
            "catalogue, kept with the run.",
            icon=":material/groups:",
        )
        return
    names = [plain_name(each) for each in found.segments.names()]
    counts = np.bincount(found.people["segment"], minlength=len(names))
    chosen = st.selectbox(
        "Segment",
        range(len(names)),
        index=None,
        placeholder="all; choose one to see who is in it",
        format_func=lambda each: (
            f"{names[each]} · {counted(int(counts[each]), 'person', 'people')}"
        ),
        key=f"{context.key}-segment",
    )
    left, right = st.columns([6, 5], gap="large")
    drawn = found.people
    if len(drawn) > plots.MOST_POINTS:
        drawn = drawn.sample(plots.MOST_POINTS, random_state=0)
    with left:
        st.altair_chart(plots.people(drawn, names, chosen), key=f"{context.key}-map")
        st.caption(
            f"{counted(len(drawn), 'person', 'people')}"
            + (f" of {len(found.people):,}" if len(drawn) < len(found.people) else "")
            + f", drawn by {found.segments.way}; a dot says who it is."
        )
    with right:
        if chosen is None:
            everybody(found, names, counts)
        else:
            one(context, found, int(chosen))


def everybody(found: kept.Kinds, names: list[str], counts: np.ndarray) -> None:
    """Show what each segment is."""
    for name, count, typical in zip(names, counts, found.segments.typical, strict=True):
        more = " · ".join(plain_name(each) for each in typical["title"].iloc[2:5])
        words = [
            f"**{plain(name)}**",
            f":small[{counted(int(count), 'person', 'people')}, "
            f"{percent(count / len(found.people))}]",
            *([f":small[:gray[{plain(more)}]]"] if more else []),
        ]
        with st.container(border=True):
            st.markdown("  \n".join(words))


def one(context: Context, found: kept.Kinds, chosen: int) -> None:
    """Show what a segment takes, and its people."""
    key = f"{context.key}-segment-{chosen}"
    st.markdown("**What sets it apart**")
    st.dataframe(
        found.segments.typical[chosen],
        hide_index=True,
        height=230,
        column_config=TYPICAL,
        key=f"{key}-typical",
    )
    people = found.people[found.people["segment"] == chosen]
    st.markdown(f"**Its {counted(len(people), 'person', 'people')}**")
    st.dataframe(
        people.sort_values("items", ascending=False, kind="stable").head(MOST_PEOPLE)[
            ["user", "items", "last", "first", "trust"]
        ],
        hide_index=True,
        height=230,
        column_config=PEOPLE,
        key=f"{key}-people",
    )


def plain_name(name: str) -> str:
    return " ".join(name.split())


TYPICAL: dict[str, Any] = {
    "title": st.column_config.TextColumn("title", width="medium"),
    "here": st.column_config.NumberColumn("here", format="percent", help="of its people took it"),
    "all": st.column_config.NumberColumn("all", format="percent", help="of all people took it"),
    "item": st.column_config.TextColumn("item", width="small"),
}
PEOPLE: dict[str, Any] = {
    "user": st.column_config.TextColumn("person"),
    "items": st.column_config.NumberColumn("items taken", format="localized", width="small"),
    "last": st.column_config.TextColumn("last on", width="small"),
    "first": st.column_config.TextColumn("recommended first", width="medium"),
    "trust": st.column_config.TextColumn("trust", width="small"),
}
