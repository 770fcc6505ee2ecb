"""An answer drawn over its picture: the car's lane filled, lines in their colours, words below."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from deepfield.drawing import draw_polylines
from deepfield_lane_detection.placing import NAMES

__all__ = ["drawn", "words"]

KEPT, LEAVING = (0, 158, 115), (213, 94, 0)
"""RGB of the lane that the car keeps to, or is about to leave."""
OPACITY = 0.25


def drawn(picture: np.ndarray, answer: Mapping[str, Any]) -> np.ndarray:
    """Return a picture, uint8 (H, W, 3), with what was found on it."""
    lanes = list(answer.get("lanes") or [])
    by_name = {each["name"]: np.asarray(each["points"], dtype=np.float32) for each in lanes}
    left, right = by_name.get("left"), by_name.get("right")
    if left is not None and right is not None and len(left) > 1 and len(right) > 1:
        leaving = answer.get("departure") in ("left", "right")
        _fill(picture, np.concatenate([left, right[::-1]]), LEAVING if leaving else KEPT)
    picture = draw_polylines(picture, lanes, NAMES)
    _caption(picture, words(answer))
    return picture


def words(answer: Mapping[str, Any]) -> str:
    """Return the answer in a few plain words."""
    offset = answer.get("offset")
    if offset is None or math.isnan(offset):
        text = "no lane of its own found" if answer.get("lanes") else "no line found"
    else:
        metres = answer.get("offset_m")
        side = "right" if offset > 0 else "left"
        known = metres is not None and not math.isnan(metres)
        far = f"{abs(metres):.2f} m" if known else f"{abs(offset):.0%} of the lane"  # type: ignore[arg-type]  # a number, as said
        text = f"{far} {side} of the middle"
        if answer.get("departure") in ("left", "right"):
            text = f"LEAVING {answer['departure'].upper()}: {text}"
    trust = answer.get("trust")
    return text if trust in (None, "ok") else f"{text} ({trust})"


def _fill(picture: np.ndarray, corners: np.ndarray, colour: tuple[int, int, int]) -> None:
    """Tint what lies between two lines, in place."""
    height, width = picture.shape[:2]
    corners = np.clip(corners, -4 * width, 4 * width)
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, (width, height))
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, 0, (width, height))
    if (low >= high).any():
        return
    part = picture[low[1] : high[1], low[0] : high[0]]
    tinted = part.copy()
    cv2.fillPoly(tinted, [np.rint(corners - low).astype(np.int32)], colour)
    cv2.addWeighted(tinted, OPACITY, part, 1 - OPACITY, 0, dst=tinted)
    part[:] = tinted


def _caption(picture: np.ndarray, text: str) -> None:
    """Write words in the lower left corner, dark-edged, in place."""
    height, width = picture.shape[:2]
    scale = max(min(height, width) / 900, 0.35)
    thick = max(round(2 * scale), 1)
    where = (round(0.02 * width), height - round(0.03 * height))
    # Not once with a broader pen: letters of a bolder weight are wider, and would run ahead.
    edge = max(round(1.5 * scale), 1)
    for right, down in ((-edge, 0), (edge, 0), (0, -edge), (0, edge), (0, 0)):
        ink = (255, 255, 255) if right == down == 0 else (0, 0, 0)
        start = where[0] + right, where[1] + down
        cv2.putText(picture, text, start, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, thick, cv2.LINE_AA)
