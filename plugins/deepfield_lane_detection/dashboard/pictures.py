"""The picture of a row with its answer over it, or its lines alone where it was not kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from deepfield.dashboard.context import Context
from deepfield.drawing import annotated
from deepfield.explanation import overlay
from deepfield.fields import Polylines
from deepfield_lane_detection import LaneDetection

__all__ = ["answer_of", "drawn", "lanes_of", "show", "size_of", "with_evidence"]

LANES = next(each for each in LaneDetection.outputs if isinstance(each, Polylines))

WIDEST = 1280
"""Pixels that a browser is sent of a picture's width."""
EMPTY = (38, 47, 51)


def lanes_of(frame: pd.DataFrame, number: int) -> list[dict[str, Any]]:
    """Return the lines of a row."""
    value = frame.at[number, LANES.name]
    if value is None or isinstance(value, float):
        return []
    return LANES.read(value)


def answer_of(frame: pd.DataFrame, number: int) -> dict[str, Any]:
    """Return all that a row says, by column."""
    values = {str(name): value for name, value in frame.loc[number].items()}
    return {**values, LANES.name: lanes_of(frame, number)}


def drawn(context: Context, number: int, picture: np.ndarray) -> Image.Image:
    """Return a picture with the row's answer over it, as large as a browser needs it."""
    answer = answer_of(context.frame, number)
    found = Image.fromarray(annotated(context.model.domain, context.model.outputs, picture, answer))
    found.thumbnail((WIDEST, WIDEST))
    return found


def size_of(frame: pd.DataFrame, number: int) -> tuple[int, int]:
    """Return (height, width) of a row's picture as it came."""
    row = frame.loc[number].to_dict()
    return int(row["picture_height"]), int(row["picture_width"])


def show(context: Context, number: int, picture: Image.Image | None) -> None:
    """Show a row's picture with its answer; an empty frame of its size where it was not kept."""
    if picture is None:
        empty = np.full((*size_of(context.frame, number), 3), EMPTY, dtype=np.uint8)
        st.image(drawn(context, number, empty), width="stretch")
        st.caption(
            ":material/hide_image: The pictures of this run were not kept; its lines stand on an "
            "empty frame. Score it again to see the road."
        )
        return
    st.image(drawn(context, number, np.asarray(picture)), width="stretch", output_format="JPEG")


def with_evidence(picture: Image.Image, context: Context, number: int) -> None:
    """Show where the evidence for a row's lines lies."""
    explanation = context.explain(number)
    if explanation is None or explanation.heatmap is None:
        st.info("This picture could not be explained.", icon=":material/local_fire_department:")
        return
    shown = picture.copy()
    shown.thumbnail((WIDEST, WIDEST))
    st.image(overlay(shown, explanation.heatmap, 0.7), width="stretch", output_format="JPEG")
