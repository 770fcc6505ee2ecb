"""The road seen from above: a picture laid on flat ground, and what a camera must be like for it.

Metres to the right of the camera and ahead of it; pixels as everywhere, (0, 0) the centre of the
upper left one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from deepfield_lane_detection.geometry import FARTHEST, LEAST_POINTS, NEAREST, Camera, on_road

__all__ = [
    "Metres",
    "Patch",
    "from_above",
    "lines_on_ground",
    "measured",
    "meeting_height",
    "own_lines",
    "pitch_of",
    "usual_pitch",
    "why_senseless",
]

FINER = 3
"""Pixels of the warp for each of the answer, on each side: near ground is many pixels of a picture,
and would flicker if only some of them were taken."""
STEEPEST = 30.0
"""Degrees of pitch beyond which no camera on a car looks."""


@dataclass(frozen=True)
class Patch:
    """A rectangle of road: as far to both sides, and from under the camera ahead."""

    side: float = 8.0
    far: float = 45.0


@dataclass(frozen=True)
class Metres:
    """The car in its lane: NaN where too little of the two lines is known."""

    offset: float
    """To the right of the lane's middle positive."""
    width: float
    curvature: float
    """1 over the radius, to the right positive."""

    @property
    def radius(self) -> float:
        """Return the radius of the bend, always positive; infinite where the road is straight."""
        return 1 / abs(self.curvature) if self.curvature else math.copysign(math.inf, 1)


def own_lines(
    lanes: Iterable[Mapping[str, Any]],
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the two lines of the car's lane, (n, 2) each; None where not both were found."""
    found = {str(each["name"]): np.asarray(each["points"], dtype=float) for each in lanes}
    left, right = found.get("left"), found.get("right")
    if left is None or right is None or min(len(left), len(right)) < LEAST_POINTS:
        return None
    return left, right


def meeting_height(left: np.ndarray, right: np.ndarray) -> float:
    """Return the y at which two lines meet, going on as their lower halves run.

    Lines that are parallel on flat ground meet on the horizon; of bent ones the near part is
    nearly straight. NaN where they do not meet above that part.
    """
    fits = []
    for line in (left, right):
        near = line[-max(len(line) // 2, LEAST_POINTS) :]
        if len(near) < 2 or np.ptp(near[:, 1]) == 0:
            return math.nan
        fits.append(np.polyfit(near[:, 1], near[:, 0], 1))
    (slope_left, start_left), (slope_right, start_right) = fits
    if not slope_right - slope_left > 1e-6:  # they run apart going up, or side by side
        return math.nan
    height = (start_left - start_right) / (slope_right - slope_left)
    return float(height) if height < min(left[-1, 1], right[-1, 1]) else math.nan


def pitch_of(left: np.ndarray, right: np.ndarray, view: float, size: tuple[int, int]) -> float:
    """Return how many degrees a camera looks down, by where the lines of its lane meet.

    Args:
        view: degrees from the left side of the picture to the right.
        size: (height, width) of the picture.

    Returns:
        NaN where they do not meet, or where no camera on a car would look.
    """
    level = Camera.of_view(1.0, 0.0, view, size)
    down = (level.centre[1] - meeting_height(left, right)) / level.focal
    pitch = math.degrees(math.atan(down))
    return pitch if abs(pitch) <= STEEPEST else math.nan


def usual_pitch(
    frames: Iterable[Sequence[Mapping[str, Any]]], view: float, size: tuple[int, int]
) -> float:
    """Return the median pitch over frames that have both lines of the car's lane; NaN without."""
    pairs = filter(None, map(own_lines, frames))
    pitches = np.array([pitch_of(*pair, view, size) for pair in pairs])
    pitches = pitches[np.isfinite(pitches)]
    return float(np.median(pitches)) if len(pitches) else math.nan


def why_senseless(camera: Camera, left: np.ndarray, right: np.ndarray) -> str:
    """Return in a sentence why a camera cannot have seen these two lines; nothing if it can."""
    ends = np.array([left[0, 1], right[0, 1]])
    if (ends <= camera.horizon).any():
        low = min(left[-1, 1], right[-1, 1])
        where = "below the lines" if camera.horizon >= low else "below the far ends of the lines"
        return (
            f"With a pitch of {math.degrees(camera.pitch):.1f}° the horizon would lie {where}: a "
            "larger pitch raises it, or let it be estimated."
        )
    for line in (left, right):
        ahead = camera.on_road(line)[:, 1]
        if ((ahead >= NEAREST) & (ahead <= FARTHEST)).sum() < LEAST_POINTS:
            return (
                f"With this camera too little of the lane lies {NEAREST:.0f} to {FARTHEST:.0f} m "
                "ahead to be measured: check its height and its pitch."
            )
    return ""


def measured(camera: Camera, left: np.ndarray, right: np.ndarray) -> Metres:
    """Return what two lines say in metres."""
    return Metres(*on_road(left, right, camera))


def from_above(
    picture: np.ndarray, camera: Camera, patch: Patch, shape: tuple[int, int]
) -> np.ndarray:
    """Return the road as a bird sees it, the way ahead upwards.

    Args:
        picture: uint8, (H, W, 3).
        shape: (height, width) of the answer in pixels, over the whole of ``patch``.

    Returns:
        uint8, (*shape, 4): RGB, and how much of it the camera saw.
    """
    height, width = FINER * shape[0], FINER * shape[1]
    across, along = 2 * patch.side / width, patch.far / height
    to_ground = np.array(
        [[across, 0, across / 2 - patch.side], [0, -along, patch.far - along / 2], [0, 0, 1]]
    )
    to_picture = _onto_picture(camera) @ to_ground
    opaque = np.full((*picture.shape[:2], 1), 255, dtype=np.uint8)
    seen = cv2.warpPerspective(
        np.concatenate([picture, opaque], axis=2),
        to_picture,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    depth = to_picture[2, 1] * np.arange(height) + to_picture[2, 2]
    seen[depth <= 0] = 0  # behind the camera, where a warp sees all mirrored
    return cv2.resize(seen, shape[::-1], interpolation=cv2.INTER_AREA)


def lines_on_ground(
    lanes: Iterable[Mapping[str, Any]], camera: Camera, patch: Patch
) -> dict[str, np.ndarray]:
    """Return where lines lie on the patch, by name: metres right and ahead, (n, 2)."""
    found = {}
    for each in lanes:
        road = camera.on_road(np.asarray(each["points"], dtype=float).reshape(-1, 2))
        with np.errstate(invalid="ignore"):
            inside = (abs(road[:, 0]) <= patch.side) & (road[:, 1] >= 0) & (road[:, 1] <= patch.far)
        if inside.sum() > 1:
            found[str(each["name"])] = road[inside]
    return found


def _onto_picture(camera: Camera) -> np.ndarray:
    """Return ``Camera.in_picture`` as a matrix over (right, ahead, 1)."""
    sine, cosine = math.sin(camera.pitch), math.cos(camera.pitch)
    lens = np.array(
        [[camera.focal, 0, camera.centre[0]], [0, camera.focal, camera.centre[1]], [0, 0, 1]]
    )
    return lens @ np.array(
        [[1, 0, 0], [0, -sine, camera.height * cosine], [0, cosine, camera.height * sine]]
    )
