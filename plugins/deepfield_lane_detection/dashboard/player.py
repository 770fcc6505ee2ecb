"""Choose a frame: a slider, buttons and keys, and a click into a chart."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from deepfield_lane_detection.course import Course
from deepfield_lane_detection.dashboard.plots import CHOSEN
from deepfield_lane_detection.dashboard.words import clock

__all__ = ["choose", "taken_from"]

# What a click or a key does runs before the page is drawn anew, so that all of it shows the change.


def choose(course: Course, key: str) -> int:
    """Show what a frame is chosen with, and return its place among the rows, from 0."""
    count = len(course.table)
    slot = f"{key}-frame"
    place = int(st.session_state.setdefault(slot, 1))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        button("Previous", "chevron_left", key, partial(move, slot, place - 1), place > 1, "P")
        with st.container(width="stretch"):
            at = float(course.table["at"].iloc[place - 1])
            said = f" · {clock(at)} of {clock(float(course.table['at'].iloc[-1]))}"
            st.slider(
                f"Frame {place:,} of {count:,}{said if course.timed else ''}",
                1,
                count,
                key=slot,
                format="%d",
                help="or click into a chart below, or press P and N",
            )
        button("Next", "chevron_right", key, partial(move, slot, place + 1), place < count, "N")
    return place - 1


def departures(course: Course, key: str, place: int) -> None:
    """Show what leads to the departures before and after a frame, if there are any."""
    found = course.departures
    if not found:
        return
    slot = f"{key}-frame"
    places = [place_of(course, each.first) for each in found]
    before = [each for each in places if each < place]
    after = [each for each in places if each > place]
    with st.container(horizontal=True, gap="small"):
        for name, icon, there in (
            ("Departure before", "skip_previous", before[-1:]),
            ("Next departure", "skip_next", after[:1]),
        ):
            go = partial(move, slot, there[0] + 1 if there else 1)
            button(name, icon, key, go, bool(there))


def button(
    name: str, icon: str, key: str, act: Callable[[], None], can: bool, letter: str | None = None
) -> None:
    st.button(
        name,
        key=f"{key}-{name}",
        icon=f":material/{icon}:",
        on_click=act,
        disabled=not can,
        shortcut=letter,
    )


def taken_from(course: Course, key: str, chart: str) -> Callable[[], None]:
    """Return what moves the slider to the frame that was clicked in a chart."""

    def take() -> None:
        chosen = st.session_state[chart]["selection"].get(CHOSEN) or []
        if chosen:
            move(f"{key}-frame", place_of(course, int(chosen[0]["row"])) + 1)

    return take


def move(slot: str, place: int) -> None:
    st.session_state[slot] = place


def place_of(course: Course, row: int) -> int:
    """Return the place of a row's number among the rows, from 0."""
    return int(course.table["row"].searchsorted(row))
