"""Pictures that are no roads, to find out whether the guard knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_sample_images

__all__ = ["foreign_pictures"]

WIDTH, HEIGHT = 640, 360


def foreign_pictures(others: dict[str, Path]) -> Iterator[tuple[str, list[Image.Image]]]:
    """Yield kinds of foreign pictures by name: made here, crops of scikit-learn's two photographs,
    and pictures of other folders by the name of their kind.
    """
    generator = np.random.default_rng(0)
    yield "photographs (crops of scikit-learn's two)", _photographs(generator)
    yield "noise", [_noise(generator) for _ in range(100)]
    yield "pages of text", [_page(generator) for _ in range(100)]
    yield "drawn rooms", [_room(generator) for _ in range(100)]
    yield (
        "one colour",
        [
            Image.new("RGB", (WIDTH, HEIGHT), tuple(map(int, generator.integers(0, 256, 3))))
            for _ in range(100)
        ],
    )
    for name, folder in others.items():
        files = sorted(each for each in folder.rglob("*") if each.suffix.lower() in PICTURES)
        chosen = generator.permutation(len(files))[:200]
        yield name, [Image.open(files[i]).convert("RGB") for i in chosen]


PICTURES = {".jpg", ".jpeg", ".png"}


def _photographs(generator: np.random.Generator) -> list[Image.Image]:
    crops = []
    for photograph in load_sample_images().images:
        for _ in range(60):
            width = int(generator.integers(300, 600))
            height = width * 9 // 16
            top = int(generator.integers(0, photograph.shape[0] - height))
            left = int(generator.integers(0, photograph.shape[1] - width))
            crops.append(Image.fromarray(photograph[top : top + height, left : left + width]))
    return crops


def _noise(generator: np.random.Generator) -> Image.Image:
    return Image.fromarray(generator.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8))


def _page(generator: np.random.Generator) -> Image.Image:
    page = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(int(generator.integers(12, 26)))
    for y in range(8, HEIGHT - 8, int(generator.integers(18, 32))):
        letters = generator.choice(list("abcdefghijklmnopqrstuvwxyz    "), 90)
        draw.text((8, y), "".join(letters), fill="black", font=font)
    return page


def _room(generator: np.random.Generator) -> Image.Image:
    """Draw a wall, a floor of boards that run to a vanishing point, and things that stand there.

    The boards are lines like a road's: of all that is no road, what is nearest to one.
    """
    colours = [tuple(map(int, each)) for each in generator.integers(40, 230, (12, 3))]
    room = Image.new("RGB", (WIDTH, HEIGHT), colours[0])
    draw = ImageDraw.Draw(room)
    edge = int(generator.uniform(0.45, 0.75) * HEIGHT)
    draw.rectangle((0, edge, WIDTH, HEIGHT), fill=colours[1])
    vanishing = (generator.uniform(0.3, 0.7) * WIDTH, edge - generator.uniform(20, 150))
    for x in np.arange(-2 * WIDTH, 3 * WIDTH, generator.uniform(25, 90)):
        share = (edge - vanishing[1]) / (HEIGHT - vanishing[1])
        start = (vanishing[0] + (x - vanishing[0]) * share, edge)
        draw.line((*start, x, HEIGHT), fill=colours[2], width=1)
    for colour in colours[3:]:
        left, top = generator.uniform(0, WIDTH - 60), generator.uniform(0, HEIGHT - 60)
        right, bottom = left + generator.uniform(20, 200), top + generator.uniform(20, 160)
        draw.rectangle((left, top, right, bottom), fill=colour, outline=(30, 30, 30))
    return room
