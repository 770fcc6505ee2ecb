"""The picture of a row: as it is, with its answer over it, or with what carried the answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from deepfield.dashboard.words import plain
from deepfield.drawing import annotated, can_annotate
from deepfield.errors import DeepfieldError
from deepfield.explanation import Explanation, overlay
from deepfield.images import open_picture
from deepfield.loading import Model

__all__ = ["kept_picture", "shown_picture"]

log = logging.getLogger(__name__)


def kept_picture(pictures: Mapping[int, Any], number: int) -> Image.Image | None:
    """Return a row's picture in RGB, upright; None if it was not kept or is gone."""
    if number not in pictures:
        return None
    try:
        return open_picture(pictures[number], "RGB")
    except DeepfieldError:
        return None


def shown_picture(
    model: Model,
    picture: Image.Image,
    answer: Mapping[Any, Any],
    explanation: Explanation | None,
    key: str,
) -> None:
    """Show a picture with its answer over it, and a heat map if the explanation has one."""
    if can_annotate(model.domain, model.outputs):
        picture = _drawn_over(model, picture, answer)
    picture.thumbnail((900, 900))
    if explanation is None or explanation.heatmap is None:
        st.image(picture, width="stretch")
        return
    opacity = st.slider(
        "Heat map",
        0,
        100,
        45,
        5,
        format="%d %%",
        key=f"{key}-opacity",
        help="how strongly the evidence is drawn over the picture; 0 shows the picture alone",
    )
    st.image(overlay(picture, explanation.heatmap, opacity / 100), width="stretch")


def _drawn_over(model: Model, picture: Image.Image, answer: Mapping[Any, Any]) -> Image.Image:
    try:
        drawn = annotated(model.domain, model.outputs, np.asarray(picture), answer)
    except Exception as error:  # a plugin's own way may raise anything; the picture is shown bare
        log.exception("drawing an answer of %s failed", model.domain.name)
        st.error(
            plain(f"Drawing the answer failed: {type(error).__name__}: {error}"),
            icon=":material/error:",
        )
        return picture
    return Image.fromarray(drawn)
