"""Makes the picture of a scene at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from deepfield_datasets.roads.blotches import lay
from deepfield_datasets.roads.ground import Ground
from deepfield_datasets.roads.lines import labels
from deepfield_datasets.roads.paint import paint_line
from deepfield_datasets.roads.road import Road, RoadOptions
from deepfield_datasets.roads.roadside import objects
from deepfield_datasets.roads.scene import Moment, Scene, make_scene
from deepfield_datasets.roads.sensor import expose
from deepfield_datasets.roads.shading import ground_colours, shading
from deepfield_datasets.roads.skyline import background
from deepfield_datasets.roads.traffic import cars
from deepfield_datasets.roads.weather import haze, light_of

__all__ = ["picture", "render"]


def render(
    seed: int,
    options: RoadOptions = RoadOptions(),  # noqa: B008 - it is frozen in use and never changed
    shapes: Sequence[dict[str, Any]] | None = None,
) -> Road:
    """Return a made-up road; the same arguments give the same picture.

    Args:
        shapes: records of real lanes (``lanes`` and ``h_samples`` as TuSimple writes them, for
            1280 × 720): the road follows one of them, drawn by lot.
    """
    scene = make_scene(seed, options, shapes)
    return picture(scene, scene.moment, options)


def picture(scene: Scene, moment: Moment, options: RoadOptions) -> Road:
    """Return what the camera sees of a scene at a moment."""
    random = np.random.default_rng([scene.seed, 1, round(moment.seconds * 1000)])
    camera = replace(scene.camera, pitch=scene.camera.pitch + moment.pitch)
    path = scene.path(moment)
    ground = Ground(camera, path)
    light = light_of(scene)
    colours = ground_colours(scene.ground, ground, moment.travelled)
    lay(colours, scene.blotches, camera, path, ground, moment.travelled)
    for line in scene.lines:
        paint_line(colours, line, camera, path, ground, moment.travelled)
    shade = shading(scene.ground, ground, moment.travelled)
    if shade is not None:
        colours *= shade[:, :, None]
    haze(colours, ground, light)
    image = background(scene, camera, path, light, moment)
    below = cv2.convertScaleAbs(colours, alpha=255)
    cv2.copyTo(below, ground.inside.view(np.uint8), image[ground.top :])
    objects(image, scene, camera, path, ground, light, moment)
    cars(image, scene, camera, path, ground, light, moment, options)
    image = expose(image, scene, camera, light, options, random)
    return Road(
        image=image,
        lanes=labels(list(scene.lines), camera, path, ground, scene.far),
        camera=camera,
        weather=scene.weather,
        time=scene.time,
        lane_width=scene.lane_width,
        offset=moment.offset,
        curvature=scene.bent(moment),
    )
