"""Frames a second of lane detection, with accuracy beside speed: ours against two peers.

    python benchmarks/detect_lanes.py
    python benchmarks/detect_lanes.py --frames 600 --photographs DIR

A rendered drive of 1280 × 720 pixels lies in a file. Ours reads it, detects and, where said, writes
the annotated video: through ``deepfield.score``, as everybody would. The eager peer is the loop
that one writes first: OpenCV reads and writes, torch runs the same network frame by frame. The
classical one finds edges (Canny) and straight lines (Hough) and answers with the mean line of each
side. All have the cores that there are; medians of several rounds, in turns. Accuracy is the
TuSimple benchmark's, on frames whose lines are known, and with --photographs on its labelled
pictures: ours has learned from those, the card has the figures by fold.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import cv2
import numpy as np
import pandas as pd
import torch

import deepfield
from deepfield.evaluation.polylines import sampled, score_image, tusimple_figures
from deepfield.fields import Polylines
from deepfield.loading import Model
from deepfield_datasets.roads import RoadOptions
from deepfield_datasets.roads.video import drive, write_video
from deepfield_lane_detection.detector import build
from deepfield_lane_detection.overlay import drawn
from deepfield_lane_detection.placing import NAMES, lines_from
from deepfield_lane_detection.recipes.folds import photographs
from deepfield_lane_detection.training.augmentation import to_network
from deepfield_lane_detection.training.scenes import labelled
from deepfield_lane_detection.training.validating import in_picture

SIZE = (720, 1280)
HEIGHTS = np.arange(160, 720, 10)
Lanes = list[np.ndarray]
Detect = Callable[[np.ndarray], Lanes]

MEMORY = """
import resource, sys, deepfield
deepfield.score("lane-detection", sys.argv[1], output=sys.argv[2], annotated=sys.argv[3])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@click.command(help=__doc__)
@click.option("--frames", default=300, show_default=True, type=click.IntRange(20))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--photographs", "folder", type=click.Path(exists=True, path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="a .json file for the figures")
def main(frames: int, rounds: int, folder: Path | None, output: Path | None) -> None:
    model = deepfield.load("lane-detection", device="cpu")
    eager = eager_detector(model)
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        film = place / "drive.mp4"
        click.echo(f"rendering {frames} frames", err=True)
        labels = film_of(film, frames)
        ways: dict[str, Callable[[Path | None], None]] = {
            "deepfield": lambda to: ours(model, film, to),
            "eager torch loop": lambda to: loop(eager, film, to),
            "Canny and Hough": lambda to: loop(classical, film, to),
        }
        seconds: dict[str, list[float]] = {}
        for turn in range(rounds + 1):
            for name, run in ways.items():
                for writes in (False, True):
                    target = place / f"{turn}-{name}.mp4".replace(" ", "-") if writes else None
                    started = time.monotonic()
                    run(target)
                    if turn:  # the first round warms up
                        key = f"{name}, {'writing' if writes else 'not writing'}"
                        seconds.setdefault(key, []).append(time.monotonic() - started)
        rates = {name: round(frames / float(np.median(each)), 1) for name, each in seconds.items()}
        accuracy = {
            "deepfield": on_film(our_detector(model), film, labels),
            "Canny and Hough": on_film(classical, film, labels),
        }
        found = {
            "frames a second": rates,
            "accuracy, rendered drive": accuracy,
            "peak memory, MiB": {
                f"{count} frames": peak(place, film, count) for count in (frames, 4 * frames)
            },
        }
    if folder is not None:
        rows = photographs(folder)
        pictures = [
            (cv2.imread(str(row.image))[..., ::-1], labelled(row.lanes, row.h_samples))
            for row in rows.itertuples()
        ]
        found["accuracy, photographs"] = {
            "Canny and Hough": on_pictures(classical, pictures),
            "deepfield (learned from them)": on_pictures(our_detector(model), pictures),
        }
    text = json.dumps(found, indent=2)
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")
    click.echo(text)


def film_of(file: Path, frames: int) -> list[Lanes]:
    """Write a drive, and return the lines of each frame."""
    options = RoadOptions(width=SIZE[1], height=SIZE[0], cameras="motorway", time="day")
    roads = []

    def noted() -> Iterator:
        for road in drive(7, frames, 25.0, options):
            roads.append([lane.points for lane in road.lanes])
            yield road

    write_video(file, noted(), 25.0)
    return roads


def ours(model: Model, film: Path, annotated: Path | None) -> None:
    deepfield.score("lane-detection", str(film), annotated=annotated)


def our_detector(model: Model) -> Detect:
    lanes = next(each for each in model.outputs if isinstance(each, Polylines))

    def detect(picture: np.ndarray) -> Lanes:
        frame = pd.DataFrame({"image": pd.Series([picture], dtype=object)})
        return [each["points"] for each in lanes.read(model.predict(frame)["lanes"].iloc[0])]

    return detect


