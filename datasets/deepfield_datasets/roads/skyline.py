"""What lies behind the road: sky, clouds, hills and distant trees."""

from __future__ import annotations

import cv2
import numpy as np

from deepfield_datasets.roads.camera import Camera
from deepfield_datasets.roads.drawing import fill
from deepfield_datasets.roads.ground import Path
from deepfield_datasets.roads.scene import Moment, Scene
from deepfield_datasets.roads.textures import TEXELS, textures
from deepfield_datasets.roads.weather import Light

__all__ = ["background", "leafy"]


def background(
    scene: Scene, camera: Camera, path: Path, light: Light, moment: Moment
) -> np.ndarray:
    """Return uint8 (height, width, 3): sky, hills and distant trees; the ground is laid over it."""
    random = np.random.default_rng([scene.seed, 3])
    width, height = camera.size
    horizon = camera.horizon
    rows = np.arange(height, dtype=np.float32)
    share = np.clip((horizon - rows) / (0.5 * height), 0, 1)[:, None] ** 0.7
    sky = light.skyline * (1 - share) + light.zenith * share
    image = np.repeat((sky * 255).clip(0, 255).astype(np.uint8)[:, None], width, axis=1)
    if light.clouds > 0.12 and light.dark < 1:
        _clouds(image, int(horizon), light, random)
    columns = np.arange(width)
    # Far things turn with the road, so that a drive moves them.
    turned = columns / camera.focal + _heading(scene, moment)
    layers = []
    if random.random() < 0.6:
        layers.append((random.uniform(0.01, 0.06), 0.6, _hill(random), 0.45, random.uniform(3, 8)))
    layers.append((random.uniform(0.004, 0.05), 1.0, leafy(random), 0.15, random.uniform(30, 90)))
    for size, _, colour, air, pace in layers:
        top = np.zeros(width)
        for octave in range(6 if pace > 20 else 3):
            top += np.sin(turned * pace * 1.9**octave + random.uniform(0, 6.3)) / 1.6**octave
        top = horizon - camera.focal * size * np.clip(0.55 + 0.35 * top, 0, 2.5)
        top += (columns - camera.centre[0]) * np.tan(camera.roll)
        colour = colour * light.strength * light.facing * (1 - air) + light.air * air
        outline = np.stack([columns, top], axis=1)
        outline = np.concatenate([outline, [[width, height], [0, height]]])
        fill(image, outline, colour)
        _foliage(image, top, horizon, 0.9 if air < 0.3 else 0.35, random)
    return image


def _foliage(
    image: np.ndarray, top: np.ndarray, horizon: float, depth: float, random: np.random.Generator
) -> None:
    """Make what lies between a skyline and the horizon uneven, as leaves are, in place."""
    begin, end = max(int(top.min()), 0), min(int(horizon + 0.06 * image.shape[0]), image.shape[0])
    if end - begin < 2:
        return
    row, column = random.integers(0, TEXELS // 2, 2)
    patch = textures().leaves[row : row + 160, column : column + TEXELS // 2]
    patch = cv2.resize(patch, (image.shape[1], 160))[: end - begin]
    if len(patch) < end - begin:
        patch = cv2.resize(patch, (image.shape[1], end - begin))
    gain = 1 + np.float32(depth) * patch
    gain[np.arange(begin, end)[:, None] < top[None]] = 1
    part = image[begin:end].astype(np.float32) * gain[:, :, None]
    image[begin:end] = cv2.convertScaleAbs(np.maximum(part, 0))


def _heading(scene: Scene, moment: Moment) -> float:
    """Return where the road leads at the car, against some direction of the compass."""
    turn = sum(
        wave.size
        * wave.length
        / (2 * np.pi)
        * -np.cos(2 * np.pi * moment.travelled / wave.length + wave.phase)
        for wave in scene.bends
    )
    return float(turn - moment.heading)


def _clouds(image: np.ndarray, horizon: int, light: Light, random: np.random.Generator) -> None:
    high = min(max(horizon + 8, 8), image.shape[0])
    row, column = random.integers(0, TEXELS // 2, 2)
    patch = textures().clouds[row : row + TEXELS // 2, column : column + TEXELS // 2]
    patch = cv2.resize(patch, (image.shape[1], high), interpolation=cv2.INTER_LINEAR)
    share = np.clip(patch * light.clouds * 1.5 + light.clouds - 0.25, 0, 1)[:, :, None]
    image[:high] += (
        (
            235 * light.strength.mean().clip(0, 1)
            - np.minimum(image[:high], 235 * light.strength.mean().clip(0, 1))
        )
        * share
    ).astype(np.uint8)


def _hill(random: np.random.Generator) -> np.ndarray:
    return np.array(
        [(0.30, 0.36, 0.30), (0.55, 0.46, 0.28), (0.22, 0.27, 0.18), (0.36, 0.38, 0.42)][
            random.integers(4)
        ]
    ) * random.uniform(0.6, 1.2)


def leafy(random: np.random.Generator) -> np.ndarray:
    return np.array(
        [(0.10, 0.13, 0.08), (0.16, 0.2, 0.1), (0.07, 0.09, 0.07), (0.2, 0.22, 0.12)][
            random.integers(4)
        ]
    ) * random.uniform(0.5, 1.3)
