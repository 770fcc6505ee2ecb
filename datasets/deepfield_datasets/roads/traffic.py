"""Other cars: where they drive, and how they are drawn, with the shade under them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from deepfield_datasets.roads.camera import Camera
from deepfield_datasets.roads.drawing import blend, fill
from deepfield_datasets.roads.ground import Ground, Path
from deepfield_datasets.roads.road import RoadOptions
from deepfield_datasets.roads.scene import Moment, Scene
from deepfield_datasets.roads.vehicles import BUILDS, parts
from deepfield_datasets.roads.weather import Light

__all__ = ["cars"]

COLOURS = (
    (0.85, 0.86, 0.86),
    (0.06, 0.06, 0.07),
    (0.55, 0.56, 0.58),
    (0.25, 0.26, 0.28),
    (0.45, 0.08, 0.07),
    (0.10, 0.16, 0.35),
    (0.75, 0.74, 0.70),
    (0.16, 0.2, 0.17),
)
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
    reach = min(float(path.along[ground.seen].max()), 260.0)
    offsets = [line.offset for line in scene.lines]
    places = []
    busy = random.gamma(2.0, 0.5) * options.traffic
    for left, right in pairwise(offsets):
        middle = (left + right) / 2
        along = 7 + random.gamma(2, 12) if abs(middle) < 0.5 else random.uniform(-60, 20)
        spacing = (10 + random.exponential(35)) / max(busy, 0.05)
        speed = random.normal(0, 3)
        while along < 300:
            at = along + speed * moment.seconds
            places.append(
                (at, middle + random.normal(0, 0.2), int(random.integers(1 << 30)), False)
            )
            along += 9 + random.exponential(spacing)
    lanes = int((scene.opposite[1] - scene.opposite[0]) / 3.6)
    for lane in range(lanes):
        along = random.uniform(-60, 60) - 55 * moment.seconds
        middle = -scene.opposite[0] - 2.4 - 3.6 * lane
        while along < 300:
            places.append((along, middle, int(random.integers(1 << 30)), True))
            along += 8 + random.exponential(40 / max(busy, 0.05))
    for along, across, salt, towards in sorted(places, reverse=True):
        if 4.0 < along < reach:
            _car(image, along, across, salt, towards, scene, camera, path, light)


def _car(
    image: np.ndarray,
    along: float,
    across: float,
    salt: int,
    towards: bool,
    scene: Scene,
    camera: Camera,
    path: Path,
    light: Light,
) -> None:
    random = np.random.default_rng(salt)
    name = str(random.choice(list(BUILDS), p=[0.4, 0.28, 0.12, 0.08, 0.12]))
    build = BUILDS[name]
    x, y, z = (float(each) for each in path.at(along, across))
    size = camera.focal * build.width / z
    centre = camera.centre[0] + camera.focal * x / z
    if not -3 * size - 40 < centre < image.shape[1] + 3 * size + 40:
        return
    paint = np.array(COLOURS[random.integers(len(COLOURS))]) * random.uniform(0.7, 1.15)
    turn = float(np.interp(along, path.along, path.heading))
    right, ahead = np.array([np.cos(turn), -np.sin(turn)]), np.array([np.sin(turn), np.cos(turn)])

    def pixels(points: np.ndarray) -> np.ndarray:
        beside = points[:, 0] * build.width / 2
        onward = points[:, 2] * build.length
        return camera.project(
            x + beside * right[0] + onward * ahead[0],
            y + points[:, 1],
            np.maximum(z + beside * right[1] + onward * ahead[1], 0.8),
        )

    share = float(np.exp(-z / light.sight))
    air = light.air * (1 - share)
    glowing = light.dark > 0.2 or random.random() < 0.15
    lamp = np.array((1.0, 0.97, 0.85)) if towards else np.array((0.65, 0.06, 0.05))
    materials = {
        "paint": paint,
        "tyre": np.full(3, 0.03),
        "rim": np.full(3, random.uniform(0.1, 0.5)),
        "dark": np.full(3, 0.07),
        "glass": np.array((0.07, 0.08, 0.1)),
        "plate": np.full(3, 0.72),
        "lamp": lamp,
    }
    colours = {
        key: colour * share + air
        if key == "lamp" and glowing
        else colour * light.strength * share + air
        for key, colour in materials.items()
    }
    blend(image, pixels(GROUND), colours["tyre"], 0.75 if light.sun > 0.3 else 0.6)
    if light.sun > 0.3 and size > 8:
        aside = GROUND - np.array([light.sun_side * light.sun, 0, 0.02])
        blend(image, pixels(aside), colours["tyre"], 0.5)
    shown = [part for part in parts(name, -1 if x > 0 else 1) if size > 22 or not part.fine]
    corners = pixels(np.concatenate([part.points for part in shown]))
    begin = 0
    for part in shown:
        count = len(part.points)
        fill(image, corners[begin : begin + count], colours[part.material] * part.gain)
        begin += count
