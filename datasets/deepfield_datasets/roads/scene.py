"""Draws a world by lot: a road, its camera, its light and everything along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepfield_datasets.roads.blotches import Blotch, blotches
from deepfield_datasets.roads.camera import Camera
from deepfield_datasets.roads.ground import Path, bend, distances
from deepfield_datasets.roads.lines import Line, carriageway
from deepfield_datasets.roads.mounts import mounted
from deepfield_datasets.roads.road import RoadOptions
from deepfield_datasets.roads.shapes import Course, follow
from deepfield_datasets.roads.surface import Surface, surface

__all__ = ["Moment", "Scene", "Wave", "make_scene"]


@dataclass(frozen=True)
class Wave:
    """A sine along the road."""

    size: float
    length: float
    phase: float

    def at(self, along: np.ndarray | float) -> np.ndarray:
        return self.size * np.sin(2 * np.pi * np.asarray(along) / self.length + self.phase)


@dataclass(frozen=True)
class Moment:
    """Where the car is."""

    travelled: float = 0.0
    offset: float = 0.0
    """Of the camera from the middle of its lane, to the right."""
    heading: float = 0.0
    """Of the road against the camera's axis, to the right."""
    pitch: float = 0.0
    """Nodding, beside the camera's own."""
    seconds: float = 0.0


@dataclass(frozen=True)
class Scene:
    seed: int
    camera: Camera
    weather: str
    time: str
    bends: tuple[Wave, ...]
    hills: tuple[Wave, ...]
    lines: tuple[Line, ...]
    lane_width: float
    edges: tuple[float, float, float, float]
    """Across: left end of the pavement, first line, last line, right end of the pavement."""
    barriers: tuple[str, str]
    """What stands left and right: barrier, rail or nothing."""
    opposite: tuple[float, float]
    """Another carriageway on the left, its near and far edge; both 0: none."""
    ground: Surface
    blotches: tuple[Blotch, ...]
    moment: Moment
    far: float
    """How far lines are labelled, in metres."""
    course: Course | None = None
    """Real lanes that a picture follows."""

    def curvature(self, along: np.ndarray | float) -> np.ndarray:
        return np.sum([wave.at(along) for wave in self.bends], axis=0)

    def bent(self, moment: Moment) -> float:
        """Return the curvature at the camera."""
        if self.course:
            return float(self.course.curvature[0])
        return float(self.curvature(moment.travelled))

    def path(self, moment: Moment) -> Path:
        """Return the road ahead of the car."""
        z = distances(self.camera)
        if self.course:
            flat = np.zeros_like(z)
            return bend(z, self.course.curvature, flat, self.course.offset, self.course.heading)
        here = moment.travelled
        height = np.sum([wave.at(here + z) - wave.at(here) for wave in self.hills], axis=0)
        slope = np.sum([wave.at(here + 0.5) - wave.at(here - 0.5) for wave in self.hills])
        return bend(z, self.curvature(here + z), height - slope * z, moment.offset, moment.heading)


