"""Roads that follow real lanes: the ground under lanes that people labelled in pictures."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

import numpy as np

from deepfield.errors import InputError
from deepfield_datasets.roads.camera import Camera
from deepfield_datasets.roads.ground import bend, distances

__all__ = ["Course", "follow", "read_shapes"]

SIZE = (1280, 720)
"""Of the pictures that records speak of."""


@dataclass(frozen=True)
class Course:
    """A flat road under labelled lanes."""

    camera: Camera
    heading: float
    curvature: np.ndarray
    """At the camera's ``distances``."""
    offset: float
    """Of the camera from the middle of its lane."""
    lines: tuple[tuple[float, np.ndarray, np.ndarray], ...]
    """Offset across, and along and by how far each line strays from it."""
    lane_width: float
    far: float


def read_shapes(path: str | File) -> list[dict[str, Any]]:
    """Return records of lanes from JSON Lines, plain or gzipped.

    Raises:
        InputError: if there is no such file, or it holds something else.
    """
    path = File(path)
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as file:
            records = [json.loads(line) for line in file if line.strip()]
    except OSError as error:
        raise InputError(f"Cannot read lane shapes from {str(path)!r}: {error}.") from error
    except ValueError as error:
        raise InputError(f"{str(path)!r} holds no JSON Lines: {error}.") from error
    if not records or not all(
        isinstance(each, dict) and {"lanes", "h_samples"} <= set(each) for each in records
    ):
        raise InputError(
            f"{str(path)!r} holds no lane shapes: each line needs 'lanes' and 'h_samples'."
        )
    return records


def follow(
    record: dict[str, Any], size: tuple[int, int], random: np.random.Generator
) -> Course | None:
    """Return the road under a record's lanes, or None where it has fewer than two."""
    scale = size[0] / SIZE[0]
    rows = np.asarray(record["h_samples"], float)
    lanes = []
    for columns in record["lanes"]:
        x = np.asarray(columns, float)
        use = x >= 0
        if use.sum() >= 5:
            lanes.append((x[use], rows[use]))
    if len(lanes) < 2:
        return None
    horizon, slopes = _horizon(lanes)
    ordered = np.sort(slopes)
    width = float(random.uniform(3.4, 3.8))
    gaps = np.diff(ordered)
    gaps = gaps[gaps > 0.2]  # a double line may be labelled twice
    if len(gaps) == 0:
        return None
    height = float(np.clip(width / np.median(gaps), 0.9, 3.0))
    width = float(np.median(gaps) * height)

    focal = size[0] * random.uniform(0.78, 1.02)
    centre = (size[0] / 2, size[1] / 2 + size[1] * random.uniform(-0.05, 0.05))
    level = (horizon - SIZE[1] / 2) * scale + size[1] / 2
    camera = Camera(
        height, float(np.arctan2(centre[1] - level, focal)), 0.0, float(focal), centre, size
    )
    grounded = []
    for x, y in lanes:
        u, v = x * scale, (y - SIZE[1] / 2) * scale + size[1] / 2
        grounded.append(_grounded(camera, u, v))
    heading, bend_, twist, starts = _common(grounded)
    z = distances(camera)
    last = max(float(each[1].max()) for each in grounded)
    fade = np.exp(-np.maximum(z - last, 0) / 60)
    curvature = (bend_ + twist * np.minimum(z, last)) * fade
    left = starts[starts < 0].max(initial=-width / 2 if (starts >= 0).all() else -np.inf)
    right = starts[starts >= 0].min(initial=left + width if (starts < 0).all() else np.inf)
    middle = (left + right) / 2
    path = bend(z, curvature, np.zeros_like(z), -middle, heading)
    lines = []
    for (x, distance), start in zip(grounded, starts, strict=True):
        order = np.argsort(distance)
        far, x = distance[order], x[order]
        cos = np.cos(np.interp(far, path.z, path.heading))
        stray = (x - np.interp(far, path.z, path.x)) * cos - (start - middle)
        lines.append((float(start - middle), np.interp(far, path.z, path.along), stray))
    top = min(float(y.min()) for _, y in lanes)
    gap = max((top - horizon) * scale, 2.0)
    return Course(
        camera, heading, curvature, float(-middle), tuple(lines), width, camera.focal * height / gap
    )


def _horizon(lanes: list[tuple[np.ndarray, np.ndarray]]) -> tuple[float, np.ndarray]:
    """Return the horizon's row under which the lanes are most nearly parallel, and slopes."""
    which = np.concatenate([np.full(len(x), n) for n, (x, _) in enumerate(lanes)])
    columns = np.concatenate([x for x, _ in lanes])
    rows = np.concatenate([y for _, y in lanes])
    best = (np.inf, 0.0, np.zeros(len(lanes)))
    for horizon in np.arange(190.0, min(rows.min() - 2, 300.0) + 1, 5.0):
        below = rows - horizon
        known = np.zeros((len(rows), len(lanes) + 3))
        known[np.arange(len(rows)), which] = below
        known[:, -3], known[:, -2], known[:, -1] = 1, 100 / below, (100 / below) ** 2
        found, *_ = np.linalg.lstsq(known, columns, rcond=None)
        error = float(np.abs(known @ found - columns).mean()) + abs(horizon - 238) * 0.01
        if error < best[0]:
            best = (error, float(horizon), found[: len(lanes)])
    return best[1], best[2]


def _grounded(camera: Camera, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return x and z of points on flat ground."""
    a, b = (u - camera.centre[0]) / camera.focal, (v - camera.centre[1]) / camera.focal
    cos, sin = np.cos(camera.pitch), np.sin(camera.pitch)
    z = camera.height * (cos - b * sin) / (b * cos + sin)
    return a * (z * cos + camera.height * sin), z


def _common(
    grounded: list[tuple[np.ndarray, np.ndarray]],
) -> tuple[float, float, float, np.ndarray]:
    """Return heading, curvature and its slope that all lines share, and where each begins."""
    which = np.concatenate([np.full(len(x), n) for n, (x, _) in enumerate(grounded)])
    x = np.concatenate([x for x, _ in grounded])
    z = np.concatenate([z for _, z in grounded])
    known = np.zeros((len(x), len(grounded) + 3))
    known[np.arange(len(x)), which] = 1
    known[:, -3], known[:, -2], known[:, -1] = z, z**2 / 2, z**3 / 6
    weight = 1 / z  # errors count in pixels
    found, *_ = np.linalg.lstsq(known * weight[:, None], x * weight, rcond=None)
    return float(np.arctan(found[-3])), float(found[-2]), float(found[-1]), found[:-3]
