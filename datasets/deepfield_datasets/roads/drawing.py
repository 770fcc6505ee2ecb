"""Draws polygons with smooth edges."""

from __future__ import annotations

import cv2
import numpy as np

__all__ = ["blend", "fill"]

SHIFT = 4


def fill(image: np.ndarray, outline: np.ndarray, colour: np.ndarray) -> None:
    """Fill a polygon (n, 2) in pixels with an RGB colour from 0 to 1, in place."""
    red, green, blue = (float(each) for each in np.clip(colour, 0, 1) * 255)
    cv2.fillPoly(image, [_fixed(image, outline)], (red, green, blue), cv2.LINE_AA, SHIFT)


def blend(image: np.ndarray, outline: np.ndarray, colour: np.ndarray, share: float) -> None:
    """Lay a polygon over an image, ``share`` of it, in place."""
    low = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 2, image.shape[1::-1])
    if (high <= low).any():
        return
    part = image[low[1] : high[1], low[0] : high[0]]
    layer = part.copy()
    fill(layer, outline - low, colour)
    cv2.addWeighted(layer, share, part, 1 - share, 0, dst=layer)
    part[:] = layer


def _fixed(image: np.ndarray, outline: np.ndarray) -> np.ndarray:
    limit = 4 * max(image.shape)
    return np.rint(np.clip(outline, -limit, limit) * (1 << SHIFT)).astype(np.int32)