def eager_detector(model: Model) -> Detect:
    """Return the network as torch runs it, a frame at a time."""
    network = build(model.folder).eval()
    size = (model.folder.config["height"], model.folder.config["width"])

    @torch.inference_mode()
    def detect(picture: np.ndarray) -> Lanes:
        small, _, _ = to_network(picture, [], size)
        answers = network(torch.from_numpy(small[None]))
        places, presence, existence, _ = (each.numpy() for each in answers)
        lines = lines_from(places, presence, existence, size[1])
        found = [lines.points(0, i, size[0]) for i in np.flatnonzero(existence[0] > 0)]
        return [in_picture(each, picture.shape[:2], size) for each in found if len(each)]

    return detect


def classical(picture: np.ndarray) -> Lanes:
    """Return the mean straight line of each side, of edges in a trapezium before the car."""
    height, width = picture.shape[:2]
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (5, 5), 0)
    edges = cv2.Canny(grey, 50, 150)
    mask = np.zeros_like(edges)
    corners = np.array([[0.02, 1.0], [0.42, 0.42], [0.58, 0.42], [0.98, 1.0]]) * (width, height)
    cv2.fillPoly(mask, [corners.astype(np.int32)], 255)
    segments = cv2.HoughLinesP(edges & mask, 2, np.pi / 180, 50, minLineLength=40, maxLineGap=100)
    sides: dict[bool, list[tuple[float, float, float]]] = {True: [], False: []}
    for x1, y1, x2, y2 in [] if segments is None else segments.reshape(-1, 4):
        if abs(y2 - y1) < 0.4 * abs(x2 - x1):
            continue
        slope = (x2 - x1) / (y2 - y1)
        length = float(np.hypot(x2 - x1, y2 - y1))
        sides[bool(slope < 0)].append((slope, x1 - slope * y1, length))
    y = np.array([0.42 * height, height - 1])
    found = []
    for lines in sides.values():
        if lines:
            slopes, starts, lengths = np.array(lines).T
            slope, start = np.average([slopes, starts], axis=1, weights=lengths)
            found.append(np.stack([slope * y + start, y], axis=1))
    return found


def loop(detect: Detect, film: Path, annotated: Path | None) -> None:
    """Read, detect and perhaps write, one frame after the other."""
    reader = cv2.VideoCapture(str(film))
    writer = None
    if annotated is not None:
        writer = cv2.VideoWriter(
            str(annotated), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (SIZE[1], SIZE[0])
        )
    while True:
        there, frame = reader.read()
        if not there:
            break
        picture = np.ascontiguousarray(frame[..., ::-1])
        lanes = detect(picture)
        if writer is not None:
            named = zip(NAMES[2:], lanes, strict=False)
            answer = {"lanes": [{"name": n, "confidence": 1.0, "points": p} for n, p in named]}
            writer.write(np.ascontiguousarray(drawn(picture, answer)[..., ::-1]))
    reader.release()
    if writer is not None:
        writer.release()


def on_film(detect: Detect, film: Path, labels: list[Lanes]) -> dict[str, float]:
    reader = cv2.VideoCapture(str(film))
    pictures = []
    for place, lanes in enumerate(labels):
        frame = reader.read()[1]
        if place % 5 == 0:
            pictures.append((np.ascontiguousarray(frame[..., ::-1]), lanes))
    return on_pictures(detect, pictures)


def on_pictures(detect: Detect, pictures: list[tuple[np.ndarray, Lanes]]) -> dict[str, float]:
    scores = [
        score_image(
            [sampled(each, HEIGHTS, SIZE[1]) for each in detect(np.ascontiguousarray(picture))],
            [sampled(each, HEIGHTS, SIZE[1]) for each in lanes],
            HEIGHTS,
        )
        for picture, lanes in pictures
    ]
    return {name: round(value, 3) for name, value in tusimple_figures(scores).items()}


def peak(place: Path, film: Path, frames: int) -> int:
    """Return the peak memory of a process that annotates so many frames, in MiB."""
    long = place / f"{frames}.mp4"
    count = cv2.VideoCapture(str(film)).get(cv2.CAP_PROP_FRAME_COUNT)
    repeated(film, long, max(round(frames / count), 1))
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(long), str(place / f"{frames}.parquet"),
         str(place / f"{frames}-drawn.mp4")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return round(float(done.stdout))


def repeated(film: Path, target: Path, times: int) -> None:
    """Write a film several times over into one file, without decoding it."""
    import av

    with av.open(str(target), "w") as out:
        stream = None
        shift = 0
        for _ in range(times):
            with av.open(str(film)) as source:
                video = source.streams.video[0]
                stream = stream or out.add_stream_from_template(video)
                last = 0
                for packet in source.demux(video):
                    if packet.dts is None:
                        continue
                    last = max(last, packet.pts + (packet.duration or 0))
                    packet.pts += shift
                    packet.dts += shift
                    packet.stream = stream
                    out.mux(packet)
                shift += last


if __name__ == "__main__":
    main()
