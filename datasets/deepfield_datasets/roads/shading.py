"""How the ground looks before it is painted, and the shadows that lie on it."""

from __future__ import annotations

import cv2
import numpy as np

from deepfield_datasets.roads.ground import Ground
from deepfield_datasets.roads.surface import CELL, REACH, Surface
from deepfield_datasets.roads.textures import TEXELS, textures

__all__ = ["ground_colours", "shading"]


def ground_colours(made: Surface, ground: Ground, travelled: float) -> np.ndarray:
    """Return float32 (rows, width, 3): the unpainted ground as it is lit."""
    cells = len(made.profile) - 1
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
    return light


def shading(made: Surface, ground: Ground, travelled: float) -> np.ndarray | None:
    """Return float32 (rows, width), the light that shadows leave, or None where there are none.

    Paint lies in them too: they are laid over it.
    """
    shade = None
    if made.leaves > -1.4:
        shade = _leaves(made, ground, travelled)
    if made.shades:
        along = ground.along + travelled
        light = np.ones(len(along))
        for begin, end in made.shades:
            light *= 1 - (1 - made.under) * _within(along, ground.length, begin, end)
        under = ground.of(light.astype(np.float32))
        shade = under if shade is None else np.minimum(shade, under)
    return shade


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
    return light.astype(np.float32)


def _within(along: np.ndarray, length: np.ndarray, begin: float, end: float) -> np.ndarray:
    low, high = along - length / 2, along + length / 2
    return np.clip((np.minimum(high, end) - np.maximum(low, begin)) / length, 0, 1)


def _cover(place: np.ndarray, period: float, length: float) -> np.ndarray:
    whole = np.floor(place / period)
    return whole * length + np.minimum(place - whole * period, length)
