"""What the ground is made of: pavements and verges across the road."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

from deepfield_datasets.roads.textures import TEXELS

__all__ = ["CELL", "REACH", "Surface", "surface"]

REACH = 60.0
"""Metres to either side that the profile knows."""
CELL = 0.02

CONCRETE = ((0.47, 0.50, 0.46), (0.55, 0.57, 0.52), (0.43, 0.46, 0.43), (0.58, 0.57, 0.52))
ASPHALT = ((0.33, 0.34, 0.34), (0.26, 0.26, 0.27), (0.41, 0.42, 0.40), (0.36, 0.36, 0.34))
VERGES = (
    (0.30, 0.36, 0.17),
    (0.56, 0.49, 0.30),
    (0.46, 0.42, 0.34),
    (0.22, 0.27, 0.14),
    (0.62, 0.54, 0.36),
    (0.38, 0.33, 0.26),
)


@dataclass(frozen=True)
class Surface:
    profile: np.ndarray
    """Colours across the road summed from the left, float32 (cells + 1, 3)."""
    slab: float
    """Length of concrete slabs in metres; 0: none."""
    joint: float
    """How dark the joints between slabs are."""
    grain: float
    clouds: float
    streaks: float
    shift: tuple[int, int]
    """Where in the textures this road begins."""
    shades: tuple[tuple[float, float], ...] = ()
    """Stretches along the road that something above it shades."""
    leaves: float = -9.0
    """How much of the ground trees shade: from below -1.5 (nothing) to 1.5."""
    leaves_reach: tuple[float, float] = (-99.0, 99.0)
    """Between which places across the road."""
    shade: float = 0.4
    """Light in the shade of trees."""
    under: float = 0.3
    """Light under what bridges the road."""
    seams: tuple[tuple[float, float, float], ...] = field(default=())
    """Where another pavement begins along the road, where it ends, and how light it is."""


def surface(
    edges: np.ndarray,
    beyond: tuple[float, float],
    lines: np.ndarray,
    random: np.random.Generator,
    flaws: float,
) -> Surface:
    """Return a surface for lanes between ``lines``.

    Args:
        edges: across: left end of the pavement, left and right edge of the lanes, right end.
        beyond: how far a second pavement reaches on the left of ours, its near and far edge.
    """
    cells = round(2 * REACH / CELL)
    places = np.arange(cells, dtype=np.float32) * CELL - REACH + CELL / 2
    concrete = random.random() < 0.55
    main = _near((CONCRETE if concrete else ASPHALT)[random.integers(4)], random)
    colours = np.empty((cells, 3), np.float32)
    colours[:] = _near(VERGES[random.integers(len(VERGES))], random)
    colours[places < edges[0]] = _near(VERGES[random.integers(len(VERGES))], random)
    paved = (places > edges[0]) & (places < edges[3])
    colours[paved] = main
    for outside, chance in (((places < edges[1] - 0.3), 0.5), ((places > edges[2] + 0.3), 0.5)):
        if random.random() < chance:  # shoulders of another pavement
            other = _near(
                (ASPHALT if concrete or random.random() < 0.7 else CONCRETE)[random.integers(4)],
                random,
            )
            colours[outside & paved] = other
    if beyond[1] > beyond[0]:
        opposite = (places > -beyond[1]) & (places < -beyond[0])
        colours[opposite] = main * random.uniform(0.9, 1.1)
        for number in range(6):
            at = -beyond[0] - 0.8 - 3.6 * number
            if at > -beyond[1]:
                colours[np.abs(places - at) < 0.07] += random.uniform(0.05, 0.35)
    light = np.ones(cells, np.float32)
    oil = random.choice([0.0, 0.06, 0.14, 0.22], p=[0.2, 0.3, 0.3, 0.2]) * flaws
    tracks = random.choice([-0.06, 0.0, 0.05, 0.1], p=[0.25, 0.25, 0.3, 0.2]) * flaws
    for left, right in itertools.pairwise(lines):
        middle = (left + right) / 2 + random.normal(0, 0.1)
        strength = oil * random.uniform(0.3, 1.3)
        light -= strength * np.exp(-(((places - middle) / random.uniform(0.3, 0.55)) ** 2) / 2)
        for side in (-0.85, 0.85):
            light -= tracks * np.exp(-(((places - middle - side) / 0.28) ** 2) / 2)
        inside = (places > left) & (places < right)
        light[inside] *= random.normal(1, 0.025 * flaws)
    if random.random() < (0.75 if concrete else 0.3):  # joints that run beside the lines
        beside = random.choice([-0.35, -0.2, 0.0, 0.2, 0.35]) * random.uniform(0.5, 1.5)
        dark = random.uniform(0.15, 0.7) * flaws
        for line in lines:
            if random.random() < 0.8:
                at = line + beside * (random.random() < 0.9) + random.normal(0, 0.03)
                light[np.abs(places - at) < random.uniform(0.01, 0.03)] *= 1 - dark
    for _ in range(random.poisson(1.2 * flaws)):  # seams and tar anywhere
        at = random.uniform(edges[0], edges[3])
        light[np.abs(places - at) < random.uniform(0.01, 0.05)] *= random.choice(
            [0.5, 0.7, 0.85, 1.1]
        )
    if random.random() < 0.18 * flaws:  # grooves along the road
        pitch = random.uniform(0.04, 0.25)
        light *= 1 + random.uniform(0.01, 0.03) * np.sin(
            2 * np.pi * places / pitch + np.sin(places)
        )
    uneven = random.normal(0, 0.02 * flaws, 121).astype(np.float32)  # one value a metre
    light += np.interp(places, np.linspace(-REACH, REACH, 121), uneven)
    light += (
        random.normal(0, random.uniform(0, 0.01) * flaws, cells // 4).astype(np.float32).repeat(4)
    )
    light[~paved] = 1
    colours *= light[:, None]
    profile = np.zeros((cells + 1, 3), np.float64)
    np.cumsum(colours, axis=0, out=profile[1:])
    seams = []
    for _ in range(random.poisson(0.5 * flaws)):
        begin = random.uniform(2, 70)
        seams.append((begin, begin + random.exponential(40) + 2, random.uniform(0.8, 1.2)))
    return Surface(
        profile=profile.astype(np.float32),
        slab=random.choice([4.5, 6.0, 3.7]) if concrete and random.random() < 0.7 else 0.0,
        joint=random.uniform(0.1, 0.5) * flaws,
        grain=random.uniform(0.01, 0.07) * flaws,
        clouds=random.uniform(0.02, 0.15) * flaws,
        streaks=random.choice([0.0, 0.01, 0.025, 0.06], p=[0.3, 0.35, 0.25, 0.1]) * flaws,
        shift=(int(random.integers(TEXELS)), int(random.integers(TEXELS))),
        seams=tuple(seams),
    )


def _near(colour: tuple[float, ...], random: np.random.Generator) -> np.ndarray:
    made = np.asarray(colour) * random.uniform(0.8, 1.2) * random.normal(1, 0.022, 3)
    return np.clip(made, 0.03, 0.66).astype(np.float32)
