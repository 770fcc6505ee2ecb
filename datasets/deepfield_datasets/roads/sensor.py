"""Lens and sensor: bonnet, glare, blur, vignette, tone, noise and compression."""

from __future__ import annotations

import cv2
import numpy as np

from deepfield_datasets.roads.camera import Camera
from deepfield_datasets.roads.drawing import fill
from deepfield_datasets.roads.road import RoadOptions
from deepfield_datasets.roads.scene import Scene
from deepfield_datasets.roads.textures import textures
from deepfield_datasets.roads.weather import Light

__all__ = ["expose"]


def expose(
    image: np.ndarray,
    scene: Scene,
    camera: Camera,
    light: Light,
    options: RoadOptions,
    grain: np.random.Generator,
) -> np.ndarray:
    """Return the image as a camera would give it."""
    random = np.random.default_rng([scene.seed, 9])
    if options.flaws == 0:
        return image
    height, width = image.shape[:2]
    if random.random() < 0.08:
        _bonnet(image, light, random)
    if light.sun > 0.5 and random.random() < 0.12 * options.flaws:
        image = _glare(image, camera, light, random)
    if light.wet:
        _streaks(image, light.wet, grain)
    if random.random() < 0.12 * options.flaws:
        long = int(random.integers(2, 5)) | 1
        upright = random.random() < 0.6
        image = cv2.blur(image, (1, long) if upright else (long, 1))
    blur = abs(random.normal(0.25, 0.35)) * options.flaws * width / 640
    if blur > 0.3:
        image = cv2.GaussianBlur(image, (0, 0), min(blur, 1.6))
    gains = np.exp(random.normal(0, 0.03, 3))
    gamma = float(np.exp(random.normal(0, 0.18)))
    contrast = float(np.exp(random.normal(0, 0.12)))
    level = np.linspace(0, 1, 256)[:, None] * gains
    level = (np.clip(level, 0, None) ** gamma - 0.4) * contrast + 0.4 + random.normal(0, 0.02)
    table = np.clip(level * 255, 0, 255).astype(np.uint8)[None]
    image = cv2.LUT(image, table)
    if random.random() < 0.6:  # many cameras give paler colours
        pale = float(random.uniform(0.0, 0.7))
        mix = (1 - pale) * np.eye(3) + pale * np.array([[0.299, 0.587, 0.114]] * 3)
        image = cv2.transform(image, mix)
    if random.random() < 0.4:
        image = _vignette(image, float(random.uniform(0.1, 0.45)))
    noise = textures().sensor
    strength = (
        float(abs(random.normal(0, 0.06)) + (0.15 if light.dark == 1 else 0.01)) * options.flaws
    )
    row = int(grain.integers(0, max(noise.shape[0] - height, 1)))
    column = int(grain.integers(0, max(noise.shape[1] - width, 1)))
    if height <= noise.shape[0] and width <= noise.shape[1]:
        patch = noise[row : row + height, column : column + width]
        image = cv2.addWeighted(image, 1, patch, strength, -128 * strength)
    if random.random() < 0.35:
        quality = int(random.uniform(35, 95))
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    return image


def _bonnet(image: np.ndarray, light: Light, random: np.random.Generator) -> None:
    height, width = image.shape[:2]
    columns = np.linspace(-1, 1, 40)
    top = height * (1 - random.uniform(0.03, 0.12)) + height * random.uniform(0, 0.06) * columns**2
    outline = np.stack([(columns + 1) / 2 * width, top], axis=1)
    outline = np.concatenate([outline, [[width, height + 2], [0, height + 2]]])
    colour = np.array(
        [(0.25, 0.12, 0.11), (0.06, 0.06, 0.07), (0.35, 0.36, 0.38)][random.integers(3)]
    )
    fill(image, outline, colour * light.strength)


def _glare(
    image: np.ndarray, camera: Camera, light: Light, random: np.random.Generator
) -> np.ndarray:
    """Return the image with the sun in it, or just outside."""
    height, width = image.shape[:2]
    x = camera.centre[0] + light.sun_side * width * random.uniform(0.0, 0.6)
    y = camera.horizon - height * random.uniform(0.05, 0.4)
    rows = ((np.arange(0, height, 8) - y) / width)[:, None]
    columns = ((np.arange(0, width, 8) - x) / width)[None, :]
    far = np.hypot(rows, columns)
    shine = random.uniform(60, 200) * np.exp(-far / random.uniform(0.05, 0.3))
    shine = cv2.resize(shine.astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.add(image, cv2.merge([shine] * 3))


def _streaks(image: np.ndarray, wet: float, random: np.random.Generator) -> None:
    """Draw falling rain, in place."""
    height, width = image.shape[:2]
    layer = image.copy()
    lean = random.normal(0, 0.15)
    for _ in range(int(60 * wet)):
        x, y, long = random.uniform(0, width), random.uniform(0, height), random.uniform(4, 22)
        begin, end = (int(x), int(y)), (int(x + lean * long), int(y + long))
        cv2.line(layer, begin, end, (190, 192, 195), 1, cv2.LINE_AA)
    image[:] = cv2.addWeighted(layer, 0.3, image, 0.7, 0)


def _vignette(image: np.ndarray, depth: float) -> np.ndarray:
    height, width = image.shape[:2]
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None] ** 2
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None, :] ** 2
    fall = 255 * (1 - np.float32(depth) * (rows + columns) / 2)
    return cv2.multiply(image, cv2.merge([fall.astype(np.uint8)] * 3), scale=1 / 255)
