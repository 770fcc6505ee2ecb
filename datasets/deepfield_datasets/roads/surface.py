"""What the ground is made of: pavements and verges across the road, and how they are lit."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import cv2
import numpy as np

from deepfield_datasets.roads.ground import Ground
from deepfield_datasets.roads.textures import TEXELS, textures

__all__ = ["REACH", "Surface", "ground_colours", "surface"]

REACH = 60.0
"""Metres to either side that the profile knows."""
CELL = 0.02

CONCRETE = ((0.47, 0.50, 0.46), (0.55, 0.57, 0.52), (0.43, 0.46, 0.43), (0.58, 0.57, 0.52))
ASPHALT = ((0.30, 0.30, 0.31), (0.24, 0.24, 0.25), (0.37, 0.37, 0.37), (0.33, 0.32, 0.31))
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
    rough: np.ndarray
    """How uneven the ground is across the road, float32 (cells,)."""
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
    """Light in a shade."""
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
    rough = np.full(cells, 3.0, np.float32)
    paved = (places > edges[0]) & (places < edges[3])
    colours[paved] = main
    rough[paved] = 1
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
        rough[opposite] = 1
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
        rough=rough,
        slab=random.choice([4.5, 6.0, 3.7]) if concrete and random.random() < 0.7 else 0.0,
        joint=random.uniform(0.1, 0.5) * flaws,
        grain=random.uniform(0.01, 0.07) * flaws,
        clouds=random.uniform(0.02, 0.1) * flaws,
        streaks=random.choice([0.0, 0.01, 0.025, 0.06], p=[0.3, 0.35, 0.25, 0.1]) * flaws,
        shift=(int(random.integers(TEXELS)), int(random.integers(TEXELS))),
        seams=tuple(seams),
    )


def _near(colour: tuple[float, ...], random: np.random.Generator) -> np.ndarray:
    made = np.asarray(colour) * random.uniform(0.8, 1.2) * random.normal(1, 0.03, 3)
    return np.clip(made, 0.03, 0.66).astype(np.float32)


def ground_colours(made: Surface, ground: Ground, travelled: float) -> np.ndarray:
    """Return float32 (rows, width, 3): the unpainted ground as it is lit."""
    cells = len(made.rough)
    half = ground.width * np.float32(0.5 / CELL)
    middle = (ground.across + np.float32(REACH)) * np.float32(1 / CELL)
    low = np.clip(middle - half, 0, cells - 1).astype(np.intp)
    high = np.minimum(np.maximum((middle + half).astype(np.intp), low + 1), cells)
    colours = made.profile.take(high, axis=0)
    colours -= made.profile.take(low, axis=0)
    colours *= (1 / (high - low).astype(np.float32))[:, :, None]
    light = _light(made, ground, travelled)
    light *= ground.of(_lengthwise(made, ground, travelled))
    colours *= light[:, :, None]
    return colours


def _light(made: Surface, ground: Ground, travelled: float) -> np.ndarray:
    """Return float32 (rows, width): how uneven the ground looks."""
    noise = textures()
    # Where a texel is smaller than a pixel's piece of ground, only its mean is seen.
    reach = ground.of(np.clip(0.05 / ground.length, 0, 1).astype(np.float32) * made.grain)
    light = _sampled(noise.grain, made, ground, travelled, 30, 45) * reach
    reach = ground.of(np.clip(2.0 / ground.length, 0.15, 1).astype(np.float32) * made.clouds)
    light += _sampled(noise.clouds, made, ground, travelled, 4, 11) * reach
    light += _sampled(noise.streaks, made, ground, travelled, 9, 37) * np.float32(made.streaks)
    light += 1
    if made.leaves > -1.4:
        light *= _leaves(made, ground, travelled)
    return light


def _leaves(made: Surface, ground: Ground, travelled: float) -> np.ndarray:
    deep = _smooth(textures().leaves, made, ground, travelled, 11, 14)
    deep += _smooth(textures().clouds, made, ground, travelled, 2.5, 3) * np.float32(1.6)
    low, high = made.leaves_reach
    deep -= np.clip(np.maximum(low - ground.across, ground.across - high) * 0.5, 0, 3)
    share = np.clip((deep + np.float32(made.leaves)) * 6 + 0.5, 0, 1)
    return 1 - np.float32(1 - made.shade) * share


def _sampled(
    texture: np.ndarray,
    made: Surface,
    ground: Ground,
    travelled: float,
    rows: float,
    columns: float,
) -> np.ndarray:
    """Return the texture on the ground, ``rows`` and ``columns`` texels to a metre."""
    row = ((ground.along + travelled) * rows + made.shift[0]).astype(np.int64) & (TEXELS - 1)
    column = (ground.across * np.float32(columns) + np.float32(made.shift[1] + 8192 * 4)).astype(
        np.int32
    )
    column &= TEXELS - 1
    column += ground.of((row * TEXELS).astype(np.int32))
    return texture.ravel().take(column)


def _smooth(
    texture: np.ndarray,
    made: Surface,
    ground: Ground,
    travelled: float,
    rows: float,
    columns: float,
) -> np.ndarray:
    """Return the same without steps between texels."""
    row = np.mod((ground.along + travelled) * rows + made.shift[0], TEXELS).astype(np.float32)
    column = ground.across * np.float32(columns) + np.float32(made.shift[1] + 8 * TEXELS)
    return cv2.remap(texture, column, ground.of(row), cv2.INTER_LINEAR, None, cv2.BORDER_WRAP)


def _lengthwise(made: Surface, ground: Ground, travelled: float) -> np.ndarray:
    """Return float32 (entries,): light that depends on the distance alone."""
    along, length = ground.along + travelled, ground.length
    light = np.ones(len(along))
    if made.slab:
        gap = 0.025
        share = (
            _cover(along + length / 2, made.slab, gap) - _cover(along - length / 2, made.slab, gap)
        ) / length
        light *= 1 - made.joint * np.clip(share, 0, 1)
        slabs = np.floor(along / made.slab).astype(np.int64)
        light *= 1 + 0.04 * np.sin(slabs * 12.9898 + made.shift[0]) * np.clip(2 / length, 0, 1)
    for begin, end, ratio in made.seams:
        light *= 1 + (ratio - 1) * _within(along, length, begin, end)
        light *= 1 - 0.25 * _within(along, length, begin - 0.04, begin + 0.04)
    for begin, end in made.shades:
        light *= 1 - (1 - made.shade) * _within(along, length, begin, end)
    return light.astype(np.float32)


def _within(along: np.ndarray, length: np.ndarray, begin: float, end: float) -> np.ndarray:
    low, high = along - length / 2, along + length / 2
    return np.clip((np.minimum(high, end) - np.maximum(low, begin)) / length, 0, 1)


def _cover(place: np.ndarray, period: float, length: float) -> np.ndarray:
    whole = np.floor(place / period)
    return whole * length + np.minimum(place - whole * period, length)
