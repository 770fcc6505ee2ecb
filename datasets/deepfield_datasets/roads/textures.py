"""Noise that repeats without a seam, made once in a process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

__all__ = ["TEXELS", "Textures", "textures"]

TEXELS = 512


@dataclass(frozen=True)
class Textures:
    """float32 (512, 512) each, of mean 0 and deviation about 0.5; rows run along the road."""

    grain: np.ndarray
    clouds: np.ndarray
    """Smooth, of all sizes."""
    streaks: np.ndarray
    """Long along the road, thin across it."""
    leaves: np.ndarray
    """Clumps, as of foliage."""
    sensor: np.ndarray
    """uint8 (2048, 2048, 3) about 128."""


@cache
def textures() -> Textures:
    random = np.random.default_rng(20240731)
    white = random.normal(size=(TEXELS, TEXELS)).astype(np.float32)
    clouds = _summed(random, (48, 48, 1.0), (20, 20, 0.6), (8, 8, 0.35), (3, 3, 0.2))
    streaks = _summed(random, (90, 1.2, 1.0), (60, 5, 0.7), (30, 0.6, 0.5))
    leaves = _summed(random, (14, 14, 1.0), (5, 5, 0.8), (1.5, 1.5, 0.5))
    sensor = np.clip(random.normal(128, 32, (2048, 2048, 3)), 0, 255).astype(np.uint8)
    return Textures(_scaled(white), _scaled(clouds), _scaled(streaks), _scaled(leaves), sensor)


def _summed(random: np.random.Generator, *sizes: tuple[float, float, float]) -> np.ndarray:
    """Return the sum of noises blurred (along, across), each with its weight."""
    return np.sum([_blurred(random, *size[:2]) * size[2] for size in sizes], axis=0)


def _blurred(random: np.random.Generator, along: float, across: float) -> np.ndarray:
    """Return noise blurred around its edges, so that it repeats without a seam."""
    white = random.normal(size=(TEXELS, TEXELS)).astype(np.float32)
    row, column = np.fft.fftfreq(TEXELS)[:, None], np.fft.fftfreq(TEXELS)[None, :]
    filter_ = np.exp(-2 * np.pi**2 * ((row * along) ** 2 + (column * across) ** 2))
    smooth = np.fft.ifft2(np.fft.fft2(white) * filter_).real
    return (smooth / smooth.std()).astype(np.float32)


def _scaled(texture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(
        np.clip((texture - texture.mean()) / (2 * texture.std()), -1.5, 1.5), np.float32
    )
