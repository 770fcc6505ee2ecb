"""A drive along a made-up road, frame by frame, and a file of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np

from deepfield.errors import InputError
from deepfield_datasets.roads.rendering import picture
from deepfield_datasets.roads.road import Road, RoadOptions
from deepfield_datasets.roads.scene import Moment, Scene, make_scene

__all__ = ["drive", "write_video"]

DEPARTS = 0.62
"""How far from the lane's middle a departure leads, as a share of the lane's width."""
TAKES = 3.0
"""Seconds that a departure lasts."""


def drive(
    seed: int,
    frames: int,
    fps: float = 25.0,
    options: RoadOptions = RoadOptions(),  # noqa: B008 - never changed
) -> Iterator[Road]:
    """Yield the frames of a drive: one road, one light, along which the car moves.

    It drifts a little within its lane, and once, half way, leaves it for some seconds and returns.
    """
    scene = make_scene(seed, options)
    random = np.random.default_rng([seed, 20])
    speed = float(random.uniform(20, 33))
    side = _side(scene, random)
    phases = random.uniform(0, 2 * np.pi, 3)
    for number in range(frames):
        seconds = number / fps
        away = np.exp(-(((seconds - frames / fps / 2) / (TAKES / 2)) ** 2))
        slow = 0.12 * np.sin(2 * np.pi * seconds / 9 + phases[0])
        offset = float(slow + side * DEPARTS * scene.lane_width * away)
        moment = Moment(
            travelled=scene.moment.travelled + speed * seconds,
            offset=offset,
            heading=float(0.004 * np.sin(2 * np.pi * seconds / 7 + phases[1])),
            pitch=float(0.0015 * np.sin(2 * np.pi * seconds / 0.9 + phases[2])),
            seconds=seconds,
        )
        yield picture(scene, moment, options)


def _side(scene: Scene, random: np.random.Generator) -> int:
    """Return where another lane lies beside ours: -1 left, 1 right."""
    offsets = [line.offset for line in scene.lines]
    sides = [side for side in (-1, 1) if any(each * side > scene.lane_width for each in offsets)]
    return int(random.choice(sides or [-1, 1]))


def write_video(path: Path, roads: Iterable[Road], fps: float = 25.0) -> int:
    """Write roads as an H.264 video and return how many frames it has.

    Raises:
        InputError: if there is no road, or its sides are odd, which H.264 cannot hold.
    """
    count = 0
    roads = iter(roads)
    first = next(roads, None)
    if first is None:
        raise InputError("There is no frame to write. Make a drive of at least 1 frame.")
    height, width = first.image.shape[:2]
    if height % 2 or width % 2:
        raise InputError(f"A video's sides must be even, and these are {width} × {height}.")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for road in chain([first], roads):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(road.image), format="rgb24")
            container.mux(stream.encode(frame))
            count += 1
        container.mux(stream.encode(None))
    return count
