"""How cameras are mounted behind windscreens."""

from __future__ import annotations

import numpy as np

from deepfield_datasets.roads.camera import Camera
from deepfield_datasets.roads.road import RoadOptions

__all__ = ["mounted"]


def mounted(options: RoadOptions, usual: bool, random: np.random.Generator) -> Camera:
    """Return a camera by lot: about as TuSimple's where ``usual``, or any other."""
    width, height = options.width, options.height
    if usual:
        focal = width * random.uniform(0.74, 1.08)
        horizon = height * np.clip(random.normal(0.345, 0.05), 0.2, 0.5)
        above = random.uniform(1.3, 2.0)
        roll, distortion = random.normal(0, 0.006), random.normal(0, 0.015)
    else:
        focal = width * random.uniform(0.55, 1.6)
        horizon = height * random.uniform(0.25, 0.66)
        above = random.uniform(1.1, 2.8)
        roll, distortion = random.normal(0, 0.015), random.normal(-0.02, 0.05)
    centre = width * random.normal(0.5, 0.02 if usual else 0.06), height * random.uniform(0.4, 0.6)
    pitch = np.arctan2(centre[1] - horizon, focal)
    return Camera(
        float(above),
        float(pitch),
        float(roll),
        float(focal),
        (float(centre[0]), float(centre[1])),
        (width, height),
        float(np.clip(distortion, -0.12, 0.06)),
    )
