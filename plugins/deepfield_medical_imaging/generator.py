"""A generator of small grey pictures, one class or another.

The light generator of FastGAN (Liu et al. 2021), with the class and the latent code entering every
layer as gains and offsets of its normalisation (as in BigGAN, Brock et al. 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["Generator", "GeneratorConfig"]


@dataclass(frozen=True)
class GeneratorConfig:
    """What is needed to build the generator before its weights are read."""

    classes: tuple[str, ...]
    latent: int = 128
    image_size: int = 128
    widths: tuple[int, ...] = (256, 256, 192, 96, 48, 24)
    """Channels of the maps at 4, 8, 16 … pixels a side, up to the whole picture."""


class Generator(nn.Module):
    """Latent code and class to a picture in -1 … 1."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        if 4 * 2 ** (len(config.widths) - 1) != config.image_size:
            raise ValueError(f"{len(config.widths)} widths do not reach {config.image_size} pixels")
        self.config = config
        style = 128
        self.style = nn.Sequential(
            nn.Linear(config.latent + len(config.classes), style),
            nn.LeakyReLU(0.2),
            nn.Linear(style, style),
            nn.LeakyReLU(0.2),
        )
        self.start = nn.Linear(config.latent + len(config.classes), config.widths[0] * 16)
        pairs = zip(config.widths[:-1], config.widths[1:], strict=True)
        self.blocks = nn.ModuleList(Enlarge(before, after, style) for before, after in pairs)
        self.picture = nn.Conv2d(config.widths[-1], 1, 3, padding=1)

    def forward(self, codes: Tensor) -> tuple[Tensor]:
        # codes: (batch, latent + classes): a normal draw beside the one-hot class
        latent = codes[:, : self.config.latent]
        # A draw is laid on the sphere, where the next one lies as far out.
        latent = latent * (latent.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
        codes = torch.cat([latent, codes[:, self.config.latent :]], dim=1)
        style = self.style(codes)
        maps = self.start(codes).unflatten(1, (self.config.widths[0], 4, 4))
        for block in self.blocks:
            maps = block(maps, style)  # -> twice the side
        return (torch.tanh(self.picture(maps)),)  # (batch, 1, size, size)


class Enlarge(nn.Module):
    """Double the side: nearest neighbour, convolution, normalisation in the given style."""

    def __init__(self, before: int, after: int, style: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(before, after, 3, padding=1, bias=False)
        self.normalise = nn.BatchNorm2d(after, affine=False)
        self.gain = nn.Linear(style, 2 * after)

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        maps = nn.functional.interpolate(maps, scale_factor=2.0, mode="nearest")
        gain, offset = self.gain(style)[:, :, None, None].chunk(2, dim=1)
        maps = self.normalise(self.convolution(maps)) * (1 + gain) + offset
        return nn.functional.leaky_relu(maps, 0.2)
