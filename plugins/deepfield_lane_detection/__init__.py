"""Lane detection: where do the lanes run, and is the car leaving its own?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from pydantic import Field

from deepfield.domain import Domain, ModelSpec, Options
from deepfield.fields import Image, Label, Number, Polylines
from deepfield.hookspecs import hookimpl
from deepfield.table import Table
from deepfield.views import View
from deepfield.writers import Writer
from deepfield_lane_detection.placing import NAMES

__all__ = ["DEPARTURE", "LaneDetection", "LaneOptions", "register_domains", "register_sinks"]

DEPARTURE = ("none", "left", "right", "unknown")
"""Whether the car leaves its lane, and over which line; unknown where it has not both."""


class LaneOptions(Options):
    """What a person may set."""

    least: float = Field(
        0.25,
        ge=0.05,
        le=0.95,
        title="Show a line from",
        description="the least calibrated probability at which a line is reported; lower finds "
        "more faint lines and more that are none",
    )
    departure: float = Field(
        0.3,
        ge=0.05,
        le=0.5,
        title="Warn of departure from",
        description="distance from the lane's centre, in lane widths, at which the car is said to "
        "leave its lane; at 0.5 the camera is on the line",
    )
    max_error: float = Field(
        0.25,
        ge=0.01,
        le=0.5,
        title="Accepted error rate",
        description="mark answers unsure so that of the others at most this share is wrong about "
        "the car's own lane, as held-out pictures showed",
    )
    camera_height: float = Field(
        0.0,
        ge=0.0,
        le=5.0,
        title="Camera height, m",
        description="above the road; with it offset, width and curvature are also given in metres. "
        "0: unknown",
    )
    pitch: float = Field(
        0.0,
        ge=-30.0,
        le=30.0,
        title="Camera pitch, °",
        description="how far the camera looks down; matters only with its height",
    )
    view: float = Field(
        60.0,
        ge=20.0,
        le=150.0,
        title="Angle of view, °",
        description="of the camera, from the left side of its picture to the right; matters only "
        "with its height",
    )


class LaneDetection(Domain):
    name = "lane-detection"
    title = "Lane detection"
    question = "Where do the lanes of this road run, and does the car keep to its own?"
    icon = ":material/add_road:"
    notice = (
        "Not for driving. The model knows rendered roads and one motorway area by day, as its card "
        "says; it may miss lines, and nothing here replaces a driver's eyes."
    )
    example = (
        "The built-in example is eight roads and a short drive that our own renderer made: no "
        "camera ever saw them."
    )
    inputs = Table(
        Image("image", help="a road seen through a windscreen: a picture, or a frame of a video")
    )
    outputs = Table(
        Polylines(
            "lanes",
            of="image",
            names=NAMES,
            help="lines between lanes, from left to right, each from its far end to the near one; "
            "left and right bound the lane that the car is in",
        ),
        Number("lines", help="how many lines were found"),
        Label("departure", values=DEPARTURE, help="the line that the car is about to cross"),
        Number(
            "offset",
            required=False,
            unit="lane widths",
            help="the camera's distance from the middle of its lane, to the right of it positive",
        ),
        Number(
            "curvature",
            required=False,
            unit="1/picture width",
            help="of the lane's middle in the picture, to the right positive",
        ),
        Number(
            "offset_m",
            required=False,
            unit="m",
            help="the same offset in metres, if the camera is known",
        ),
        Number(
            "lane_width_m",
            required=False,
            unit="m",
            help="of the car's lane, if the camera is known",
        ),
        Number(
            "curvature_m",
            required=False,
            unit="1/m",
            help="of the lane on the road, to the right positive, if the camera is known; 1 over "
            "it is the radius",
        ),
        Number("picture_width", unit="pixels", help="of the picture as it came, upright"),
        Number("picture_height", unit="pixels", help="of the picture as it came, upright"),
    )
    Options = LaneOptions
    formats = ("video",)
    overlay = "deepfield_lane_detection.overlay:drawn"
    models = (
        ModelSpec(
            "roads",
            technique="CNN",
            predictor="deepfield_lane_detection.detector:LaneDetector",
            title="Roads by day and night",
            summary="MobileNetV2 with a transformer over its coarsest map, trained on rendered "
            "roads and fine-tuned on 133 photographs",
        ),
    )

    def samples(self) -> pd.DataFrame:
        folder = Path(__file__).with_name("samples")
        rows = pd.read_csv(folder / "rows.csv")
        pictures = [{"bytes": (folder / name).read_bytes(), "path": name} for name in rows["image"]]
        return rows.assign(image=pd.Series(pictures, dtype=object))

    def example_files(self) -> Mapping[str, Path]:
        return {"Try the built-in drive": Path(__file__).with_name("samples") / "drive.mp4"}


@hookimpl
def register_domains() -> list[Domain]:
    return [LaneDetection()]


@hookimpl
def register_sinks() -> list[Writer]:
    return [
        Writer(
            "tusimple",
            domain="lane-detection",
            title="TuSimple JSON",
            suffix=".tusimple.json",
            open="deepfield_lane_detection.tusimple:TuSimpleFile",
            mime="application/x-ndjson",
        )
    ]


@hookimpl
def register_views() -> list[View]:
    return [
        View(
            "drive",
            domain="lane-detection",
            title="Drive",
            icon=":material/timeline:",
            show="deepfield_lane_detection.dashboard.drive:show",
        ),
        View(
            "picture",
            domain="lane-detection",
            title="Picture",
            icon=":material/image:",
            show="deepfield_lane_detection.dashboard.picture:show",
        ),
    ]
