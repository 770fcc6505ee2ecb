"""Light and air: what the sun, the sky and the haze do to colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfield_datasets.roads.ground import Ground
from deepfield_datasets.roads.scene import Scene

__all__ = ["Light", "haze", "light_of"]


@dataclass(frozen=True)
class Light:
    """Colours are RGB from 0 to 1."""

    zenith: np.ndarray
    skyline: np.ndarray
    air: np.ndarray
    """What everything far away turns into."""
    sight: float
    """Metres over which a third of a colour is left."""
    strength: np.ndarray
    """By which colours of things are multiplied."""
    dark: float
    """0 by day, 1 at night."""
    wet: float
    clouds: float
    sun: float
    """How strongly things cast shadows, 0 to 1."""
    sun_side: float
    """-1: the sun stands left, 1: right."""
    facing: float
    """Light on what faces the camera, as a share of the ground's."""
    ground_ramp: float
    """How much lighter the ground is far away."""


def light_of(scene: Scene) -> Light:
    random = np.random.default_rng([scene.seed, 2])
    exposure = float(np.exp(random.normal(0.12, 0.2)))
    warm = random.normal(0, 0.03)
    tint = np.array([1 + warm, 1 + random.normal(0, 0.012), 1 - warm])
    clear = scene.weather == "clear"
    if clear:
        zenith = np.array([0.30, 0.50, 0.78]) * random.uniform(0.6, 1.2)
        skyline = np.array([0.72, 0.84, 0.95]) * random.uniform(0.7, 1.1)
    else:
        grey = random.uniform(0.45, 0.95)
        zenith = np.array([0.95, 0.98, 1.04]) * grey * random.uniform(0.6, 1)
        skyline = np.array([0.98, 0.99, 1.0]) * grey
    sight = {"clear": 2500.0, "overcast": 1500.0, "rain": 350.0, "fog": 90.0}[scene.weather]
    sight *= random.uniform(0.6, 1.8)
    strength = np.array([1.0, 1.0, 1.0]) * (
        random.uniform(0.8, 1.2) if clear else random.uniform(0.7, 1.1)
    )
    dark = 0.0
    if scene.time == "dusk":
        strength *= np.array([1.0, 0.85, 0.75]) * random.uniform(0.4, 0.7)
        zenith *= np.array([0.55, 0.55, 0.65])
        skyline = np.array([0.95, 0.7, 0.5]) * random.uniform(0.5, 0.95) if clear else skyline * 0.6
        dark = 0.35
    elif scene.time == "night":
        strength *= random.uniform(0.08, 0.2)
        zenith, skyline = zenith * 0.03, skyline * random.uniform(0.03, 0.12)
        dark = 1.0
    air = skyline * random.uniform(0.75, 0.95)
    return Light(
        zenith=np.clip(zenith * tint, 0, 1),
        skyline=np.clip(skyline * tint, 0, 1),
        air=np.clip(air * tint, 0, 1).astype(np.float32),
        sight=float(sight),
        strength=np.minimum(strength * exposure * tint, 1.25).astype(np.float32),
        dark=dark,
        wet=float(random.uniform(0.3, 1)) if scene.weather == "rain" else 0.0,
        clouds=float(random.uniform(0, 0.5) if clear else random.uniform(0.1, 0.5)),
        sun=float(random.uniform(0.6, 1)) if clear and scene.time != "night" else 0.15,
        sun_side=float(random.choice([-1, 1]) * random.uniform(0.2, 1)),
        facing=float(random.uniform(0.25, 1.0) if clear else random.uniform(0.5, 1.0)),
        ground_ramp=float(random.normal(0.1, 0.15)),
    )


def haze(colours: np.ndarray, ground: Ground, light: Light) -> None:
    """Light the ground and hide what is far, in place."""
    share = np.exp(-ground.z / light.sight)
    near = np.exp(-ground.z / 40)
    gain = 1 + light.ground_ramp * (0.5 - near)
    if light.dark > 0.2:  # headlights
        most = min(9.0, 0.75 / float(light.strength.mean()))
        beam = most * light.dark**2 * np.exp(-(((np.log(ground.z) - 2.5) / 0.75) ** 2))
        gain = gain + beam
    table = (share[:, None] * gain[:, None] * light.strength).astype(np.float32)
    add = ((1 - share)[:, None] * light.air).astype(np.float32)
    colours *= table.take(ground.index, axis=0)
    if light.sight < 1500:
        colours += add.take(ground.index, axis=0)
    if light.wet:  # a wet road mirrors the sky, far more than near
        mirror = light.wet * 0.55 * np.clip(ground.z / 60, 0.15, 1)
        shine = (mirror[:, None] * light.skyline).astype(np.float32)
        colours *= (1 - mirror * 0.7).astype(np.float32).take(ground.index)[:, :, None]
        colours += shine.take(ground.index, axis=0)
