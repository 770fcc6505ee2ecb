"""Drawn chest films: a simulator of pictures, not of disease.

Lungs, ribs, spine, heart, diaphragm, clavicles and shoulders are drawn as soft shapes of varying
place and size whose X-ray absorption adds up, as in a real film; a film of the pneumonia kind has
a clouded region or veil in a lung. Nobody's scan is in them. They try out a pipeline and show a
page; what a model says of them says nothing of its quality.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
from PIL import Image
from scipy.ndimage import gaussian_filter

from deepfield.dataset import DatasetCard, SimulatedDataset

__all__ = ["ChestPhantoms"]

SIZE = 224


class ChestPhantoms(SimulatedDataset):
    """Rows: ``image`` (a dict of PNG ``bytes`` and a name as ``path``), ``drawn_as`` (its kind)."""

    name = "chest-phantoms"
    card = DatasetCard(
        title="Drawn chest films",
        summary="Soft shapes in the likeness of a chest film, with or without a clouded region.",
        license="Apache-2.0",
        source="deepfield_datasets.phantoms",
        traps=("Drawn, not measured: no figure of a medical model may rest on them.",),
    )

    def generate(self, rows: int, seed: int = 0) -> pd.DataFrame:
        records = []
        for row in range(rows):
            generator = np.random.default_rng([seed, row])
            clouded = row % 2 == 1
            file = BytesIO()
            Image.fromarray(draw_chest(generator, clouded)).save(file, "PNG")
            records.append(
                {
                    "image": {
                        "bytes": file.getvalue(),
                        "path": f"phantom-{seed}-{row + 1}.png",
                    },
                    "drawn_as": "pneumonia" if clouded else "normal",
                }
            )
        return pd.DataFrame(records)


def draw_chest(generator: np.random.Generator, clouded: bool) -> np.ndarray:
    """Return one drawn film, uint8 (224, 224), bright where absorption is high."""

    def vary(centre: float, spread: float) -> float:
        return centre + spread * generator.uniform(-1, 1)

    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    middle = vary(0.0, 0.05)
    x = x - middle - vary(0, 0.04) * y

    def blob(cx: float, cy: float, rx: float, ry: float, soft: float, power: float = 2.0):
        """Return a soft ellipse, 1 inside and 0 outside."""
        distance = (np.abs((x - cx) / rx) ** power + np.abs((y - cy) / ry) ** power) ** (1 / power)
        return 1 / (1 + np.exp((distance - 1) / soft))

    body = blob(0, 0.5, vary(0.8, 0.05), vary(1.5, 0.1), 0.03, 3.0)
    arms = blob(-0.9, -0.5, 0.3, 0.34, 0.12) + blob(0.9, -0.5, 0.3, 0.34, 0.12)
    neck = blob(0, -0.95, 0.3, 0.45, 0.12)
    absorption = 0.62 * np.clip(body + arms + neck, 0, 1)

    # Lungs are air: they take absorption away. The left of the picture is the patient's right.
    top, bottom = vary(-0.66, 0.04), vary(0.38, 0.06)
    width = vary(0.3, 0.02)
    lungs = np.zeros_like(x)
    for side, base in ((-1, bottom), (1, bottom + 0.03)):
        centre = side * vary(0.37, 0.02)
        lean = centre + side * 0.07 * (y - top)
        height = (base - top) / 2
        across = np.abs((x - lean) / (width * (0.72 + 0.25 * (y - top)))) ** 2.4
        along = np.abs((y - (top + base) / 2) / height) ** 3.2
        distance = (across + along) ** (1 / 2.6)
        lungs = np.maximum(lungs, 1 / (1 + np.exp((distance - 1) / 0.045)))
    absorption -= 0.46 * lungs

    # Vessels branch out from the hila and thin towards the edge.
    grain = gaussian_filter(generator.normal(0, 1, x.shape), 2.2)
    vessels = gaussian_filter(np.maximum(grain, 0), 0.8) / grain.std()
    hilum = np.exp(-(((np.abs(x) - 0.17) / 0.17) ** 2) - ((y + 0.1) / 0.28) ** 2)
    absorption += lungs * vessels * (0.028 + 0.09 * hilum) + 0.1 * hilum * lungs

    heart = blob(vary(0.13, 0.02), vary(0.17, 0.03), vary(0.3, 0.02), vary(0.3, 0.03), 0.06)
    mediastinum = blob(0, -0.25, vary(0.13, 0.01), 0.75, 0.12)
    absorption = np.maximum(absorption, 0.66 * heart) * (1 - 0.25 * mediastinum) + 0.2 * mediastinum
    spine = np.exp(-((x / 0.075) ** 4)) * (0.9 + 0.1 * np.sin(y * 34))
    absorption += 0.11 * spine
    airway = np.exp(-(((x + 0.01) / 0.035) ** 2)) * (y < -0.3)
    absorption -= 0.06 * airway

    # The belly under the diaphragm, a dome on either side, with air in the stomach.
    dome = bottom - 0.02 - 0.16 * np.cos((np.abs(x) - 0.38) * 3.2) + 0.12
    belly = 1 / (1 + np.exp(-(y - dome) / 0.025)) * body
    absorption = absorption * (1 - belly) + belly * (0.7 + 0.012 * vessels)
    absorption -= 0.16 * belly * blob(vary(0.35, 0.05), vary(0.62, 0.05), 0.16, 0.09, 0.2)

    for number in range(10):
        start = -0.72 + number * vary(0.145, 0.004)
        # Back ribs fall gently outwards and show well; front ribs run back in, and show less.
        back = start + 0.42 * np.abs(x) ** 1.4
        front = start + 0.3 + 0.35 * np.maximum(0.75 - np.abs(x), 0) ** 1.2
        reach = (np.abs(x) < 0.68) & (np.abs(x) > 0.07) & (y < dome + 0.15)
        absorption += 0.085 * np.exp(-(((y - back) / 0.021) ** 2)) * reach
        absorption += 0.035 * np.exp(-(((y - front) / 0.03) ** 2)) * reach * (np.abs(x) > 0.25)
    clavicle = -0.66 + vary(0.1, 0.05) * np.abs(x)
    absorption += (
        0.12 * np.exp(-(((y - clavicle) / 0.03) ** 2)) * ((np.abs(x) > 0.08) & (np.abs(x) < 0.75))
    )
    absorption += 0.18 * (blob(-0.9, -0.62, 0.09, 0.3, 0.15) + blob(0.9, -0.62, 0.09, 0.3, 0.15))

    if clouded:
        side = generator.choice((-1, 1))
        cloud = blob(
            side * vary(0.34, 0.08), vary(0.08, 0.2), vary(0.28, 0.05), vary(0.3, 0.06), 0.22
        )
        patchy = gaussian_filter(generator.normal(0, 1, x.shape), 9)
        patchy = 1 + 0.35 * patchy / patchy.std()
        absorption += lungs * cloud * (1 - 0.8 * heart) * np.clip(patchy, 0.2, 2) * vary(0.3, 0.05)
        absorption += lungs * vary(0.13, 0.03)  # the other lung is veiled, too

    film = gaussian_filter(np.clip(absorption, 0, 1), 0.7)
    film = film ** vary(0.95, 0.1) * vary(255, 10) + generator.normal(0, 2.5, film.shape)
    return np.clip(film, 0, 255).astype(np.uint8)
