"""Where the road goes, and which piece of it each pixel sees.

A point of the road has two coordinates: ``along`` it, and ``across`` it from the middle of the
camera's lane, both in metres. Everything on the ground is painted in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos

import numpy as np

from deepfield_datasets.roads.camera import Camera

__all__ = ["FAR", "Ground", "Path", "bend"]

FAR = 900.0
"""Metres beyond which nothing is told apart."""
STEPS = 800
PER_PIXEL = 4
"""Entries of the table of rows for a pixel."""


@dataclass(frozen=True)
class Path:
    """The middle of the camera's lane ahead, sampled evenly in 1 / z: as pixels see it."""

    z: np.ndarray
    x: np.ndarray
    y: np.ndarray
    """Height above the plane under the camera."""
    along: np.ndarray
    heading: np.ndarray

    def at(self, along: np.ndarray | float, across: np.ndarray | float) -> tuple[np.ndarray, ...]:
        """Return x, y, z of points of the road."""
        last = len(self.along) - 2
        begin = np.clip(np.searchsorted(self.along, along) - 1, 0, last)
        low, high = self.along[begin], self.along[begin + 1]
        share = np.clip((along - low) / (high - low), 0, 1)
        x, y, z, heading = (
            each[begin] + (each[begin + 1] - each[begin]) * share
            for each in (self.x, self.y, self.z, self.heading)
        )
        return x + across / np.cos(heading), y, z

    def point(self, along: float, across: float) -> tuple[float, float, float]:
        """Return x, y, z of one point of the road; quicker than ``at``."""
        begin = min(max(int(np.searchsorted(self.along, along)) - 1, 0), len(self.along) - 2)
        low, high = float(self.along[begin]), float(self.along[begin + 1])
        share = min(max((along - low) / (high - low), 0.0), 1.0)
        x, y, z, heading = (
            float(each[begin]) * (1 - share) + float(each[begin + 1]) * share
            for each in (self.x, self.y, self.z, self.heading)
        )
        return x + across / cos(heading), y, z


def distances(camera: Camera) -> np.ndarray:
    """Return z from below the picture's edge to far away, ascending."""
    steepest = np.tan(camera.pitch + np.arctan2(camera.size[1] - camera.centre[1], camera.focal))
    near = min(3.0, 0.8 * camera.height / max(steepest + abs(camera.roll), 0.05))
    return 1 / np.linspace(1 / near, 1 / FAR, STEPS)


def bend(
    z: np.ndarray, curvature: np.ndarray, heights: np.ndarray, offset: float, heading: float
) -> Path:
    """Return the path of a road that starts under the camera.

    Args:
        curvature: at ``z``, to the right, in 1/m.
        heights: at ``z``, above the plane under the camera.
        offset: of the camera to the right of the lane's middle.
        heading: of the road against the camera's axis, to the right, in radians.
    """
    steps = np.diff(z, prepend=0.0)
    angle = np.clip(heading + np.cumsum(curvature * steps), -1.2, 1.2)
    x = -offset + np.cumsum(np.tan(angle) * steps)
    return Path(z, x, heights, np.cumsum(steps / np.cos(angle)), angle)


class Ground:
    """The visible ground of one picture."""

    def __init__(self, camera: Camera, path: Path) -> None:
        ahead, down = np.cos(camera.pitch), np.sin(camera.pitch)
        below = camera.height - path.y
        b = (below * ahead - path.z * down) / np.maximum(path.z * ahead + below * down, 1e-3)
        lowest = np.minimum.accumulate(b)
        seen = b <= lowest + 1e-9
        self.seen = seen
        """Which points of the path no crest hides."""
        order = np.flatnonzero(seen)[::-1]
        b, z = b[order], path.z[order]
        self.start = float(b[0])
        count = max(int((b[-1] - b[0]) * camera.focal * PER_PIXEL), 2) + 1
        rows = np.linspace(b[0], b[-1], count)
        self.z = np.interp(rows, b, z)
        take = path.z[::1]
        self.along = np.interp(self.z, take, path.along)
        x = np.interp(self.z, take, path.x)
        turn = np.cos(np.interp(self.z, take, path.heading))
        # depth = distance along the axis; x = a · depth, across = (x - path) · cos
        depth = self.z / (ahead - rows * down)
        scale, shift = depth * turn, -x * turn
        pixel = (rows[1] - rows[0]) * camera.focal
        self.length = np.abs(np.gradient(self.along)) / pixel
        """Metres along the road for a row, at each entry."""
        lean, slide = np.gradient(scale) / pixel, np.gradient(shift) / pixel

        corners = camera.project(
            *(np.array(each) for each in ([-9.0, 0, 9.0], [path.y[order[0]]] * 3, [z[0]] * 3))
        )
        edge = np.tan(camera.roll) * camera.size[0]
        bow = abs(camera.distortion) * camera.size[1] * 0.3
        self.top = int(np.clip(corners[1, 1] - abs(edge) - bow - 1, 0, camera.size[1] - 1))
        a, b = camera.rays(self.top)
        index = (b - np.float32(self.start)) * np.float32((count - 1) / (rows[-1] - rows[0]))
        self.index = np.broadcast_to(index, (index.shape[0], camera.size[0])).astype(np.intp)
        self.inside = self.index >= 0
        np.clip(self.index, 0, count - 1, out=self.index)
        single = np.float32
        self.across = a * self.of(scale.astype(single)) + self.of(shift.astype(single))
        sideways = self.of((scale / camera.focal).astype(single))
        downwards = a * self.of(lean.astype(single)) + self.of(slide.astype(single))
        self.width = np.abs(sideways) + np.abs(downwards)
        """Metres across the road that a pixel covers."""

    def of(self, table: np.ndarray) -> np.ndarray:
        """Return what a table of rows says of each pixel."""
        return table.take(self.index)
