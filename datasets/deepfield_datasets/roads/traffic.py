"""Other cars: where they drive, and how they are drawn, with the shade under them."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import numpy as np

from deepfield_datasets.roads.camera import Camera
from deepfield_datasets.roads.drawing import blend, bytes_of, fill, fill_all
from deepfield_datasets.roads.ground import Ground, Path
from deepfield_datasets.roads.road import RoadOptions
from deepfield_datasets.roads.scene import Moment, Scene
from deepfield_datasets.roads.vehicles import BUILDS, MATERIALS, model
from deepfield_datasets.roads.weather import Light

__all__ = ["cars"]

COLOURS = (
    (0.85, 0.86, 0.86),
    (0.85, 0.86, 0.86),
    (0.06, 0.06, 0.07),
    (0.06, 0.06, 0.07),
    (0.55, 0.56, 0.58),
    (0.55, 0.56, 0.58),
    (0.25, 0.26, 0.28),
    (0.25, 0.26, 0.28),
    (0.38, 0.08, 0.07),
    (0.10, 0.15, 0.30),
    (0.70, 0.69, 0.64),
    (0.16, 0.2, 0.17),
    (0.30, 0.25, 0.2),
)
NAMES = tuple(BUILDS)
SHARES = np.cumsum([0.4, 0.28, 0.12, 0.08, 0.13])
"""How common they are."""
GROUND = np.array([[-1, 0, -0.03], [1, 0, -0.03], [1, 0, 1], [-1, 0, 1]])


def cars(
    image: np.ndarray,
    scene: Scene,
    camera: Camera,
    path: Path,
    ground: Ground,
    light: Light,
    moment: Moment,
    options: RoadOptions,
) -> None:
    """Draw other cars, far ones first."""
    if options.traffic == 0:
        return
    random = np.random.default_rng([scene.seed, 7])
    reach = min(float(path.along[ground.seen].max()), 170.0)
    offsets = [line.offset for line in scene.lines]
    places = []
    busy = random.gamma(2.0, 0.5) * options.traffic
    for left, right in pairwise(offsets):
        middle = (left + right) / 2
        spacing = (10 + random.exponential(35)) / max(busy, 0.05)
        if abs(middle) < 0.5:  # those ahead of us keep about our pace
            along = 7 + random.gamma(2, 12)
            moved = 2.5 * np.sin(moment.seconds / 3 + random.uniform(0, 6.28))
        else:
            along = random.uniform(-60, 20)
            moved = random.normal(0, 3) * moment.seconds
        while along < 220:
            salt = int(random.integers(1 << 30))
            places.append((along + moved, middle + random.normal(0, 0.2), salt, False))
            along += 9 + random.exponential(spacing)
    for lane in range(int((scene.opposite[1] - scene.opposite[0]) / 3.6)):
        random = np.random.default_rng([scene.seed, 11, lane])
        along = random.uniform(-60, 60) - 55 * moment.seconds
        middle = -scene.opposite[0] - 2.4 - 3.6 * lane
        while along < 220:
            places.append((along, middle, int(random.integers(1 << 30)), True))
            along += 8 + random.exponential(60 / max(busy, 0.05))
    for along, across, salt, towards in sorted(places, reverse=True):
        if 4.0 < along < (min(reach, 120) if towards else reach):
            _car(image, along, across, salt, towards, camera, path, light)


def _car(
    image: np.ndarray,
    along: float,
    across: float,
    salt: int,
    towards: bool,
    camera: Camera,
    path: Path,
    light: Light,
) -> None:
    x, y, z = path.point(along, across)
    size = camera.focal * 1.9 / z
    centre = camera.centre[0] + camera.focal * x / z
    if size < 2.5 or not -4 * size - 20 < centre < image.shape[1] + 4 * size + 20:
        return
    chance = Random(salt)  # far quicker to seed than numpy's
    lots = [chance.random() for _ in range(5)]
    name = NAMES[int(np.searchsorted(SHARES, lots[0]))]
    build = BUILDS[name]
    paint = np.array(COLOURS[int(lots[1] * len(COLOURS))]) * (0.7 + 0.45 * lots[2])
    turn = float(np.interp(along, path.along, path.heading))
    cos, sin = float(np.cos(turn)), float(np.sin(turn))

    def pixels(points: np.ndarray) -> np.ndarray:
        beside = points[:, 0] * (build.width / 2)
        onward = points[:, 2] * build.length
        return camera.project(
            x + beside * cos + onward * sin,
            y + points[:, 1],
            np.maximum(z - beside * sin + onward * cos, 0.8),
        )

    share = float(np.exp(-z / light.sight))
    air = light.air * (1 - share)
    lit = light.strength * share * light.facing
    glows = light.dark > 0.2 or lots[3] < 0.15
    lamp = (1.0, 0.97, 0.85) if towards else (0.6, 0.06, 0.05)
    colours = np.array(
        [
            paint,
            (0.03, 0.03, 0.03),
            np.full(3, 0.1 + 0.4 * lots[4]),
            (0.07, 0.07, 0.07),
            (0.07, 0.08, 0.1),
            (0.72, 0.72, 0.72),
            lamp,
        ]
    )
    colours[-1] *= 0.7
    colours *= lit
    if glows:
        colours[-1] = np.minimum(np.asarray(lamp) * 1.5, 1) * share
    colours += air
    dark = colours[MATERIALS.index("tyre")]
    shown = model(name, -1 if x > 0 else 1, 2 if size < 9 else 1 if size < 22 else 0)
    cast = np.array([light.sun_side * light.sun, 0, 0.02]) if light.sun > 0.3 else 0
    corners = pixels(np.concatenate([GROUND - cast, GROUND, shown.points]))
    if size > 12:
        blend(image, corners[:4], dark, 0.6)
    fill(image, corners[4:8], dark)
    fill_all(image, corners[8:], shown.counts, bytes_of(colours[shown.materials] * shown.gains))
