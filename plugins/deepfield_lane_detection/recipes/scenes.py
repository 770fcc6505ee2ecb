"""Render roads to learn from, into Parquet files.

    python -m deepfield_lane_detection.recipes.scenes --output scenes/ --shapes FILE

Every other road follows a real lane's shape, where a file of such is given; it is read and not
kept. A file that is there already is not made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import click
import cv2
from rich.progress import track

from deepfield_datasets.roads import RoadOptions, render
from deepfield_datasets.roads.shapes import read_shapes
from deepfield_lane_detection.training.scenes import Scenes

__all__ = ["HELD_OUT", "rendered"]

A_FILE = 500
HELD_OUT = 1_000_000
"""The first seed of roads to measure on; those to learn from are below it."""


@click.command(help=__doc__)
@click.option("--count", default=5_000, show_default=True, type=click.IntRange(1))
@click.option("--first", default=0, show_default=True, help="the first seed")
@click.option("--output", required=True, type=click.Path(path_type=Path))
@click.option("--shapes", type=click.Path(exists=True, path_type=Path))
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1))
def main(count: int, first: int, output: Path, shapes: Path | None, processes: int) -> None:
    output.mkdir(parents=True, exist_ok=True)
    starts = [
        start
        for start in range(first, first + count, A_FILE)
        if not (output / f"{start}.parquet").exists()
    ]
    records = read_shapes(shapes) if shapes else None
    write = partial(_write, output, first + count, records)
    with ProcessPoolExecutor(processes) as pool:
        for _ in track(pool.map(write, starts), "rendering", total=len(starts)):
            pass


def rendered(seeds: Sequence[int], shapes: Sequence[dict[str, Any]] | None = None) -> Scenes:
    """Return the roads of some seeds; every other one follows a real shape, if there are any."""
    roads = (render(seed, RoadOptions(), shapes if seed % 2 else None) for seed in seeds)
    return Scenes.of_pictures((road.image, [lane.points for lane in road.lanes]) for road in roads)


def _write(output: Path, end: int, shapes: Sequence[dict[str, Any]] | None, start: int) -> None:
    cv2.setNumThreads(1)
    file = output / f"{start}.parquet"
    part = file.with_suffix(".part")
    rendered(range(start, min(start + A_FILE, end)), shapes).write(part)
    part.rename(file)


if __name__ == "__main__":
    main()
