"""One row's answer in words and figures: the car in its lane, the lines, trust."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from deepfield_lane_detection.dashboard import words

__all__ = ["figures", "lines"]


def figures(answer: Mapping[str, Any]) -> None:
    """Show what the two lines of the car's lane say, and whether to trust it."""
    st.markdown(words.departure(answer))
    metres, bend = float(answer["offset_m"]), float(answer["curvature_m"])
    with st.container(horizontal=True):
        st.metric(
            "Offset",
            words.offset(float(answer["offset"])),
            None if np.isnan(metres) else words.metres(abs(metres)),
            delta_color="off",
            delta_arrow="off",
            help="of the camera from the middle of its lane, in lane widths",
        )
        st.metric(
            "Curvature",
            words.bend(float(answer["curvature"])),
            None if np.isnan(bend) else f"radius {words.radius(bend)}",
            delta_color="off",
            delta_arrow="off",
            help="of the lane's middle as the picture shows it, 1 / picture width",
        )
        st.metric("Confidence", words.percent(float(answer["confidence"])))
    st.markdown(words.trusted(answer))


def lines(lanes: Sequence[Mapping[str, Any]], key: str) -> None:
    """Show the lines that were found, from left to right."""
    if not lanes:
        st.caption(":material/block: No line was found here.")
        return
    table = pd.DataFrame(
        {
            "line": [str(each["name"]) for each in lanes],
            "confidence": [float(each["confidence"]) for each in lanes],
            "length": [length(each["points"]) for each in lanes],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        key=f"{key}-lines",
        height="content",
        column_config={
            "confidence": st.column_config.ProgressColumn(
                "confidence",
                min_value=0.0,
                max_value=1.0,
                format="percent",
                help="that this line is there",
            ),
            "length": st.column_config.NumberColumn(
                "length", format="%d px", help="in the picture, along the line"
            ),
        },
    )


def length(points: np.ndarray) -> float:
    """Return how long a line is, in pixels."""
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
