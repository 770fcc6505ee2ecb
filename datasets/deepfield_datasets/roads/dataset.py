"""Pictures of made-up roads, with their lanes as the TuSimple benchmark writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, Field

from deepfield.dataset import DatasetCard, SimulatedDataset
from deepfield_datasets.roads.road import Road, RoadOptions

__all__ = ["SyntheticRoadOptions", "SyntheticRoads", "tusimple"]

CHUNK = 64


class SyntheticRoadOptions(RoadOptions):
    """What a picture of a road may be asked to be."""

    shapes: str = Field(
        default="",
        description="a file of lanes as TuSimple labels them (JSON Lines), whose roads to follow",
    )


class SyntheticRoads(SimulatedDataset):
    """Rows: ``image`` (a dict of PNG ``bytes`` and a ``path``), ``lanes`` and ``h_samples``.

    ``lanes`` is JSON: for each line, from left to right, its x at each row of ``h_samples``, -2
    where it is not. ``weather``, ``time``, ``lane_width``, ``offset`` and ``curvature`` say more.
    """

    name = "synthetic-roads"
    domain = "lane-detection"
    Options = SyntheticRoadOptions
    usual_rows = 8
    most_rows = 256
    card = DatasetCard(
        title="Synthetic roads",
        summary="Made-up roads as a camera behind a windscreen sees them, with their painted "
        "lines. Nobody drove there.",
        license="Apache-2.0",
        source="deepfield_datasets.roads",
        traps=(
            "Cars and trees are plain polygons: no figure measured here tells how a detector does "
            "on real roads.",
            "Lines are labelled up to three on either side of the camera; TuSimple labels two.",
        ),
    )

    def generate(self, rows: int, seed: int = 0, options: BaseModel | None = None) -> pd.DataFrame:
        return pd.concat(self.chunks(rows, seed, options), ignore_index=True)

    def chunks(
        self, rows: int, seed: int = 0, options: BaseModel | None = None
    ) -> Iterator[pd.DataFrame]:
        asked = options if isinstance(options, SyntheticRoadOptions) else SyntheticRoadOptions()
        shapes = _shapes(asked.shapes) if asked.shapes else None
        for begin in range(0, rows, CHUNK):
            numbers = range(begin, min(begin + CHUNK, rows))
            yield pd.DataFrame([self._row(seed, number, asked, shapes) for number in numbers])

    def _row(
        self, seed: int, number: int, options: RoadOptions, shapes: list[dict[str, Any]] | None
    ) -> dict[str, object]:
        from deepfield_datasets.roads.rendering import render

        own = int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0] >> 1)
        road = render(own, options, shapes)
        lanes, rows = tusimple(road)
        return {
            "image": {"bytes": _png(road.image), "path": f"{self.name}-{seed}-{number + 1}.png"},
            "lanes": json.dumps(lanes),
            "h_samples": json.dumps(rows),
            "weather": road.weather,
            "time": road.time,
            "lane_width": road.lane_width,
            "offset": road.offset,
            "curvature": road.curvature,
        }


def tusimple(road: Road) -> tuple[list[list[int]], list[int]]:
    """Return each line's x at evenly spaced rows (-2 where it is not), and the rows.

    Of a picture of 1280 × 720 the rows are TuSimple's: 240, 250, … 710.
    """
    height = road.image.shape[0]
    rows = np.unique(np.round(np.arange(240, 720, 10) * height / 720).astype(int))
    lanes = []
    for lane in road.lanes:
        x = np.interp(rows, lane.points[:, 1], lane.points[:, 0], left=-2, right=-2)
        lanes.append([round(float(each)) for each in x])
    return lanes, rows.tolist()


@cache
def _shapes(path: str) -> list[dict[str, Any]]:
    from deepfield_datasets.roads.shapes import read_shapes

    return read_shapes(path)


def _png(image: np.ndarray) -> bytes:
    import cv2

    _, data = cv2.imencode(".png", image[:, :, ::-1])
    return data.tobytes()
