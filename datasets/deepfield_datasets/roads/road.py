"""What a made-up road picture is, and what a person may set about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from deepfield.domain import Options
from deepfield_datasets.roads.camera import Camera

__all__ = ["Lane", "Road", "RoadOptions"]


@dataclass(frozen=True)
class Lane:
    """A painted line as it lies in the picture."""

    points: np.ndarray
    """float32 (n, 2): x and y in pixels, from the far end to the near one, y strictly increasing.
    What cars hide is continued."""
    side: int
    """-1 is the first line left of the camera, -2 the next, 1 the first on the right."""
    kind: str
    """solid, dashed, dots, dots-dashes, double or half-dashed."""


@dataclass(frozen=True)
class Road:
    """A picture of a road and what is true of it."""

    image: np.ndarray
    """uint8 (height, width, 3), RGB."""
    lanes: tuple[Lane, ...]
    """From left to right; the lines of our own carriageway, three on each side at most."""
    camera: Camera
    weather: str
    time: str
    lane_width: float
    """In metres."""
    offset: float
    """Of the camera from the middle of its lane, in metres, to the right."""
    curvature: float
    """Of the road at the camera, in 1/m, to the right."""


class RoadOptions(Options):
    """By default everything varies, most of it around cameras on motorways."""

    width: int = Field(default=640, ge=64, le=3840, description="of the picture, in pixels")
    height: int = Field(default=360, ge=48, le=2160, description="of the picture, in pixels")
    lanes: int = Field(default=0, ge=0, le=6, description="of our carriageway; 0: as it comes")
    weather: Literal["any", "clear", "overcast", "rain", "fog"] = Field(
        default="any", description="what the sky does"
    )
    time: Literal["any", "day", "dusk", "night"] = Field(default="any", description="of the day")
    cameras: Literal["any", "motorway", "wide"] = Field(
        default="any", description="how the camera is mounted: as on motorways, or anyhow"
    )
    traffic: float = Field(default=1.0, ge=0, le=3, description="how many other cars; 1: as usual")
    flaws: float = Field(
        default=1.0, ge=0, le=2, description="noise, blur, shadows, wear and dirt; 1: as usual"
    )