def make_scene(
    seed: int, options: RoadOptions, shapes: Sequence[dict[str, Any]] | None = None
) -> Scene:
    """Return a world that depends on the arguments alone."""
    random = np.random.default_rng([seed, 0])
    course = None
    if shapes:
        drawn = np.random.default_rng([seed, 10])
        record = shapes[int(drawn.integers(len(shapes)))]
        course = follow(record, (options.width, options.height), drawn)
    usual = options.cameras == "motorway" or (options.cameras == "any" and random.random() < 0.7)
    camera = mounted(options, usual, random)
    weather: str = options.weather
    if weather == "any":
        weather = str(
            random.choice(["clear", "overcast", "rain", "fog"], p=[0.62, 0.24, 0.08, 0.06])
        )
    time: str = options.time
    if time == "any":
        time = str(random.choice(["day", "dusk", "night"], p=[0.82, 0.1, 0.08]))

    lanes = options.lanes or int(
        random.choice([1, 2, 3, 4, 5, 6], p=[0.05, 0.2, 0.25, 0.25, 0.17, 0.08])
    )
    own = int(random.integers(lanes))
    width = random.uniform(3.3, 3.9) if usual else random.uniform(2.8, 4.1)
    offsets = (np.arange(lanes + 1) - own - 0.5) * width
    offsets[1:-1] += random.normal(0, 0.04, max(lanes - 1, 0))
    if course:
        camera, width = course.camera, course.lane_width
        offsets = _offsets(course, random)
    shoulders = random.choice([0.4, 1.0, 2.5, 3.2], 2) * random.uniform(0.8, 1.2, 2)
    first, last = float(offsets[0]), float(offsets[-1])
    edges = (first - float(shoulders[0]), first, last, last + float(shoulders[1]))
    barriers = (
        str(random.choice(["barrier", "rail", "nothing"], p=[0.5, 0.2, 0.3])),
        str(random.choice(["barrier", "rail", "nothing"], p=[0.25, 0.2, 0.55])),
    )
    opposite = (0.0, 0.0)
    if barriers[0] != "nothing" or random.random() < 0.5:
        gap = 0.8 if barriers[0] != "nothing" else random.uniform(6, 15)
        near = -edges[0] + gap * random.uniform(1, 2)
        opposite = (float(near), float(near + random.uniform(8, 20)))
    fresh = options.flaws == 0
    lines = tuple(carriageway(offsets, random, fresh))
    if course:
        lines = _following(lines, course)
    ground = surface(np.asarray(edges), opposite, offsets, random, options.flaws)
    ground = _shaded(ground, edges, weather, time, options, random)
    strong = 0.35 if usual else 0.7
    bends = tuple(
        Wave(
            random.normal() * strong * scale,
            length * random.uniform(0.8, 1.2),
            random.uniform(0, 2 * np.pi),
        )
        for scale, length in ((0.0012, 1600), (0.0012, 700), (0.0008, 350))
    )
    hills = tuple(
        Wave(
            random.normal() * size, length * random.uniform(0.8, 1.2), random.uniform(0, 2 * np.pi)
        )
        for size, length in ((3.5, 1400), (0.7, 500), (0.06, 150))
    )
    gap = np.clip(random.normal(19, 7), 5, 40) / 720 * options.height
    far = camera.focal * camera.height / gap
    drift = random.normal(0, 0.3)
    if random.random() < 0.08:
        drift = random.uniform(-0.5, 0.5) * width
    moment = Moment(
        travelled=float(random.uniform(0, 5000)),
        offset=float(np.clip(drift, -0.48 * width, 0.48 * width)),
        heading=float(random.normal(0, 0.02 if usual else 0.05)),
        pitch=float(random.normal(0, 0.004)),
    )
    ground = replace(
        ground,
        shades=tuple((a + moment.travelled, b + moment.travelled) for a, b in ground.shades),
        seams=tuple((a + moment.travelled, b + moment.travelled, c) for a, b, c in ground.seams),
    )
    if course:
        far = course.far
        moment = replace(moment, offset=course.offset, heading=course.heading, pitch=0.0)
    return Scene(
        seed,
        camera,
        weather,
        time,
        bends,
        hills,
        lines,
        float(width),
        edges,
        barriers,
        opposite,
        ground,
        blotches(edges, offsets, moment.travelled, random, options.flaws),
        moment,
        float(far),
        course,
    )


def _offsets(course: Course, random: np.random.Generator) -> np.ndarray:
    """Return where the course's lines lie, and at times more beyond them.

    People label the lines of our lane and of those beside it: where the second is missing, there
    is none.
    """
    offsets = np.sort([offset for offset, _, _ in course.lines])
    more = []
    for beside in (offsets[offsets < 0], offsets[offsets > 0]):
        chance = [0.5, 0.3, 0.2] if len(beside) >= 2 else [1, 0, 0]
        more.append(int(random.choice(3, p=chance)))
    left = offsets[0] - course.lane_width * np.arange(more[0], 0, -1)
    right = offsets[-1] + course.lane_width * np.arange(1, more[1] + 1)
    return np.concatenate([left, offsets, right])


def _following(lines: tuple[Line, ...], course: Course) -> tuple[Line, ...]:
    """Return the lines, each straying as the nearest real one does."""
    made = []
    for line in lines:
        _offset, along, stray = min(course.lines, key=lambda each: abs(each[0] - line.offset))
        made.append(replace(line, strays=(along, stray)))
    return tuple(made)


def _shaded(
    ground: Surface,
    edges: tuple[float, ...],
    weather: str,
    time: str,
    options: RoadOptions,
    random: np.random.Generator,
) -> Surface:
    """Return the surface with the shadows of a sunny day."""
    if weather != "clear" or time == "night" or options.flaws == 0:
        return ground
    shade = random.uniform(0.25, 0.6)
    leaves, reach = -9.0, (-99.0, 99.0)
    if random.random() < 0.28:
        leaves = random.uniform(-1.0, 0.6)
        side = random.random()
        if side < 0.4:
            reach = (-99.0, random.uniform(edges[0], edges[2]))
        elif side < 0.8:
            reach = (random.uniform(edges[1], edges[3]), 99.0)
    shades: tuple[tuple[float, float], ...] = ()
    if random.random() < 0.18:
        begin = random.uniform(0, 70)
        shades = ((begin, begin + random.uniform(3, 18)),)
    return replace(
        ground,
        leaves=leaves,
        leaves_reach=reach,
        shade=shade,
        shades=shades,
        under=random.uniform(0.06, 0.5),
    )
