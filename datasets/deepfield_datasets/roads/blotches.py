"""Things on the ground that are no lanes: patches, cracks, tar, skid marks, arrows, bars."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from deepfield_datasets.roads.camera import Camera
from deepfield_datasets.roads.ground import Ground, Path

__all__ = ["Blotch", "blotches", "lay"]

SHIFT = 4
CYCLE = 600.0


@dataclass(frozen=True)
class Blotch:
    outline: np.ndarray
    """(n, 2): along and across, in metres; along counts from where the blotch begins."""
    begins: float
    gain: float
    """How much light of the ground it leaves; above 1 it is lighter."""
    paint: float = 0.0
    """Share of white paint, instead."""
    reach: float = 90.0
    """Metres beyond which nothing is seen of it."""


def blotches(
    edges: tuple[float, float, float, float],
    lines: np.ndarray,
    begin: float,
    random: np.random.Generator,
    flaws: float,
) -> tuple[Blotch, ...]:
    """Return blotches along a pavement from ``begin`` on."""
    made: list[Blotch] = []
    low, high = edges[0], edges[3]

    def place() -> float:
        return begin + float(
            random.gamma(1.5, 18) if random.random() < 0.7 else random.uniform(0, 500)
        )

    for _ in range(random.poisson(random.choice([0.3, 1.5, 5]) * flaws)):  # patches
        lane = int(random.integers(max(len(lines) - 1, 1)))
        near = float(lines[lane]) + random.uniform(-0.1, 1.5)
        box = _box(random.uniform(0.6, 25), near, near + random.uniform(0.4, 2.4))
        made.append(Blotch(box, place(), float(random.choice([0.75, 0.85, 0.92, 1.1, 1.2]))))
    for _ in range(random.poisson(random.choice([0.2, 1, 6]) * flaws)):  # cracks and tar
        length = random.uniform(1, 30)
        steps = np.linspace(0, 1, 10)
        wander = np.cumsum(random.normal(0, 0.12, 10))
        if random.random() < 0.35:  # across the road
            along, across = wander + steps * random.normal(0, 2), low + (high - low) * steps
        else:
            along, across = steps * length, float(random.uniform(low, high)) + wander
        made.append(
            Blotch(
                _ribbon(along, across, random.uniform(0.01, 0.05)),
                place(),
                float(random.uniform(0.45, 0.85)),
                reach=22,
            )
        )
    for _ in range(random.poisson(0.35 * flaws)):  # skid marks
        where, length = float(random.uniform(low, high)), random.uniform(4, 40)
        drift = random.normal(0, 0.5)
        gain = float(random.uniform(0.6, 0.88))
        start = place()
        for side in (0.0, 1.5):
            steps = np.linspace(0, 1, 8)
            ribbon = _ribbon(steps * length, where + side + drift * steps**2, 0.18)
            made.append(Blotch(ribbon, start, gain, reach=60))
    if random.random() < 0.08 * flaws:  # an arrow or a letter in a lane
        lane = int(random.integers(max(len(lines) - 1, 1)))
        middle = float(lines[lane] + lines[min(lane + 1, len(lines) - 1)]) / 2
        share = float(random.uniform(0.2, 0.9))
        arrow = np.array(
            [[0, -0.1], [2.2, -0.1], [2.2, -0.45], [3.8, 0], [2.2, 0.45], [2.2, 0.1], [0, 0.1]]
        )
        made.append(Blotch(arrow + np.array([0, middle]), place(), 1.0, share, reach=60))
    if random.random() < 0.03 * flaws:  # bars across the road
        start, share = begin + random.uniform(8, 45), float(random.uniform(0.3, 0.9))
        for left in np.arange(low, high, 1.0).tolist():
            made.append(Blotch(_box(3.0, left, left + 0.45), float(start), 1.0, share, reach=80))
    return tuple(made)


def _box(length: float, left: float, right: float) -> np.ndarray:
    return np.array([[0, left], [0, right], [length, right], [length, left]], float)


def _ribbon(along: np.ndarray, across: np.ndarray, width: float) -> np.ndarray:
    side = np.stack([np.gradient(across), -np.gradient(along)], axis=1)
    side *= width / 2 / np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6)
    middle = np.stack([along, across], axis=1)
    return np.concatenate([middle + side, (middle - side)[::-1]])


def lay(
    colours: np.ndarray,
    made: tuple[Blotch, ...],
    camera: Camera,
    path: Path,
    ground: Ground,
    travelled: float,
) -> None:
    """Lay blotches on float32 colours (rows, width, 3) of the ground, in place."""
    rows, width = ground.index.shape
    nearest = float(path.along[0]) + 0.2
    for blotch in made:
        # They come again and again, so that a drive of any length has some.
        begins = (blotch.begins - travelled + 60) % CYCLE - 60
        along = blotch.outline[:, 0] + begins
        if along.min() > blotch.reach or along.max() < nearest:
            continue
        x, y, z = path.at(np.maximum(along, nearest), blotch.outline[:, 1])
        points = camera.project(x, y, z)
        points[:, 1] -= ground.top
        low = np.maximum(np.floor(points.min(axis=0)).astype(int) - 1, 0)
        high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 2, (width, rows))
        if (high <= low).any():
            continue
        mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        corners = np.rint(np.clip(points - low, -9000, 9000) * (1 << SHIFT)).astype(np.int32)
        cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, SHIFT)
        fade = 1 - min(max(float(along.min()), 0) / blotch.reach, 1)
        share = mask.astype(np.float32)[:, :, None] * np.float32(fade / 255)
        part = colours[low[1] : high[1], low[0] : high[0]]
        if blotch.paint:
            part += (np.float32(0.85) - part) * (share * np.float32(blotch.paint))
        else:
            part *= 1 + share * np.float32(blotch.gain - 1)
