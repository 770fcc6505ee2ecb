"""What stands around a road: sky, hills, trees, barriers, rails, bridges, signs, lamps."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from deepfield_datasets.roads.camera import Camera
from deepfield_datasets.roads.drawing import bytes_of, fill, fill_all
from deepfield_datasets.roads.ground import Ground, Path
from deepfield_datasets.roads.scene import Moment, Scene
from deepfield_datasets.roads.textures import TEXELS, textures
from deepfield_datasets.roads.weather import Light

__all__ = ["background", "objects"]


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
    turned = columns / camera.focal + np.arctan2(camera.focal, 1) * 0 + _heading(scene, moment)
    layers = []
    if random.random() < 0.6:
        layers.append((random.uniform(0.01, 0.06), 0.6, _hill(random), 0.45, random.uniform(3, 8)))
    layers.append((random.uniform(0.004, 0.05), 1.0, _leafy(random), 0.15, random.uniform(30, 90)))
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


def _leafy(random: np.random.Generator) -> np.ndarray:
    return np.array(
        [(0.10, 0.13, 0.08), (0.16, 0.2, 0.1), (0.07, 0.09, 0.07), (0.2, 0.22, 0.12)][
            random.integers(4)
        ]
    ) * random.uniform(0.5, 1.3)


def objects(
    image: np.ndarray,
    scene: Scene,
    camera: Camera,
    path: Path,
    ground: Ground,
    light: Light,
    moment: Moment,
) -> None:
    """Draw what stands beside and above the road, far things first."""
    random = np.random.default_rng([scene.seed, 4])
    reach = float(path.along[ground.seen].max())
    things: list[tuple[float, str, float, int]] = []
    for kind, spacing, chance in (
        ("tree", random.uniform(5, 40), 0.7),
        ("lamp", random.uniform(40, 70), 0.3),
        ("sign", random.uniform(90, 250), 0.5),
        ("gantry", random.uniform(300, 700), 0.35),
        ("bridge", random.uniform(200, 900), 0.45),
        ("house", random.uniform(30, 90), 0.15),
    ):
        if random.random() < chance:
            salt = int(random.integers(1 << 30))
            first = int(np.ceil((moment.travelled + 4) / spacing))
            last = int((moment.travelled + min(reach, 420)) / spacing)
            things += [
                (n * spacing - moment.travelled, kind, spacing, salt + n)
                for n in range(first, last + 1)
            ]
    drawn = False
    for along, kind, _, salt in sorted(things, reverse=True):
        if not drawn and along < 60:
            _walls(image, scene, camera, path, ground, light)
            drawn = True
        _thing(image, along, kind, salt, scene, camera, path, light)
    if not drawn:
        _walls(image, scene, camera, path, ground, light)


def _walls(
    image: np.ndarray, scene: Scene, camera: Camera, path: Path, ground: Ground, light: Light
) -> None:
    random = np.random.default_rng([scene.seed, 5])
    seen = ground.seen & (path.along < 500)
    along = path.along[seen]
    for kind, across in zip(scene.barriers, (scene.edges[0], scene.edges[3]), strict=True):
        if kind == "nothing":
            continue
        tall = random.uniform(0.75, 1.1)
        grey = np.array([0.5, 0.5, 0.48]) * random.uniform(0.4, 1.2)
        bands = (
            [(0.0, tall, grey), (tall * 0.9, tall, grey * 1.25)]
            if kind == "barrier"
            else [(tall * 0.5, tall * 0.9, grey), (tall * 0.65, tall * 0.75, grey * 0.6)]
        )
        x, y, z = path.at(along, across)
        for low, high, colour in bands:
            top = camera.project(x, y + high, z)
            bottom = camera.project(x, y + low, z)
            fill(image, np.concatenate([top, bottom[::-1]]), colour * light.strength)
        if kind == "rail":
            for post in np.arange(2, 120, 4.0).tolist():
                x1, y1, z1 = path.point(post, across)
                ends = camera.project(
                    np.array([x1, x1]), np.array([y1, y1 + tall]), np.array([z1, z1])
                )
                thick = max(0.08 * camera.focal / float(z1), 0.5)
                fill(image, _bar(ends, thick), grey * light.strength * 0.7)


def _bar(ends: np.ndarray, thick: float) -> np.ndarray:
    half = np.array([thick / 2, 0])
    return np.array([ends[0] - half, ends[0] + half, ends[1] + half, ends[1] - half])


def _air(colour: np.ndarray, distance: float, light: Light) -> np.ndarray:
    share = np.exp(-distance / light.sight)
    return colour * light.strength * light.facing * share + light.air * (1 - share)


def _thing(
    image: np.ndarray,
    along: float,
    kind: str,
    salt: int,
    scene: Scene,
    camera: Camera,
    path: Path,
    light: Light,
) -> None:
    random = np.random.default_rng([scene.seed, 6, salt])
    side = -1 if random.random() < 0.5 else 1
    edge = scene.edges[0] if side < 0 else scene.edges[3]
    if side < 0 and scene.opposite[1]:
        edge = -scene.opposite[1]

    def box(left: float, right: float, low: float, high: float, colour: np.ndarray) -> None:
        x, y, z = path.point(along, 0.0)
        corners = camera.project(
            np.array([x + left, x + right, x + right, x + left]),
            y + np.array([low, low, high, high]),
            np.full(4, z),
        )
        fill(image, corners, _air(colour, z, light))

    if kind == "tree":
        at = edge + side * (random.gamma(2, 5) + 2)
        tall = random.uniform(3, 14)
        x, y, z = path.point(along, at)
        foot, crown = camera.project(np.array([x, x]), np.array([y, y + tall]), np.array([z, z]))
        _tree(image, foot, crown, _air(_leafy(random), z, light), random)
    elif kind == "lamp":
        at = edge + side * 1.0
        grey = np.full(3, random.uniform(0.1, 0.5))
        tall = random.uniform(8, 12)
        box(at - 0.08, at + 0.08, 0, tall, grey)
        box(min(at, at - side * 2.5), max(at, at - side * 2.5), tall - 0.15, tall, grey)
    elif kind == "sign":
        at = edge + side * random.uniform(1, 4)
        wide, low = random.uniform(0.6, 3), random.uniform(1.5, 4)
        face = np.array(
            [(0.05, 0.3, 0.18), (0.9, 0.9, 0.9), (0.95, 0.7, 0.1), (0.1, 0.1, 0.1)][
                random.integers(4)
            ]
        )
        box(at - 0.06, at + 0.06, 0, low, np.full(3, 0.4))
        box(at - wide / 2, at + wide / 2, low, low + wide * random.uniform(0.5, 1.1), face)
    elif kind == "gantry":
        low = random.uniform(5, 6)
        left, right = scene.edges[0] - 1, scene.edges[3] + 1
        grey = np.full(3, 0.35)
        box(left - 0.2, left + 0.2, 0, low + 2, grey)
        box(right - 0.2, right + 0.2, 0, low + 2, grey)
        box(left, right, low + 0.8, low + 1.2, grey)
        face = np.array(
            [(0.05, 0.28, 0.18), (0.06, 0.06, 0.06), (0.1, 0.2, 0.5)][random.integers(3)]
        )
        for _ in range(random.integers(1, 4)):
            at = random.uniform(left + 2, max(right - 2, left + 2.1))
            wide = random.uniform(3, 6)
            box(at - wide / 2, at + wide / 2, low, low + random.uniform(2, 3.5), face)
    elif kind == "bridge":
        low = random.uniform(5, 7.5)
        thick = random.uniform(1, 2.2)
        grey = np.array([0.4, 0.4, 0.38]) * random.uniform(0.25, 1.1)
        box(-150, 150, low, low + thick, grey)
        box(-150, 150, low + thick, low + thick + 0.9, grey * random.uniform(0.7, 1.3))
        for at in (scene.edges[0] - 0.8, scene.edges[3] + random.uniform(1, 3)):
            box(at - 0.6, at + 0.6, 0, low, grey * 0.7)
        bank = edge + side * random.uniform(4, 9)
        box(min(bank, bank + side * 200), max(bank, bank + side * 200), 0, low, grey * 0.6)
    else:
        at = edge + side * random.uniform(8, 40)
        wide = random.uniform(8, 30)
        wall = np.array([0.6, 0.55, 0.5]) * random.uniform(0.4, 1.3)
        tall = random.uniform(4, 15)
        box(min(at, at + side * wide), max(at, at + side * wide), 0, tall, wall)


@cache
def _crowns() -> np.ndarray:
    """Return outlines of foliage about the origin, (64, 24, 2)."""
    random = np.random.default_rng(7)
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return circle * (1 + 0.22 * random.normal(size=(64, 24, 1)))


def _tree(
    image: np.ndarray,
    foot: np.ndarray,
    crown: np.ndarray,
    colour: np.ndarray,
    random: np.random.Generator,
) -> None:
    tall = foot[1] - crown[1]
    if tall < 2 or not -tall < foot[0] < image.shape[1] + tall:
        return
    wide = tall * random.uniform(0.3, 0.8)
    count = 7 if tall > 60 else 4 if tall > 12 else 2
    lots = random.random((count, 4))
    centres = crown + np.stack(
        [(lots[:, 0] - 0.5) * wide * 0.9, tall * (0.22 + 0.4 * lots[:, 1])], axis=1
    )
    blobs = _crowns()[(lots[:, 2] * 64).astype(int)] * np.array([wide * 0.32, tall * 0.24])
    trunk = _bar(np.array([foot, crown]), tall * 0.04)
    fill_all(
        image,
        np.concatenate([trunk, (centres[:, None] + blobs).reshape(-1, 2)]),
        [4, *[24] * count],
        bytes_of(colour * np.concatenate([[0.6], 0.6 + 0.75 * lots[:, 3]])[:, None]),
    )
