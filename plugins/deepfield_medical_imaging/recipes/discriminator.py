"""Discriminators on the features of a network that has seen photographs, and their augmentation.

Projected GANs (Sauer et al. 2021): the pictures are seen through a frozen pretrained network whose
maps are mixed across channels and scales by random convolutions; a small head at each scale, its
weights under spectral normalisation, tells real from made. With so little to learn the heads do
not memorise a small set of pictures, and the generator learns many times faster than against a
discriminator that begins with nothing. The heads judge by class through projection (Miyato and
Koyama 2018).
"""

from __future__ import annotations

from typing import Any

import torch
from timm.layers import freeze_batch_norm_2d
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from deepfield_medical_imaging.network import ImageClassifier, NetworkConfig

__all__ = ["ProjectedDiscriminator", "augment"]


SCALES = (1, 2, 3, 4)
"""Of the backbone's five scales: a quarter of the picture to a thirty-second."""


class ProjectedDiscriminator(nn.Module):
    """Pictures in -1 … 1 and their classes to logits: over 0 is real."""

    def __init__(
        self, classes: tuple[str, ...], photograph_weights: dict[str, Tensor], width: int = 64
    ) -> None:
        super().__init__()
        network = ImageClassifier(NetworkConfig(classes))
        network.load_photograph_weights(photograph_weights)
        self.backbone: Any = freeze_batch_norm_2d(network.backbone).requires_grad_(False)
        channels = [self.backbone.feature_info[scale]["num_chs"] for scale in SCALES]
        self.across = nn.ModuleList(nn.Conv2d(each, width, 1, bias=False) for each in channels)
        self.down = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in channels
        )
        for mixing in (self.across, self.down):
            mixing.requires_grad_(False)  # random, and stays so
        sides = [2 ** (6 - scale) for scale in SCALES]  # of a picture of 128 pixels
        self.heads = nn.ModuleList(Head(width, side, len(classes)) for side in sides)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Return mixed maps of every scale, (batch, width, side, side), the finest first."""
        # Half precision gains nothing where convolutions go channel by channel.
        with torch.autocast(pictures.device.type, enabled=False):
            _, maps = self.backbone.forward_intermediates(pictures, indices=list(SCALES))
        mixed = [mix(each) for mix, each in zip(self.across, maps, strict=True)]
        above = None
        out = []
        for mix, each in zip(reversed(self.down), reversed(mixed), strict=True):
            if above is not None:
                each = each + nn.functional.interpolate(above, scale_factor=2.0, mode="bilinear")
            above = mix(each)
            out.append(above)
        return out[::-1]

    def judge(self, features: list[Tensor], classes: Tensor) -> Tensor:
        """Return logits (batch, places) of all scales."""
        return torch.cat(
            [head(each, classes) for head, each in zip(self.heads, features, strict=True)], dim=1
        )

    def train(self, mode: bool = True) -> ProjectedDiscriminator:
        super().train(mode)
        self.backbone.eval()
        return self


class Head(nn.Module):
    """Halve the maps down to four by four, then judge every place of them."""

    def __init__(self, width: int, side: int, classes: int) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        while side > 4:
            steps += [spectral_norm(nn.Conv2d(width, width, 4, 2, 1)), nn.LeakyReLU(0.2)]
            side //= 2
        steps += [spectral_norm(nn.Conv2d(width, width, 3, padding=1)), nn.LeakyReLU(0.2)]
        self.steps = nn.Sequential(*steps)
        self.real = spectral_norm(nn.Conv2d(width, 1, 3, padding=1))
        self.of_class = spectral_norm(nn.Embedding(classes, width))

    def forward(self, maps: Tensor, classes: Tensor) -> Tensor:
        hidden = self.steps(maps)  # (batch, width, 4, 4)
        matching = (hidden * self.of_class(classes)[:, :, None, None]).sum(dim=1)
        return (self.real(hidden).squeeze(1) + matching).flatten(1)


def augment(pictures: Tensor) -> Tensor:
    """Change pictures at random so that gradients pass (DiffAugment, Zhao et al. 2020).

    Brightness, contrast, a shift of up to an eighth, and a square of a third blanked out.
    """
    count, _, height, width = pictures.shape

    def draw(*shape: int) -> Tensor:
        return torch.rand(count, *shape, device=pictures.device)

    pictures = pictures + 0.4 * (draw(1, 1, 1) - 0.5)
    mean = pictures.mean(dim=(1, 2, 3), keepdim=True)
    pictures = (pictures - mean) * (0.7 + 0.6 * draw(1, 1, 1)) + mean
    shift = (draw(2, 1) * 2 - 1) / 4  # in units where the picture is 2 wide
    identity = torch.eye(2, device=pictures.device).expand(count, 2, 2)
    grid = nn.functional.affine_grid(
        torch.cat([identity, shift], dim=2), list(pictures.shape), align_corners=False
    )
    pictures = nn.functional.grid_sample(pictures, grid, align_corners=False)
    y = torch.arange(height, device=pictures.device).view(1, 1, height, 1) / height
    x = torch.arange(width, device=pictures.device).view(1, 1, 1, width) / width
    centre_y, centre_x = draw(1, 1, 1), draw(1, 1, 1)
    blank = ((y - centre_y).abs() < 1 / 6) & ((x - centre_x).abs() < 1 / 6)
    return pictures * ~blank
