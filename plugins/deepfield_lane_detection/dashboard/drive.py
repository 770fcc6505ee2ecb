"""The view of a drive: its frames with what was found on them, and how it went over time."""

from __future__ import annotations

import streamlit as st

from deepfield.dashboard.context import Context
from deepfield.dashboard.downloads import downloads
from deepfield.dashboard.video import annotated_video
from deepfield_lane_detection.course import Course
from deepfield_lane_detection.dashboard import answer, ground, kept, pictures, player, plots, words
from deepfield_lane_detection.dashboard import picture as single

__all__ = ["show"]


def show(context: Context) -> None:
    """Show a run of lane detection; of one picture alone, that picture."""
    if len(context.frame) == 1:
        single.show(context)
        return
    course = kept.course(context.run.id, context.frame)
    header(course)
    watch(context, course)
    taken_along(context)


def header(course: Course) -> None:
    """Show what came of the run as a whole."""
    table = course.table
    found = course.departures
    longest = max((each.length for each in found), default=0.0)
    # Pictures that are no frames of one video have no seconds.
    length = f"{longest:.1f} s" if course.timed else f"{longest:,.0f} in a row"
    with st.container(horizontal=True):
        st.metric("Frames" if course.timed else "Pictures", f"{len(table):,}", border=True)
        st.metric(
            "Own lane found",
            words.percent(course.found),
            border=True,
            help="frames in which both lines of the car's own lane were found",
        )
        st.metric("Departures", f"{len(found):,}", border=True, help="times that it left its lane")
        st.metric("Longest departure", length if found else "–", border=True)
        st.metric(
            "Median confidence", words.percent(float(table["confidence"].median())), border=True
        )
    doubtful = int((table["trust"] != "ok").sum())
    if doubtful:
        st.caption(
            f":material/help: {doubtful:,} of {len(table):,} frames are unsure or unlike the roads "
            "that the model knows; the charts mark them."
        )


@st.fragment
def watch(context: Context, course: Course) -> None:
    """Show a frame, its answer, the charts, and the road from above."""
    with st.container(border=True):
        place = player.choose(course, context.key)
        number = int(course.table["row"].iloc[place])
        picture = context.picture(number)
        left, right = st.columns([5, 3], gap="large")
        with left:
            pictures.show(context, number, picture)
        with right:
            answer.figures(pictures.answer_of(context.frame, number))
            answer.lines(pictures.lanes_of(context.frame, number), context.key)
            player.departures(course, context.key, place)
        charts(context, course, float(course.table["at"].iloc[place]))
    ground.show(context, number, picture)


def charts(context: Context, course: Course, here: float) -> None:
    threshold = ground.options_of(context).departure
    found = {
        "confidence": plots.confidence(course, here),
        "offset": plots.offset(course, threshold, here),
        "curvature": plots.curvature(course, here),
    }
    for name, chart in found.items():
        key = f"{context.key}-{name}"
        st.altair_chart(
            chart,
            key=key,
            on_select=player.taken_from(course, context.key, key),
            selection_mode=plots.CHOSEN,
        )
    st.caption(
        "Click into a chart to see the frame. Red: the car leaves its lane. Offset and curvature "
        "are positive to the right; a gap is where the own lane was not found."
    )


def taken_along(context: Context) -> None:
    """Offer the annotated video and the results as files."""
    name = f"deepfield-{context.run.domain}-{context.run.id}"
    st.markdown("#### Take it along")
    downloads(context.frame, name, context.key, context.model)
    with st.columns([3, 2])[0]:
        annotated_video(context)
