"""A convolutional classifier of grey pictures.

MobileNetV2 (Sandler et al. 2018) by default, or any classifier of timm by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import timm
import torch
from timm.models import adapt_input_conv
from torch import Tensor, nn

__all__ = ["ImageClassifier", "NetworkConfig"]

MIDDLE = 3
"""Which of the backbone's five scales the texture is taken from: a sixteenth of the picture."""


@dataclass(frozen=True)
class NetworkConfig:
    """What is needed to build the network before its weights are read."""

    classes: tuple[str, ...]
    architecture: str = "mobilenetv2_100"
    image_size: int = 160
    padding: str = "same"
    dropout: float = 0.0
    drop_path: float = 0.0


class ImageClassifier(nn.Module):
    """Grey pixels to logits, and to the texture that tells familiar pictures from foreign ones.

    The last embedding knows only what tells the classes apart, and calls noise as familiar as a
    film. Half-way up the network, the mean and spread of each map still say what kind of picture
    it is.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.standardize = Standardize()
        self.backbone: Any = timm.create_model(
            config.architecture,
            in_chans=1,
            num_classes=len(config.classes),
            pad_type=config.padding,
            drop_rate=config.dropout,
            drop_path_rate=config.drop_path,
        )

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        x = self.standardize(pixels)  # (batch, H, W) of 0..255 -> (batch, 1, H, W)
        # maps: (batch, channels, H/32, W/32); middle: (batch, m, H/16, W/16)
        maps, (middle,) = self.backbone.forward_intermediates(x, indices=[MIDDLE])
        spread, mean = torch.std_mean(middle, dim=(2, 3))
        texture = torch.cat([mean, spread], dim=1)  # -> (batch, 2 m)
        return self.backbone.forward_head(maps), texture  # logits: (batch, classes)

    def logits(self, pixels: Tensor) -> Tensor:
        return self(pixels)[0]

    @property
    def middle(self) -> nn.Module:
        """Return the block whose output is a sixteenth of the picture: heat maps are of it."""
        return self.backbone.get_submodule(self.backbone.feature_info[MIDDLE]["module"])

    def load_photograph_weights(self, weights: dict[str, Tensor]) -> None:
        """Start from weights trained on colour photographs; the head stays as it is.

        The first convolution's three colour kernels are summed into one, which gives a grey
        picture exactly the response that its three equal channels would have given.
        """
        stem = next(name for name, own in self.backbone.state_dict().items() if own.ndim == 4)
        self.load_backbone({**weights, stem: adapt_input_conv(1, weights[stem].float())})

    def load_backbone(self, weights: dict[str, Tensor]) -> None:
        """Start from another classifier's backbone; the head stays as it is."""
        head = {name for name in self.backbone.state_dict() if name.startswith("classifier")}
        taken = {name: value.float() for name, value in weights.items() if name not in head}
        missing, unexpected = self.backbone.load_state_dict(taken, strict=False)
        if set(missing) != head or unexpected:
            raise ValueError(f"weights do not fit: missing {missing}, unexpected {unexpected}")


class Standardize(nn.Module):
    """Give each picture mean 0 and standard deviation 1/2, the spread of ImageNet in [-1, 1].

    Exposure differs from one X-ray machine to another and says nothing about the lungs; taking
    it out here makes the answer independent of brightness and contrast, where nothing clips.
    """

    def forward(self, pixels: Tensor) -> Tensor:
        x = pixels.float().unsqueeze(1)
        mean = x.mean(dim=(2, 3), keepdim=True)
        spread = (x - mean).square().mean(dim=(2, 3), keepdim=True).sqrt()
        return (x - mean) / (2 * spread + 1)
