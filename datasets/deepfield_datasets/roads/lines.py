"""Painted lines: their patterns on the road and how a picture shows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfield_datasets.roads.camera import Camera
from deepfield_datasets.roads.ground import Ground, Path
from deepfield_datasets.roads.road import Lane

__all__ = ["Line", "Mark", "carriageway", "labels"]

MOST = 3
"""Lines labelled on either side."""


@dataclass(frozen=True)
class Mark:
    """A row of equal marks along a line; ``period`` 0 is an unbroken stripe."""

    width: float
    period: float = 0.0
    length: float = 0.0
    phase: float = 0.0
    across: float = 0.0
    """From the line's middle."""
    raised: float = 0.0
    """Height of the mark above the road, in metres."""
    colour: tuple[float, float, float] = (0.9, 0.9, 0.88)


@dataclass(frozen=True)
class Line:
    offset: float
    """Across, where the camera is."""
    kind: str
    marks: tuple[Mark, ...]
    wear: float
    """Share of the paint that is gone, 0 to 1."""
    strays: tuple[np.ndarray, np.ndarray] | None = None
    """Distances along the road and how far the line strays there from its offset."""

    def across(self, along: np.ndarray) -> np.ndarray:
        if self.strays is None:
            return np.full(np.shape(along), self.offset)
        return self.offset + np.interp(along, *self.strays)


WHITE = (0.92, 0.92, 0.9)
YELLOW = (0.86, 0.62, 0.16)
DASHES = ((3.05, 12.2), (3.66, 14.6), (3.05, 12.2), (3.66, 14.6), (3, 12), (6, 18), (4, 12), (2, 6))


def carriageway(
    offsets: np.ndarray, random: np.random.Generator, fresh: bool = False
) -> list[Line]:
    """Return lines at ``offsets`` as one road authority would paint them."""
    length, period = DASHES[random.integers(len(DASHES))]
    width = random.uniform(0.09, 0.13) if random.random() < 0.7 else random.uniform(0.13, 0.2)
    style = random.choice(
        ["dashed", "dots", "dots-dashes", "dashed-markers"], p=[0.28, 0.28, 0.2, 0.24]
    )
    left = random.choice(["yellow", "white", "double", "dashed"], p=[0.55, 0.25, 0.1, 0.1])
    wear = 0.0 if fresh else float(random.beta(1.2, 2.5))
    made = []
    for place, offset in enumerate(offsets):
        phase = random.uniform(0, period) * (random.random() < 0.5)
        own = float(np.clip(wear + (0 if fresh else random.normal(0, 0.1)), 0, 0.9))
        broad = width * random.uniform(0.9, 1.15)
        if place == 0 and left != "dashed":
            colour = _tint(WHITE if left == "white" else YELLOW, own, random)
            if left == "double":
                gap = random.uniform(0.08, 0.15)
                marks = tuple(
                    Mark(broad, across=side * (gap + broad) / 2, colour=colour) for side in (-1, 1)
                )
                made.append(Line(offset, "double", marks, own))
            else:
                made.append(Line(offset, "solid", (Mark(broad, colour=colour),), own))
        elif place == len(offsets) - 1 and random.random() < 0.9:
            made.append(
                Line(offset, "solid", (Mark(broad, colour=_tint(WHITE, own, random)),), own)
            )
        else:
            kind = style if random.random() < 0.93 else "solid"
            made.append(_inner(offset, kind, broad, length, period, phase, own, random))
    return made


def _inner(
    offset: float,
    style: str,
    width: float,
    length: float,
    period: float,
    phase: float,
    wear: float,
    random: np.random.Generator,
) -> Line:
    colour = _tint(WHITE, wear, random)
    dash = Mark(width, period, length, phase, colour=colour)
    if style == "solid":
        return Line(offset, "solid", (Mark(width, colour=colour),), wear)
    if style == "dashed":
        if random.random() < 0.05:
            solid = Mark(width, across=0.2, colour=colour)
            return Line(
                offset,
                "half-dashed",
                (Mark(width, period, length, phase, -0.2, colour=colour), solid),
                wear,
            )
        return Line(offset, "dashed", (dash,), wear)
    glint = _tint((0.95, 0.95, 0.95), wear, random)
    if style == "dashed-markers":
        marker = Mark(
            0.11, period, 0.1, phase + length + (period - length) / 2, raised=0.018, colour=glint
        )
        return Line(offset, "dashed", (dash, marker), wear)
    count = int(random.choice([4, 4, 4, 5, 3]))
    step = random.uniform(0.9, 1.25)
    size = random.uniform(0.1, 0.13)
    dots = tuple(
        Mark(size, period, size, phase + step * n, raised=0.02, colour=colour) for n in range(count)
    )
    marker = Mark(0.11, period, 0.1, phase + period / 2 + 1.5, raised=0.018, colour=glint)
    if style == "dots":
        return Line(offset, "dots", (*dots, marker), wear)
    return Line(offset, "dots-dashes", (dash, *dots, marker), wear)


def _tint(
    colour: tuple[float, ...], wear: float, random: np.random.Generator
) -> tuple[float, float, float]:
    light = random.uniform(1 - 0.35 * wear, 1.06)
    red, green, blue = (
        float(np.clip(c * light * random.uniform(0.97, 1.03), 0, 1)) for c in colour
    )
    return red, green, blue


def labels(
    lines: list[Line], camera: Camera, path: Path, ground: Ground, far: float
) -> tuple[Lane, ...]:
    """Return the lines as the picture shows them, no farther than ``far`` metres."""
    use = ground.seen & (path.z <= far)
    along, x, y, z = (each[use] for each in (path.along, path.x, path.y, path.z))
    cos = np.cos(path.heading[use])
    found: list[tuple[float, str, np.ndarray]] = []
    for line in lines:
        across = line.across(along)
        points = camera.project(x + across / cos, y, z)[::-1].astype(np.float32)
        points = _visible(points, camera.size)
        if len(points) >= 2 and points[-1, 1] - points[0, 1] >= camera.size[1] / 40:
            found.append((float(path.x[0] + across[0]), line.kind, points))
    found.sort(key=lambda each: each[0])
    left = [each for each in found if each[0] < 0][-MOST:]
    right = [each for each in found if each[0] >= 0][:MOST]
    sides = [*range(-len(left), 0), *range(1, len(right) + 1)]
    return tuple(
        Lane(points, side, kind)
        for side, (_, kind, points) in zip(sides, [*left, *right], strict=True)
    )


def _visible(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the longest run of points within the picture whose rows ascend."""
    rows = points[:, 1]
    keep = np.ones(len(points), bool)
    keep[1:] = rows[1:] > np.maximum.accumulate(rows)[:-1]
    points = points[keep]
    width, height = size
    inside = (
        (points[:, 0] >= 0)
        & (points[:, 0] <= width - 1)
        & (points[:, 1] >= 0)
        & (points[:, 1] <= height - 1)
    )
    edges = np.flatnonzero(np.diff(inside.astype(np.int8), prepend=0, append=0))
    if len(edges) == 0:
        return points[:0]
    begins, ends = edges[::2], edges[1::2]
    best = int(np.argmax(ends - begins))
    return points[begins[best] : ends[best]]
