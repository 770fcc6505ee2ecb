"""Draws polygons with smooth edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

__all__ = ["blend", "bytes_of", "fill", "fill_all"]

SHIFT = 4
LIMIT = 12_000
"""Pixels from the origin beyond which OpenCV's fixed-point corners would overflow."""


def fill(image: np.ndarray, outline: np.ndarray, colour: np.ndarray) -> None:
    """Fill a polygon (n, 2) in pixels with an RGB colour from 0 to 1, in place."""
    cv2.fillPoly(image, [_fixed(outline)], bytes_of(colour), cv2.LINE_AA, SHIFT)


def fill_all(
    image: np.ndarray,
    corners: np.ndarray,
    counts: Sequence[int],
    colours: Sequence[Sequence[float]],
) -> None:
    """Fill polygons one after another; their corners follow one another in ``corners``."""
    fixed = _fixed(corners)
    begin = 0
    for count, colour in zip(counts, colours, strict=True):
        cv2.fillPoly(image, [fixed[begin : begin + count]], colour, cv2.LINE_AA, SHIFT)
        begin += count


def blend(image: np.ndarray, outline: np.ndarray, colour: np.ndarray, share: float) -> None:
    """Lay a polygon over an image, ``share`` of it, in place."""
    low = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 2, image.shape[1::-1])
    if (high <= low).any():
        return
    part = image[low[1] : high[1], low[0] : high[0]]
    layer = part.copy()
    fill(layer, outline - low, colour)
    part[:] = cv2.addWeighted(layer, share, part, 1 - share, 0)


def bytes_of(colours: np.ndarray) -> list[Any]:
    """Return colours from 0 to 1 as OpenCV wants them; it clips what is beyond 255."""
    made: list[Any] = (np.asarray(colours) * 255).tolist()
    return made


def _fixed(outline: np.ndarray) -> np.ndarray:
    limited = np.minimum(np.maximum(outline, -LIMIT), LIMIT)
    limited *= 1 << SHIFT
    return np.rint(limited).astype(np.int32)
