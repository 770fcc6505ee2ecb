"""Pictures of roads that nobody drove on, and where their painted lines are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepfield_datasets.roads.camera import Camera
    from deepfield_datasets.roads.dataset import SyntheticRoads
    from deepfield_datasets.roads.rendering import render
    from deepfield_datasets.roads.road import Lane, Road, RoadOptions
    from deepfield_datasets.roads.shapes import read_shapes
    from deepfield_datasets.roads.video import drive, write_video

__all__ = [
    "Camera",
    "Lane",
    "Road",
    "RoadOptions",
    "SyntheticRoads",
    "drive",
    "read_shapes",
    "render",
    "write_video",
]

PLACES = {
    "Camera": "camera",
    "Lane": "road",
    "Road": "road",
    "RoadOptions": "road",
    "SyntheticRoads": "dataset",
    "drive": "video",
    "read_shapes": "shapes",
    "render": "rendering",
    "write_video": "video",
}


def __getattr__(name: str) -> Any:
    """Import on first use: whoever lists datasets needs no OpenCV."""
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{PLACES[name]}"), name)
