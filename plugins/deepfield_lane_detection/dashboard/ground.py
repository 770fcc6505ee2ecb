"""The camera's place, and the road from above as it would have been seen from there."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from deepfield.dashboard.context import Context
from deepfield.loading import parse_options
from deepfield_lane_detection import LaneOptions
from deepfield_lane_detection.birds_eye import (
    Patch,
    from_above,
    lines_on_ground,
    measured,
    own_lines,
    pitch_of,
    why_senseless,
)
from deepfield_lane_detection.dashboard import kept, pictures, plots, words
from deepfield_lane_detection.dashboard.pictures import lanes_of
from deepfield_lane_detection.geometry import Camera

__all__ = ["options_of", "show"]

GUESS = 1.4
"""Metres above the road at which a camera behind a windscreen hangs."""
USUAL = (2.0, 6.0)
"""Metres that a lane is wide, about, anywhere."""
PATCH = Patch()


def options_of(context: Context) -> LaneOptions:
    """Return what the run was scored with."""
    _, own = context.model.formats.split(context.run.options)
    options = parse_options(context.model.domain, own)
    assert isinstance(options, LaneOptions)
    return options


def show(context: Context, number: int, picture: Image.Image | None) -> None:
    """Show a form for the camera, and a row's road from above.

    Args:
        picture: as it came; None where it was not kept.
    """
    size = pictures.size_of(context.frame, number)
    with st.container(border=True):
        st.markdown("#### From above", help="the picture laid on a flat road, as a bird sees it")
        asking, seeing = st.columns([5, 7], gap="large")
        pair = own_lines(lanes_of(context.frame, number))
        with asking:
            camera = ask(context, size, pair)
            problem = why_senseless(camera, *pair) if pair else ""
            if pair is None:
                st.info(
                    "Not both lines of the own lane were found here, so nothing can be measured.",
                    icon=":material/straighten:",
                )
            elif problem:
                st.warning(problem, icon=":material/videocam_off:")
            else:
                metric(camera, *pair)
        with seeing:
            if problem:
                return
            road(context, number, picture, camera)


def road(context: Context, number: int, picture: Image.Image | None, camera: Camera) -> None:
    seen = None
    if picture is not None:
        seen = from_above(np.asarray(picture), camera, PATCH, plots.SHAPE)
    lines = lines_on_ground(lanes_of(context.frame, number), camera, PATCH)
    st.altair_chart(plots.above(seen, lines, PATCH), width="content", key=f"{context.key}-above")
    st.caption("Across, a metre is drawn larger than ahead. What rises above the road is smeared.")


def ask(
    context: Context, size: tuple[int, int], pair: tuple[np.ndarray, np.ndarray] | None
) -> Camera:
    """Draw the form, and return the camera that it describes."""
    key = f"{context.key}-camera"
    scored = options_of(context)
    known = scored.camera_height > 0
    view = float(st.session_state.get(f"{key}-view", scored.view))
    usual = kept.pitch(context.run.id, view, size, context.frame)
    slots: dict[str, Any] = {
        "height": scored.camera_height if known else GUESS,
        "pitch": scored.pitch if known or math.isnan(usual) else usual,
        "view": scored.view,
    }
    for name, value in slots.items():
        st.session_state.setdefault(f"{key}-{name}", round(float(value), 1))
    with st.container(horizontal=True):
        height = st.number_input(
            "Height, m", 0.3, 5.0, step=0.1, format="%.1f", key=f"{key}-height",
            help="of the camera above the road",
        )  # fmt: skip
        pitch = st.number_input(
            "Pitch, °", -30.0, 30.0, step=0.5, format="%.1f", key=f"{key}-pitch",
            help="how far the camera looks down",
        )  # fmt: skip
        st.number_input(
            "Angle of view, °", 20.0, 150.0, step=1.0, format="%.1f", key=f"{key}-view",
            help="from the left side of the picture to the right",
        )  # fmt: skip
    here = pitch_of(*pair, view, size) if pair else math.nan
    st.caption("Pitch, by where the lines of the own lane meet:")
    with st.container(horizontal=True, gap="small"):
        estimate(f"{key}-pitch", "In this frame", here)
        if len(context.frame) > 1:
            estimate(f"{key}-pitch", "Median of the run", usual)
    if not known:
        st.caption(
            f":material/info: Nobody said how high the camera is. {GUESS} m is usual behind a "
            "windscreen, and all metres grow with it."
        )
    return Camera.of_view(height, pitch, view, size)


def estimate(slot: str, name: str, pitch: float) -> None:
    """Show a button that takes an estimated pitch."""

    def take(value: float) -> None:
        st.session_state[slot] = value

    there = math.isfinite(pitch)
    st.button(
        f"{name}: {pitch:.1f}°" if there else f"{name}: unknown",
        icon=":material/straighten:",
        key=f"{slot}-{name}",
        disabled=not there,
        on_click=partial(take, round(pitch, 1)),
    )


def metric(camera: Camera, left: np.ndarray, right: np.ndarray) -> None:
    """Show what the two lines of the lane say in metres."""
    found = measured(camera, left, right)
    with st.container(horizontal=True):
        st.metric("Lane width", words.metres(found.width))
        side = "" if math.isnan(found.offset) else f" {words.side(found.offset)}"
        st.metric("Offset", f"{words.metres(abs(found.offset))}{side}")
        st.metric("Radius", words.radius(found.curvature))
    if not math.isnan(found.width) and not USUAL[0] <= found.width <= USUAL[1]:
        st.caption(
            f":material/warning: A lane {found.width:.1f} m wide is unlikely: check the camera's "
            "height and angle of view."
        )
