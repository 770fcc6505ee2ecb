"""What stands beside and above a road: trees, barriers, rails, bridges, signs, lamps, houses."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from deepfield_datasets.roads.camera import Camera
from deepfield_datasets.roads.drawing import bytes_of, fill, fill_all
from deepfield_datasets.roads.ground import Ground, Path
from deepfield_datasets.roads.scene import Moment, Scene
from deepfield_datasets.roads.skyline import leafy
from deepfield_datasets.roads.weather import Light

__all__ = ["objects"]


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
        ("tree", random.uniform(8, 40), 0.7),
        ("lamp", random.uniform(40, 70), 0.3),
        ("sign", random.uniform(90, 250), 0.5),
        ("gantry", random.uniform(300, 700), 0.35),
        ("bridge", random.uniform(200, 900), 0.45),
        ("house", random.uniform(30, 90), 0.15),
    ):
        if random.random() < chance:
            salt = int(random.integers(1 << 30))
            first = int(np.ceil((moment.travelled + 4) / spacing))
            last = int((moment.travelled + min(reach, 280)) / spacing)
            things += [
                (n * spacing - moment.travelled, kind, spacing, salt + n)
                for n in range(first, last + 1)
            ]
    for side in (-1, 1):
        if random.random() < 0.42:
            edge = scene.edges[3] if side > 0 else min(scene.edges[0], -scene.opposite[1])
            across = edge + side * random.uniform(2, 9)
            _grove(image, across, camera, path, light, moment, min(reach, 220), random)
    drawn = False
    for along, kind, _, salt in sorted(things, reverse=True):
        if not drawn and along < 60:
            _walls(image, scene, camera, path, ground, light)
            drawn = True
        _thing(image, along, kind, salt, scene, camera, path, light)
    if not drawn:
        _walls(image, scene, camera, path, ground, light)


def _grove(
    image: np.ndarray,
    across: float,
    camera: Camera,
    path: Path,
    light: Light,
    moment: Moment,
    reach: float,
    random: np.random.Generator,
) -> None:
    """Draw a bank of bushes and trees along the road, in pieces, each with a shade of its own."""
    tall, step = random.uniform(2, 11), 4.0
    colour = leafy(random)
    numbers = np.arange(np.ceil((moment.travelled + 3) / step), (moment.travelled + reach) / step)
    if len(numbers) < 2:
        return
    numbers = numbers[::-1]  # far pieces first
    x, y, z = path.at(numbers * step - moment.travelled, across)
    lot = np.abs(np.sin(numbers * 12.9898 + tall)) * 43758.5
    lots = np.stack([lot % 1, lot * 7.3 % 1, lot * 3.1 % 1], axis=1)
    levels = [camera.project(x, y, z)]
    for share in (0.35, 0.7, 1.0):
        levels.append(camera.project(x, y + tall * share * (0.75 + 0.5 * lots[:, 0]), z))
    pieces, shades = [], []
    for row, (low, high) in enumerate(pairwise(levels)):
        pieces.append(np.stack([low[:-1], low[1:], high[1:], high[:-1]], axis=1))
        shades.append(0.55 + 0.25 * row + 0.5 * lots[:-1, row])
    corners = np.stack(pieces, axis=1).reshape(-1, 2)
    clear = np.exp(-z[:-1] / light.sight)[:, None, None]
    lit = np.stack(shades, axis=1)[:, :, None] * colour * light.strength * light.facing
    colours = (lit * clear + light.air * (1 - clear)).reshape(-1, 3)
    fill_all(image, corners, [4] * len(colours), bytes_of(colours))


def _walls(
    image: np.ndarray, scene: Scene, camera: Camera, path: Path, ground: Ground, light: Light
) -> None:
    random = np.random.default_rng([scene.seed, 5])
    along = path.along[ground.seen & (path.along < 500)][::4]
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
        _tree(image, foot, crown, _air(leafy(random), z, light), random)
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
