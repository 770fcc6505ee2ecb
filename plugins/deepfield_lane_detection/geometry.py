"""What two lines say about the car: its place in the lane, how the lane bends, in metres too."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["Camera", "curvature", "foot", "middle_of", "offset_of", "on_road"]

NEAREST, FARTHEST = 2.0, 60.0
"""Metres ahead between which the road is taken for flat."""
LEAST_POINTS = 4


@dataclass(frozen=True)
class Camera:
    """A pinhole camera over a flat road."""

    height: float
    """Metres above the road."""
    pitch: float
    """Radians down from the horizontal."""
    focal: float
    """Pixels."""
    centre: tuple[float, float]
    """x and y of the optical axis, pixels."""

    @classmethod
    def of_view(cls, height: float, pitch: float, view: float, size: tuple[int, int]) -> Camera:
        """Return the camera of a picture.

        Args:
            height: metres.
            pitch: degrees down.
            view: degrees from the left side of the picture to the right.
            size: (height, width) of the picture in pixels.
        """
        focal = size[1] / 2 / math.tan(math.radians(view) / 2)
        return cls(height, math.radians(pitch), focal, ((size[1] - 1) / 2, (size[0] - 1) / 2))

    @property
    def horizon(self) -> float:
        """Return the y of the horizon, pixels."""
        return self.centre[1] - self.focal * math.tan(self.pitch)

    def on_road(self, points: np.ndarray) -> np.ndarray:
        """Return where points (n, 2) of the picture lie on the road: metres right, metres ahead.

        What is at the horizon or over it lies nowhere, and is NaN.
        """
        across, down = ((points - self.centre) / self.focal).T
        sine, cosine = math.sin(self.pitch), math.cos(self.pitch)
        fall = down * cosine + sine  # how far a ray sinks for each unit along the axis
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.where(fall > 1e-6, self.height / fall, np.nan)
        return np.stack([across * reach, (cosine - down * sine) * reach], axis=1)

    def in_picture(self, points: np.ndarray) -> np.ndarray:
        """Return where points of the road (metres right, metres ahead) lie in the picture."""
        right, ahead = points.T
        sine, cosine = math.sin(self.pitch), math.cos(self.pitch)
        depth = ahead * cosine + self.height * sine
        down = self.height * cosine - ahead * sine
        return np.stack([right, down], axis=1) / depth[:, None] * self.focal + self.centre


def offset_of(left: np.ndarray, right: np.ndarray, size: tuple[int, int]) -> float:
    """Return how far the middle of the picture is from the lane's, in lane widths, at its bottom.

    Right of the lane's middle is positive. NaN where the lines do not reach far enough down.
    """
    bottom = size[0] - 1.0
    feet = [foot(line, bottom) for line in (left, right)]
    width = feet[1] - feet[0]
    if not width > 0:
        return math.nan
    return ((size[1] - 1) / 2 - (feet[0] + feet[1]) / 2) / width


def foot(line: np.ndarray, bottom: float) -> float:
    """Return where a line meets the bottom of the picture, going on as its lower third runs."""
    near = line[-max(len(line) // 3, 2) :]
    if len(near) < 2 or np.ptp(near[:, 1]) == 0:
        return math.nan
    slope, start = np.polyfit(near[:, 1], near[:, 0], 1)
    return float(slope * bottom + start)


def middle_of(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the points half-way between two lines at the heights that both have, (n, 2)."""
    low = max(left[0, 1], right[0, 1])
    high = min(left[-1, 1], right[-1, 1])
    heights = left[(left[:, 1] >= low) & (left[:, 1] <= high), 1]
    sides = [np.interp(heights, line[:, 1], line[:, 0]) for line in (left, right)]
    return np.stack([(sides[0] + sides[1]) / 2, heights], axis=1)


def curvature(points: np.ndarray, scale: float = 1.0) -> float:
    """Return the curvature of a parabola through points, x over y, half-way along them.

    Args:
        points: (n, 2), y increasing towards the car, as in a picture.
        scale: what coordinates are divided by first.

    Returns:
        1 over the radius, positive where the way ahead bends to the right; NaN for few points.
    """
    if len(points) < LEAST_POINTS or np.ptp(points[:, 1]) == 0:
        return math.nan
    x, ahead = points[:, 0] / scale, -points[:, 1] / scale
    bend, slope, _ = np.polyfit(ahead - ahead.mean(), x, 2)
    return float(2 * bend / (1 + slope**2) ** 1.5)


def on_road(left: np.ndarray, right: np.ndarray, camera: Camera) -> tuple[float, float, float]:
    """Return the camera's offset from the lane's middle in m, the lane's width in m, and its 1/m.

    Each line is a parabola over the distance ahead, of what lies 2 to 60 m away. All three are
    where the road meets the bottom of the picture, as ``offset_of`` is. NaN where too little of the
    lines is known, or the camera does not see the road there.
    """
    bottom = np.array([[camera.centre[0], 2 * camera.centre[1]]])
    nearest = float(camera.on_road(bottom)[0, 1])
    fits = []
    for line in (left, right):
        road = camera.on_road(line.astype(float))
        road = road[(road[:, 1] >= NEAREST) & (road[:, 1] <= FARTHEST)]
        if len(road) < LEAST_POINTS or np.ptp(road[:, 1]) < 1 or not nearest < FARTHEST:
            return math.nan, math.nan, math.nan
        # Far rows stand for metres each: near ones are surer.
        fits.append(np.polyfit(road[:, 1] - nearest, road[:, 0], 2, w=1 / road[:, 1]))
    (bend, slope, start), width = (fits[0] + fits[1]) / 2, fits[1][2] - fits[0][2]
    return -float(start), float(width), float(2 * bend / (1 + slope**2) ** 1.5)
