"""The pinhole camera behind a windscreen: where a point of the world falls in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Camera"]


@dataclass(frozen=True)
class Camera:
    """Sits at the origin, ``height`` above the road, and looks along z; x points right, y up."""

    height: float
    """Above the road, in metres."""
    pitch: float
    """Downwards, in radians."""
    roll: float
    """In radians."""
    focal: float
    """In pixels."""
    centre: tuple[float, float]
    """The principal point, in pixels."""
    size: tuple[int, int]
    """Width and height of the picture, in pixels."""
    distortion: float = 0.0
    """Radial, of second order; below 0 as a barrel."""

    @property
    def horizon(self) -> float:
        """The row of a flat horizon under the principal point."""
        return self.centre[1] - self.focal * float(np.tan(self.pitch))

    def project(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return pixels (n, 2) for points in metres, (n,) each; z must lie before the camera."""
        cos, sin = float(np.cos(self.pitch)), float(np.sin(self.pitch))
        below = self.height - y
        depth = np.maximum(z * cos + below * sin, 1e-3)
        a, b = x / depth, (below * cos - z * sin) / depth
        if self.distortion:
            squared = np.minimum(a * a + b * b, 1.5)  # beyond that the polynomial folds back
            factor = 1 + self.distortion * squared
            a, b = a * factor, b * factor
        cos, sin = self.focal * float(np.cos(self.roll)), self.focal * float(np.sin(self.roll))
        pixels = np.empty((*np.shape(a), 2))
        pixels[..., 0] = self.centre[0] + a * cos - b * sin
        pixels[..., 1] = self.centre[1] + a * sin + b * cos
        return pixels

    def rays(self, top: int) -> tuple[np.ndarray, np.ndarray]:
        """Return x / depth and y / depth (down) of the pixels from row ``top`` on."""
        width, height = self.size
        u = ((np.arange(width, dtype=np.float32) - self.centre[0]) / self.focal)[None, :]
        v = ((np.arange(top, height, dtype=np.float32) - self.centre[1]) / self.focal)[:, None]
        cos, sin = np.float32(np.cos(self.roll)), np.float32(np.sin(self.roll))
        a, b = u * cos + v * sin, v * cos - u * sin
        if self.distortion:
            squared = a * a + b * b
            factor = 1 / (1 + self.distortion * squared)
            factor = 1 / (1 + np.float32(self.distortion) * squared * factor * factor)
            a *= factor
            b *= factor
        return a, b
