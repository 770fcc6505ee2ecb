"""Changes that a film may undergo without changing its diagnosis.

``training_transform`` draws them at random; ``CORRUPTIONS`` are fixed ones, by which models are
chosen and which the model card reports one by one (after Hendrycks and Dietterich 2019).
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from torch import Tensor, nn
from torchvision.transforms import v2

__all__ = ["CORRUPTIONS", "Strength", "training_transform"]


class RandomGamma(nn.Module):
    """Bend the grey scale, as films developed or windowed differently are."""

    def forward(self, picture: Tensor) -> Tensor:
        gamma = float(torch.empty(1).uniform_(-0.7, 0.7).exp())
        return v2.functional.adjust_gamma(picture, gamma)


class RandomNoise(nn.Module):
    """Grain of a random strength, up to 8 % of the grey scale."""

    def forward(self, picture: Tensor) -> Tensor:
        noise = torch.randn(picture.shape) * (20 * torch.rand(1))
        return (picture + noise).clamp(0, 255).to(torch.uint8)


Strength = Literal["light", "strong"]


def training_transform(size: int, strength: Strength = "strong") -> v2.Compose:
    """Return random changes for a grey picture, uint8 (1, H, W) -> uint8 (1, size, size).

    Strong ones hide or cut away up to half of it: right where disease is spread out, as in a lung,
    and wrong where it is one small thing, which light ones leave in the picture.
    """

    def sometimes(chance: float, *steps: nn.Module) -> v2.RandomApply:
        return v2.RandomApply(steps, p=chance)

    if strength == "light":
        return v2.Compose(
            [
                sometimes(0.7, v2.RandomAffine(8, (0.05, 0.05), shear=4)),
                v2.RandomResizedCrop(size, scale=(0.85, 1.0), ratio=(0.92, 1.09)),
                v2.RandomHorizontalFlip(),
                sometimes(0.5, v2.ColorJitter(brightness=0.25, contrast=0.3)),
                sometimes(0.25, RandomGamma()),
                sometimes(0.2, v2.GaussianBlur(5, (0.2, 1.5))),
                sometimes(0.2, RandomNoise()),
                sometimes(0.2, v2.JPEG((20, 90))),
            ]
        )
    return v2.Compose(
        [
            sometimes(0.7, v2.RandomAffine(10, (0.06, 0.06), shear=5)),
            v2.RandomResizedCrop(size, scale=(0.55, 1.0), ratio=(0.85, 1.18)),
            v2.RandomHorizontalFlip(),
            sometimes(0.6, v2.ColorJitter(brightness=0.35, contrast=0.45)),
            sometimes(0.4, RandomGamma()),
            v2.RandomEqualize(0.1),
            sometimes(0.3, v2.GaussianBlur(5, (0.2, 2.0))),
            v2.RandomAdjustSharpness(2.0, 0.15),
            sometimes(0.35, RandomNoise()),
            sometimes(0.35, v2.JPEG((15, 90))),
            v2.RandomErasing(0.4, scale=(0.02, 0.15), value=0),
        ]
    )


def _noise(film: Image.Image) -> Image.Image:
    grain = np.random.default_rng(0).normal(0, 15, (film.height, film.width))
    return Image.fromarray(np.clip(np.asarray(film) + grain, 0, 255).astype(np.uint8))


def _jpeg(film: Image.Image) -> Image.Image:
    file = BytesIO()
    film.save(file, "JPEG", quality=15)
    return Image.open(file).convert("L")


def _gamma(power: float) -> Callable[[Image.Image], Image.Image]:
    table = [round(255 * (value / 255) ** power) for value in range(256)]
    return lambda film: film.point(table)


def _crop(share: float) -> Callable[[Image.Image], Image.Image]:
    """Keep the middle ``share`` of the film; over 1, set it in a black border."""

    def change(film: Image.Image) -> Image.Image:
        width, height = film.size
        x, y = width * (1 - share) / 2, height * (1 - share) / 2
        frame = (round(x), round(y), round(width - x), round(height - y))
        return film.crop(frame).resize(film.size, Image.Resampling.BILINEAR)

    return change


CORRUPTIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "contrast halved": lambda film: ImageEnhance.Contrast(film).enhance(0.5),
    "contrast ×1.7, clipped": lambda film: ImageEnhance.Contrast(film).enhance(1.7),
    "brightness ×1.5, clipped": lambda film: ImageEnhance.Brightness(film).enhance(1.5),
    "dark (gamma 2)": _gamma(2.0),
    "bright (gamma 0.5)": _gamma(0.5),
    "equalized": ImageOps.equalize,
    "blur (1.5 px of 224)": lambda film: film.filter(ImageFilter.GaussianBlur(1.5)),
    "noise (sd 15)": _noise,
    "JPEG quality 15": _jpeg,
    "rotated 10°": lambda film: film.rotate(10, Image.Resampling.BILINEAR),
    "middle 80 %": _crop(0.8),
    "black border, 120 %": _crop(1.2),
    "72 pixels": lambda film: film.resize((72, 72), Image.Resampling.BOX).resize(
        film.size, Image.Resampling.BILINEAR
    ),
}
