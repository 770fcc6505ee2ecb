"""What is computed once for a run, however often a page is drawn; shared by all who look at it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from deepfield_lane_detection.birds_eye import usual_pitch
from deepfield_lane_detection.course import Course
from deepfield_lane_detection.dashboard.pictures import lanes_of

__all__ = ["course", "pitch"]

MOST = 300
"""Frames that a median is taken over, from all over the run."""

# A resource, for data would be copied out of the cache at every click.


@st.cache_resource(show_spinner="Adding up …", max_entries=16)
def course(run: str, _frame: pd.DataFrame) -> Course:
    return Course.of(_frame)


@st.cache_data(show_spinner="Looking at the lines …", max_entries=64)
def pitch(run: str, view: float, size: tuple[int, int], _frame: pd.DataFrame) -> float:
    """Return the median pitch in degrees over those pictures of a run that are of a size."""
    alike = (_frame["picture_height"] == size[0]) & (_frame["picture_width"] == size[1])
    numbers = _frame.index[alike.to_numpy()]
    places = np.linspace(0, len(numbers) - 1, min(len(numbers), MOST)).round().astype(int)
    return usual_pitch((lanes_of(_frame, int(each)) for each in numbers[places]), view, size)
