"""What cars and lorries look like: polygons in a car's own measures, with what they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

__all__ = ["BUILDS", "MATERIALS", "Model", "model"]


@dataclass(frozen=True)
class Build:
    """Measures in metres; the cabin's as shares of the length."""

    width: float
    length: float
    height: float
    belt: float
    """Height of the body's shoulder."""
    cabin: tuple[float, float]
    """Where along the length the roof begins and ends, from behind."""
    narrow: float
    """How wide the roof is, as a share of the body."""


BUILDS = {
    "saloon": Build(1.8, 4.6, 1.45, 0.95, (0.25, 0.6), 0.72),
    "suv": Build(1.9, 4.7, 1.75, 1.1, (0.04, 0.62), 0.84),
    "pickup": Build(2.0, 5.6, 1.85, 1.1, (0.4, 0.7), 0.8),
    "van": Build(2.0, 5.3, 2.2, 1.2, (0.02, 0.8), 0.9),
    "lorry": Build(2.5, 12.0, 3.9, 3.9, (0.0, 1.0), 1.0),
}


@dataclass(frozen=True)
class Part:
    points: np.ndarray
    """(n, 3): to the right as a share of half the width, up in metres, along as a share."""
    material: str
    gain: float = 1.0
    weight: int = 1
    """2: seen of the farthest cars, 0: only of near ones."""


MATERIALS = ("paint", "tyre", "rim", "dark", "glass", "plate", "lamp")


@dataclass(frozen=True)
class Model:
    """The parts of a build in the order of drawing, as arrays."""

    points: np.ndarray
    """Of all parts, one after another, (n, 3)."""
    counts: tuple[int, ...]
    materials: np.ndarray
    """Places in ``MATERIALS``, one a part."""
    gains: np.ndarray
    """float (parts, 1)."""


@cache
def model(name: str, seen: int, weight: int) -> Model:
    """Return a build whose side ``seen`` (-1 left, 1 right) shows; parts of ``weight`` at least."""
    build = BUILDS[name]
    made = _lorry(build, seen) if name == "lorry" else _car(build, seen)
    parts = [part for part in made if part.weight >= weight]
    return Model(
        np.concatenate([part.points for part in parts]),
        tuple(len(part.points) for part in parts),
        np.array([MATERIALS.index(part.material) for part in parts]),
        np.array([[part.gain] for part in parts]),
    )


def _part(
    side: list[float],
    up: list[float],
    along: list[float],
    material: str,
    gain: float = 1.0,
    weight: int = 1,
) -> Part:
    return Part(np.stack([side, up, along], axis=1).astype(float), material, gain, weight)


def _wheels(build: Build, seen: int, radius: float, ends: tuple[float, ...]) -> list[Part]:
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    made = []
    for end in ends:
        for share, material in ((1.0, "tyre"), (0.55, "rim")):
            up = radius + share * radius * np.sin(angle)
            along = end + share * radius * np.cos(angle) / build.length
            points = np.stack([np.full(12, seen * 1.0), up, along], axis=1)
            made.append(Part(points, material, weight=0 if material == "rim" else 1))
    return made


def _quad(
    side: tuple[float, float],
    up: tuple[float, float],
    along: tuple[float, float],
    material: str,
    gain: float = 1.0,
    weight: int = 1,
    upper: tuple[float, float] | None = None,
) -> Part:
    """Return a face that looks back: ``upper`` is its upper edge where that is narrower."""
    left, right = upper or side
    (low, high), (foot, head) = up, along
    return _part(
        [side[0], side[1], right, left],
        [low, low, high, high],
        [foot, foot, head, head],
        material,
        gain,
        weight,
    )


def _flank(
    seen: float,
    up: tuple[float, float],
    along: tuple[float, float],
    material: str,
    gain: float = 1.0,
    weight: int = 1,
) -> Part:
    (low, high), (begin, end) = up, along
    return _part(
        [seen] * 4, [low, low, high, high], [begin, end, end, begin], material, gain, weight
    )


