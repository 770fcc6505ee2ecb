"""What is changed in a scene at random: where the camera looks, light, sharpness, what hides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from deepfield.images import inner_box, read_picture

__all__ = ["Strength", "changed", "to_network", "without_lines"]


@dataclass(frozen=True)
class Strength:
    """How far a scene is changed; nothing at 0."""

    zoom: float = 0.25
    shift: float = 0.10
    """Of the picture's sides."""
    turn: float = 3.0
    """Degrees."""
    stretch: float = 0.08
    light: float = 0.35
    blur: float = 0.25
    """Of pictures."""
    noise: float = 8.0
    hide: float = 0.4
    """Of pictures have one to three pieces covered."""


def to_network(
    picture: np.ndarray, lanes: Sequence[np.ndarray], size: tuple[int, int]
) -> tuple[np.ndarray, list[np.ndarray], tuple[float, float, float, float]]:
    """Return a scene in the network's picture, just as the detector has it, and its box."""
    height, width = picture.shape[:2]
    top, left, inner_height, inner_width = inner_box((height, width), size, "pad")
    scale = np.array([inner_width / width, inner_height / height])
    offset = np.array([left, top])
    whole = np.array(read_picture(picture, "RGB", size, "pad"))
    moved = [(points + 0.5) * scale - 0.5 + offset for points in lanes]
    return whole, moved, (left, top, left + inner_width, top + inner_height)


def changed(
    picture: np.ndarray,
    lanes: Sequence[np.ndarray],
    size: tuple[int, int],
    strength: Strength,
    generator: np.random.Generator,
) -> tuple[np.ndarray, list[np.ndarray], tuple[float, float, float, float]]:
    """Return a changed scene in the network's picture, and the box of what shows anything."""
    height, width = picture.shape[:2]
    top, left, inner_height, inner_width = inner_box((height, width), size, "pad")
    scale = np.exp(generator.uniform(-strength.zoom, strength.zoom))
    ratio = np.exp(generator.uniform(-strength.stretch, strength.stretch))
    angle = np.deg2rad(generator.uniform(-strength.turn, strength.turn))
    flip = -1.0 if generator.random() < 0.5 else 1.0
    shift = generator.uniform(-strength.shift, strength.shift, 2) * (inner_width, inner_height)
    cosine, sine = np.cos(angle), np.sin(angle)
    unit = inner_width / width
    linear = (
        unit
        * scale
        * np.array([[cosine, -sine], [sine, cosine]])
        @ np.diag([flip * ratio, 1 / ratio])
    )
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    goal = np.array([left + (inner_width - 1) / 2, top + (inner_height - 1) / 2]) + shift
    matrix = np.column_stack([linear, goal - linear @ centre])
    if unit * scale < 0.6:  # what shrinks is smoothed first, or dashes would break up
        picture = cv2.blur(picture, (2, 2))
    whole = cv2.warpAffine(picture, matrix, (size[1], size[0]), flags=cv2.INTER_LINEAR)
    moved = [points @ linear.T + matrix[:, 2] for points in lanes]
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ linear.T + matrix[:, 2]
    low, high = corners.min(axis=0), corners.max(axis=0)
    box = (
        max(low[0], left),
        max(low[1], top),
        min(high[0], left + inner_width),
        min(high[1], top + inner_height),
    )
    # What lies beyond the bars that every picture of this shape has, nobody will see.
    seen = np.zeros_like(whole)
    seen[top : top + inner_height, left : left + inner_width] = whole[
        top : top + inner_height, left : left + inner_width
    ]
    return relit(seen, strength, generator), moved, box


def relit(picture: np.ndarray, strength: Strength, generator: np.random.Generator) -> np.ndarray:
    """Return a picture in another light, seen by another camera."""
    spread = strength.light
    gain = np.exp(generator.uniform(-spread, spread))
    tint = np.exp(generator.uniform(-spread / 3, spread / 3, 3))
    gamma = np.exp(generator.uniform(-spread, spread))
    levels = np.linspace(0, 1, 256)[:, None] ** gamma * gain * tint
    pivot = generator.uniform(0.3, 0.6)
    contrast = np.exp(generator.uniform(-spread, spread))
    levels = (levels - pivot) * contrast + pivot
    table = np.clip(levels * 255, 0, 255).astype(np.uint8).reshape(256, 1, 3)
    picture = cv2.LUT(picture, table)
    if generator.random() < 0.15:
        picture = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    elif generator.random() < 0.3:
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None]
        part = generator.uniform(0.3, 1.4)
        picture = np.clip(grey + part * (picture.astype(np.float32) - grey), 0, 255).astype(
            np.uint8
        )
    if generator.random() < strength.blur:
        picture = cv2.GaussianBlur(picture, (0, 0), generator.uniform(0.4, 1.3))
    if generator.random() < 0.5:
        noise = generator.standard_normal(picture.shape[:2], dtype=np.float32)
        noise *= generator.uniform(0, strength.noise)
        picture = np.clip(picture + noise[..., None], 0, 255).astype(np.uint8)
    if generator.random() < strength.hide:
        height, width = picture.shape[:2]
        for _ in range(int(generator.integers(1, 4))):
            tall, broad = (generator.uniform(0.05, 0.25, 2) * (height, width)).astype(int)
            y, x = generator.integers(0, height - tall), generator.integers(0, width - broad)
            picture[y : y + tall, x : x + broad] = generator.integers(0, 256, 3)
    return picture


def without_lines(
    picture: np.ndarray, lanes: Sequence[np.ndarray], generator: np.random.Generator
) -> np.ndarray:
    """Return a picture in which there is no line to find: who never saw one draws lines anywhere.

    What lies above all lines of a scene, the scene upside down, or a plain wash of colour.
    """
    height, width = picture.shape[:2]
    top = min((float(line[:, 1].min()) for line in lanes), default=height) - 0.03 * height
    kind = generator.integers(3)
    if kind == 0 and top > 0.2 * height:
        return cv2.resize(picture[: int(top)], (width, height), interpolation=cv2.INTER_LINEAR)
    if kind == 1:
        return np.ascontiguousarray(picture[::-1])
    corners = generator.integers(0, 256, (2, 2, 3)).astype(np.uint8)
    if generator.random() < 0.5:
        corners[:] = corners[0, 0]
    return cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR)
