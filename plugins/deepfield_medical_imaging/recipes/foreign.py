"""Pictures that are no scans of a study, to find out whether a guard knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps
from sklearn.datasets import load_sample_images

from deepfield.images import open_picture

__all__ = ["foreign_pictures"]


def foreign_pictures(
    scans: pd.DataFrame, others: dict[str, Path]
) -> Iterator[tuple[str, list[Image.Image]]]:
    """Yield kinds of foreign pictures by name: those made here, the study's own scans inverted
    and on their side, and pictures of other folders by the name of their kind.
    """
    generator = np.random.default_rng(0)
    yield "photographs (crops of scikit-learn's two)", _photographs(generator)
    yield "noise", [_noise(generator) for _ in range(100)]
    yield "text", [_page(generator) for _ in range(100)]
    yield "drawn roads", [_road(generator) for _ in range(100)]
    sample = [open_picture(path, "L") for path in scans["image"].sample(200, random_state=0)]
    yield "own scans, inverted", [ImageOps.invert(each) for each in sample]
    yield "own scans, on their side", [each.rotate(90) for each in sample]
    for name, folder in others.items():
        files = sorted(folder.rglob("*.jp*g"))
        yield name, [open_picture(files[i], "L") for i in generator.permutation(len(files))[:300]]


def _photographs(generator: np.random.Generator) -> list[Image.Image]:
    crops = []
    for photograph in load_sample_images().images:
        for _ in range(60):
            side = int(generator.integers(160, 400))
            top = int(generator.integers(0, photograph.shape[0] - side))
            left = int(generator.integers(0, photograph.shape[1] - side))
            crop = np.ascontiguousarray(photograph[top : top + side, left : left + side])
            crops.append(Image.fromarray(crop).convert("L"))
    return crops


def _noise(generator: np.random.Generator) -> Image.Image:
    return Image.fromarray(generator.integers(0, 256, (224, 224), dtype=np.uint8))


def _page(generator: np.random.Generator) -> Image.Image:
    page = Image.new("L", (448, 448), 255)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(int(generator.integers(12, 26)))
    for y in range(8, 440, int(generator.integers(18, 32))):
        letters = generator.choice(list("abcdefghijklmnopqrstuvwxyz    "), 60)
        draw.text((8, y), "".join(letters), fill=0, font=font)
    return page


def _road(generator: np.random.Generator) -> Image.Image:
    """Draw a straight road to the horizon: sky, verges, asphalt, dashed and solid paint."""
    picture = Image.new("L", (448, 448), int(generator.integers(150, 240)))
    draw = ImageDraw.Draw(picture)
    horizon, x = int(generator.integers(120, 240)), int(generator.integers(150, 300))
    draw.rectangle((0, horizon, 448, 448), fill=int(generator.integers(60, 130)))
    lanes = int(generator.integers(2, 5))
    edges = np.linspace(x - 320, x + 320, lanes + 1)
    asphalt = int(generator.integers(50, 110))
    draw.polygon([(x, horizon), (edges[0], 448), (edges[-1], 448)], fill=asphalt)
    for place, foot in enumerate(edges):
        steps = np.linspace(0, 1, 2 if place in (0, lanes) else 13)
        for start, end in zip(steps[:-1:2], steps[1::2], strict=False):
            near = (x + (foot - x) * end**2, horizon + (448 - horizon) * end**2)
            far = (x + (foot - x) * start**2, horizon + (448 - horizon) * start**2)
            draw.line((*far, *near), fill=230, width=1 + round(6 * end**2))
    grain = generator.normal(0, 6, (448, 448))
    grey = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.8))) + grain
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
