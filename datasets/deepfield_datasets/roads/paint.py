"""Puts painted marks onto the ground, each pixel by the share of it that a mark covers."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from deepfield_datasets.roads.camera import Camera
from deepfield_datasets.roads.ground import Ground, Path
from deepfield_datasets.roads.lines import Line, Mark
from deepfield_datasets.roads.textures import TEXELS, textures

__all__ = ["paint_line", "strip"]


def paint_line(
    colours: np.ndarray, line: Line, camera: Camera, path: Path, ground: Ground, travelled: float
) -> None:
    """Blend a line into float32 colours (rows, width, 3) of the ground, in place."""
    half = max(abs(mark.across) + mark.width / 2 for mark in line.marks)
    mask = strip(line, half, camera, path, ground)
    pixels = np.flatnonzero(mask.view(bool))
    if len(pixels) == 0:
        return
    index = ground.index.ravel()[pixels]
    along = ground.along[index] + travelled
    centre = line.across(ground.along)[index]
    across = ground.across.ravel()[pixels] - centre
    width = ground.width.ravel()[pixels] * 1.1
    length = ground.length[index]
    distance = ground.z[index]
    worn = _worn(line, along, across, width, distance)
    flat = colours.reshape(-1, 3)
    before = flat[pixels]
    after = before.copy()
    for mark in line.marks:
        share = _share(mark, along, across, width, length, distance, camera.height)
        if mark.raised:
            # They wear off less, being of clay through and through, but some are gone.
            left = _left(mark, line, along)
            share *= (0.6 + 0.4 * worn) * left
            foot = replace(
                mark, phase=mark.phase - 0.06 - mark.length / 2, length=0.06, raised=0.012
            )
            shade = _share(foot, along, across, width, length, distance, camera.height)
            after *= 1 - (shade * (0.2 + 0.25 * left))[:, None]
        else:
            share *= worn
        after += (np.asarray(mark.colour, np.float32) - after) * share[:, None]
    flat[pixels] = after


def strip(line: Line, half: float, camera: Camera, path: Path, ground: Ground) -> np.ndarray:
    """Return uint8 (rows, width): where the line may lie, a little more than it."""
    some = np.flatnonzero(ground.seen)
    some = np.append(some[::4], some[-1])
    along = path.along[some]
    cos = np.cos(path.heading[some])
    x, y, z = (each[some] for each in (path.x, path.y, path.z))
    across = line.across(along)
    edges = []
    for side in (-1, 1):
        points = camera.project(x + (across + side * half) / cos, y, z)
        points[:, 0] += side * 1.6
        points[:, 1] -= ground.top
        edges.append(points)
    outline = np.concatenate([edges[0], edges[1][::-1]])
    mask = np.zeros(ground.index.shape, np.uint8)
    limit = 8 * max(camera.size)
    cv2.fillPoly(mask, [np.rint(np.clip(outline, -limit, limit)).astype(np.int32)], 1)
    mask &= ground.inside
    return mask


def _share(
    mark: Mark,
    along: np.ndarray,
    across: np.ndarray,
    width: np.ndarray,
    length: np.ndarray,
    distance: np.ndarray,
    height: float,
) -> np.ndarray:
    """Return which share of each pixel's piece of ground a mark covers."""
    across = across - mark.across
    half = mark.width / 2
    beside = np.minimum(across + width / 2, half) - np.maximum(across - width / 2, -half)
    share = np.clip(beside / width, 0, 1)
    if mark.period:
        long = mark.length + mark.raised * distance / height
        share *= np.clip(
            (
                _covered(along + length / 2 - mark.phase, mark.period, long)
                - _covered(along - length / 2 - mark.phase, mark.period, long)
            )
            / length,
            0,
            1,
        )
    return share.astype(np.float32)


def _left(mark: Mark, line: Line, along: np.ndarray) -> np.ndarray:
    """Return how much is left of each of the marks: of a few nothing."""
    number = np.floor((along - mark.phase + mark.period / 2) / mark.period)
    lot = np.modf(np.abs(np.sin(number * 12.9898 + mark.phase * 7.1 + line.offset) * 43758.5))[0]
    left = np.clip(1.25 - line.wear * (0.4 + 1.6 * lot), 0.35, 1)
    left[lot > 1 - 0.5 * line.wear] = 0
    return left.astype(np.float32)


def _covered(place: np.ndarray, period: float, length: np.ndarray | float) -> np.ndarray:
    """Return how many metres up to a place marks cover."""
    whole = np.floor(place / period)
    return whole * length + np.minimum(place - whole * period, length)


def _worn(
    line: Line, along: np.ndarray, across: np.ndarray, width: np.ndarray, distance: np.ndarray
) -> np.ndarray:
    """Return how much of the paint is left at each pixel."""
    fine = textures().grain.ravel()
    coarse = textures().clouds.ravel()
    column = ((across + line.offset * 7) * 35).astype(np.int32) & (TEXELS - 1)
    row = (along * 12).astype(np.int32) & (TEXELS - 1)
    small = fine.take(row * TEXELS + column)
    row = (along * 3 + line.offset * 31).astype(np.int32) & (TEXELS - 1)
    column = (across * 8 + line.offset * 50).astype(np.int32) & (TEXELS - 1)
    large = coarse.take(row * TEXELS + column)
    near = np.clip(0.04 / width, 0, 1)  # far away only the mean of the grain is seen
    left = 1 - line.wear * (0.75 + 0.8 * large + 0.3 * small * near)
    return np.clip(left, 0.06, 1).astype(np.float32)
