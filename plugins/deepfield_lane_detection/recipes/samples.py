"""Make the built-in example anew: eight rendered roads, and a short drive.

    python -m deepfield_lane_detection.recipes.samples

The seeds are none that the shipped model learned from.
"""

from __future__ import annotations

from pathlib import Path

import click
import cv2
import pandas as pd

from deepfield_datasets.roads import RoadOptions, render
from deepfield_datasets.roads.video import drive, write_video

FOLDER = Path(__file__).parents[1] / "samples"
SEED = 2_000_000
DRIVE, FRAMES, RATE = 2_000_100, 150, 15.0
"""The seed of the drive, its frames, and how many a second: ten seconds."""
KINDS = (
    ("motorway-by-day", RoadOptions(cameras="motorway", weather="clear", time="day", lanes=4)),
    ("clouds", RoadOptions(cameras="motorway", weather="overcast", time="day", lanes=3)),
    ("rain", RoadOptions(cameras="motorway", weather="rain", time="day")),
    ("fog", RoadOptions(cameras="motorway", weather="fog", time="day", lanes=2)),
    ("dusk", RoadOptions(cameras="motorway", weather="clear", time="dusk")),
    ("night", RoadOptions(cameras="motorway", weather="clear", time="night", lanes=3)),
    ("country-road", RoadOptions(cameras="wide", weather="clear", time="day", lanes=2)),
    ("traffic", RoadOptions(cameras="motorway", weather="clear", time="day", traffic=2.0)),
)


@click.command(help=__doc__)
def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    names = []
    for place, (kind, options) in enumerate(KINDS):
        road = render(SEED + place, options)
        picture = cv2.cvtColor(road.image, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(FOLDER / f"{kind}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
        names.append(f"{kind}.jpg")
    pd.DataFrame({"image": names}).to_csv(FOLDER / "rows.csv", index=False)
    film = RoadOptions(cameras="motorway", weather="clear", time="day", lanes=4)
    write_video(FOLDER / "drive.mp4", drive(DRIVE, FRAMES, RATE, film), RATE)
    click.echo(f"{len(names)} pictures and a drive in {FOLDER.name}/")


if __name__ == "__main__":
    main()
