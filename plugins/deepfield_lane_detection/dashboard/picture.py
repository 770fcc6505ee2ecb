"""The view of a picture by itself: its lines, where the evidence for them lies, the ground."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from deepfield.dashboard.context import Context
from deepfield.dashboard.downloads import downloads
from deepfield_lane_detection.dashboard import answer, ground, pictures

__all__ = ["show"]

MOST = 2000
"""Pictures to choose among; a drive is leafed through in its own view."""


@st.fragment
def show(context: Context) -> None:
    """Show one picture of a run, and let a person choose which."""
    number = chosen(context)
    picture = context.picture(number)
    with st.container(border=True):
        left, right = st.columns([5, 3], gap="large")
        with right:
            answer.figures(pictures.answer_of(context.frame, number))
            answer.lines(pictures.lanes_of(context.frame, number), context.key)
            evidence = st.toggle(
                "Show where the evidence lies",
                key=f"{context.key}-evidence",
                disabled=picture is None,
                help="a heat map of what spoke for the lines that were found",
            )
        with left:
            if picture is not None and evidence:
                pictures.with_evidence(picture, context, number)
            else:
                pictures.show(context, number, picture)
    ground.show(context, number, picture)
    if len(context.frame) == 1:
        name = f"deepfield-{context.run.domain}-{context.run.id}"
        downloads(context.frame, name, context.key, context.model)


def chosen(context: Context) -> int:
    """Return the number of the row that a person looks at."""
    numbers = [int(each) for each in context.frame.index]
    if len(numbers) == 1:
        return numbers[0]
    names = named(context.frame.head(MOST))
    if len(numbers) > MOST:
        st.caption(f"The first {MOST:,} of {len(numbers):,} can be chosen here; *Drive* has all.")
    key = f"{context.key}-chosen"
    return int(st.selectbox("Picture", numbers[:MOST], format_func=names.__getitem__, key=key))


def named(frame: pd.DataFrame) -> dict[int, str]:
    """Return what each row is called: its number and its file."""
    files = frame["image"].astype("str") if "image" in frame else pd.Series("", frame.index)
    last = [file.replace("\\", "/").rsplit("/", 1)[-1] for file in files]
    numbers = map(int, frame.index)
    return {number: f"{number} · {file}" for number, file in zip(numbers, last, strict=True)}