def _lorry(build: Build, seen: int) -> tuple[Part, ...]:
    tall = build.height
    made = [
        _flank(seen, (0.95, tall), (0, 0.8), "paint", 0.7),
        _flank(seen, (0.6, 2.9), (0.84, 1), "dark", 2.0),
        *_wheels(build, seen, 0.5, (0.08, 0.19, 0.85)),
        _quad((-0.95, 0.95), (0.5, 0.95), (0, 0), "dark", 1.0, 2),
        _quad((-1, 1), (0.95, tall), (0, 0), "paint", 1.0, 2),
        _quad((-1, 1), (tall - 0.15, tall), (0, 0), "paint", 0.7, 0),
        _quad((-0.02, 0.02), (1.0, tall), (0, 0), "dark", 2.0, 0),
        _quad((-0.3, 0.3), (0.55, 0.7), (0, 0), "plate", 0.8, 0),
    ]
    for side in (-1, 1):
        made.append(_quad((side * 0.95, side * 0.5), (0, 0.9), (0.01, 0.01), "tyre"))
        made.append(_quad((side * 0.95, side * 0.78), (0.68, 0.82), (0, 0), "lamp"))
    return tuple(made)


def _car(build: Build, seen: int) -> tuple[Part, ...]:
    begin, end = build.cabin
    belt, tight, tall, low = build.belt, build.narrow, build.height, 0.25
    slope, front = max(begin - 0.12, 0), min(end + 0.15, 1.0)
    near = seen * tight
    pane = tight * 0.93
    made = [
        _part(
            [seen] * 6,
            [low, low, belt * 0.75, belt * 0.95, belt, belt],
            [0, 1, 1, front, front, 0],
            "paint",
            0.7,
        ),
        _flank(seen, (low, low + 0.2), (0, 1), "paint", 0.4, 0),
        _part(
            [seen, seen, near, near],
            [belt, belt, tall, tall],
            [slope, front, end, begin],
            "paint",
            0.75,
        ),
        _part(
            [seen, seen, near, near],
            [belt, belt, tall * 0.95, tall * 0.95],
            [slope + 0.04, front - 0.05, end - 0.02, begin + 0.03],
            "glass",
        ),
        *_wheels(build, seen, 0.34, (0.18, 0.81)),
        _part([-tight, tight, tight, -tight], [tall] * 4, [begin, begin, end, end], "paint", 1.2),
        _quad((-0.97, 0.97), (belt, tall), (slope, begin), "paint", 0.9, 2, (-tight, tight)),
        _quad(
            (-0.86, 0.86), (belt + 0.03, tall * 0.96), (slope, begin), "glass", 1, 2, (-pane, pane)
        ),
        _quad(
            (-0.5, 0.3), (belt + 0.05, tall * 0.94), (slope, begin), "glass", 2.2, 0, (-0.6, 0.1)
        ),
    ]
    if slope > 0:
        made.append(
            _part([-0.97, 0.97, 0.97, -0.97], [belt] * 4, [0, 0, slope, slope], "paint", 1.25)
        )
    for side in (-1, 1):
        made.append(_quad((side * 0.97, side * 0.72), (0, 0.5), (0.04, 0.04), "tyre"))
        mirror = (front - 0.05, front - 0.05)
        made.append(_quad((side * 1.0, side * 1.12), (belt, belt + 0.15), mirror, "paint", 0.5, 0))
    made += [
        _part(
            [-0.96, 0.96, 1, 0.95, -0.95, -1],
            [low, low, 0.6, belt, belt, 0.6],
            [0] * 6,
            "paint",
            1.0,
            2,
        ),
        _quad((-0.95, 0.95), (belt - 0.12, belt), (0, 0), "paint", 1.15, 0),
        _quad((-0.98, 0.98), (low, low + 0.22), (0, 0), "paint", 0.5),
    ]
    for side in (-1, 1):
        outline = (side * 0.97, side * 0.7)
        made.append(_quad(outline, (belt - 0.26, belt - 0.08), (0, 0), "lamp", 1.0, 2))
    made.append(_quad((-0.17, 0.17), (low + 0.32, low + 0.44), (0, 0), "plate", 1.0, 0))
    return tuple(made)
