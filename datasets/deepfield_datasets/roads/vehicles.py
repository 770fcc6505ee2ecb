"""What cars and lorries look like: polygons in a car's own measures, with what they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

__all__ = ["BUILDS", "Build", "Part", "parts"]


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
    fine: bool = False
    """Seen only of cars that are near."""


@cache
def parts(name: str, seen: int) -> tuple[Part, ...]:
    """Return the parts of a build in the order of drawing; ``seen`` is the side that shows."""
    build = BUILDS[name]
    return _lorry(build, seen) if name == "lorry" else _car(build, seen)


def _part(
    side: list[float],
    up: list[float],
    along: list[float],
    material: str,
    gain: float = 1.0,
    fine: bool = False,
) -> Part:
    return Part(np.stack([side, up, along], axis=1).astype(float), material, gain, fine)


def _wheels(build: Build, seen: int, radius: float, ends: tuple[float, ...]) -> list[Part]:
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    made = []
    for end in ends:
        for share, material in ((1.0, "tyre"), (0.55, "rim")):
            up = radius + share * radius * np.sin(angle)
            along = end + share * radius * np.cos(angle) / build.length
            points = np.stack([np.full(12, seen * 1.0), up, along], axis=1)
            made.append(Part(points, material, fine=material == "rim"))
    return made


def _lorry(build: Build, seen: int) -> tuple[Part, ...]:
    tall = build.height
    made = [
        _part([seen] * 4, [0.95, 0.95, tall, tall], [0, 0.8, 0.8, 0], "paint", 0.7),
        _part([seen] * 4, [0.6, 0.6, 2.9, 2.9], [0.84, 1, 1, 0.84], "dark", 2.0),
        *_wheels(build, seen, 0.5, (0.08, 0.19, 0.85)),
        _part([-0.95, 0.95, 0.95, -0.95], [0.5, 0.5, 0.95, 0.95], [0] * 4, "dark"),
        _part([-1, 1, 1, -1], [0.95, 0.95, tall, tall], [0] * 4, "paint"),
        _part([-1, 1, 1, -1], [tall - 0.15, tall - 0.15, tall, tall], [0] * 4, "paint", 0.7, True),
        _part([-0.02, 0.02, 0.02, -0.02], [1.0, 1.0, tall, tall], [0] * 4, "dark", 2.0, True),
    ]
    for side in (-1, 1):
        made.append(
            _part(
                [side * 0.95, side * 0.5, side * 0.5, side * 0.95],
                [0, 0, 0.9, 0.9],
                [0.01] * 4,
                "tyre",
            )
        )
        made.append(
            _part(
                [side * 0.95, side * 0.78, side * 0.78, side * 0.95],
                [0.68, 0.68, 0.82, 0.82],
                [0] * 4,
                "lamp",
            )
        )
    return tuple(made)


def _car(build: Build, seen: int) -> tuple[Part, ...]:
    begin, end = build.cabin
    belt, tight, tall, low = build.belt, build.narrow, build.height, 0.25
    slope = max(begin - 0.12, 0)
    front = min(end + 0.15, 1.0)
    near = seen * tight
    made = [
        _part(
            [seen] * 6,
            [low, low, belt * 0.75, belt * 0.95, belt, belt],
            [0, 1, 1, front, front, 0],
            "paint",
            0.7,
        ),
        _part([seen] * 4, [low, low, low + 0.2, low + 0.2], [0, 1, 1, 0], "paint", 0.4, True),
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
        _part(
            [-0.97, 0.97, tight, -tight],
            [belt, belt, tall, tall],
            [slope, slope, begin, begin],
            "paint",
            0.9,
        ),
        _part(
            [-0.86, 0.86, tight * 0.93, -tight * 0.93],
            [belt + 0.03, belt + 0.03, tall * 0.96, tall * 0.96],
            [slope, slope, begin, begin],
            "glass",
        ),
        _part(
            [-0.5, 0.3, 0.1, -0.6],
            [belt + 0.05, belt + 0.05, tall * 0.94, tall * 0.94],
            [slope, slope, begin, begin],
            "glass",
            2.2,
            True,
        ),
    ]
    if slope > 0:
        made.append(
            _part([-0.97, 0.97, 0.97, -0.97], [belt] * 4, [0, 0, slope, slope], "paint", 1.25)
        )
    for side in (-1, 1):
        made.append(
            _part(
                [side * 0.97, side * 0.72, side * 0.72, side * 0.97],
                [0, 0, 0.5, 0.5],
                [0.04] * 4,
                "tyre",
            )
        )
        made.append(
            _part(
                [side * 1.0, side * 1.12, side * 1.12, side * 1.0],
                [belt, belt, belt + 0.15, belt + 0.15],
                [front - 0.05] * 4,
                "paint",
                0.5,
                True,
            )
        )
    made += [
        _part(
            [-0.96, 0.96, 1, 0.95, -0.95, -1], [low, low, 0.6, belt, belt, 0.6], [0] * 6, "paint"
        ),
        _part(
            [-0.95, 0.95, 0.95, -0.95],
            [belt - 0.12, belt - 0.12, belt, belt],
            [0] * 4,
            "paint",
            1.15,
            True,
        ),
        _part([-0.98, 0.98, 1, -1], [low, low, low + 0.22, low + 0.22], [0] * 4, "paint", 0.5),
    ]
    for side in (-1, 1):
        made.append(
            _part(
                [side * 0.97, side * 0.7, side * 0.72, side * 0.96],
                [belt - 0.26, belt - 0.24, belt - 0.08, belt - 0.08],
                [0] * 4,
                "lamp",
            )
        )
    made.append(
        _part(
            [-0.17, 0.17, 0.17, -0.17],
            [low + 0.32, low + 0.32, low + 0.44, low + 0.44],
            [0] * 4,
            "plate",
            1.0,
            True,
        )
    )
    return tuple(made)
