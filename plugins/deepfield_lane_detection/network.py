"""A convolutional network that places up to six lanes on a picture, row by row.

MobileNetV2 (Sandler et al. 2018) by default, or any backbone of timm by name; a transformer encoder
over its coarsest map sees the whole road at once; features are brought back to an eighth of the
picture (feature pyramid, Lin et al. 2017); and each lane is placed by a choice among columns in
each row, as in Ultra-Fast-Lane-Detection (Qin et al. 2020), read out between columns by the
expectation (Qin et al. 2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import timm
import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

__all__ = ["LaneNetwork", "NetworkConfig"]

STRIDES = (8, 16, 32)
SUBROWS = 2
"""Rows that each cell of the finest map answers for: lanes bend fast near the horizon."""


@dataclass(frozen=True)
class NetworkConfig:
    """What is needed to build the network before its weights are read."""

    architecture: str = "mobilenetv2_100"
    height: int = 192
    width: int = 320
    slots: int = 6
    """Lanes by their place: three left of the camera and three right of it, from left to right."""
    channels: int = 64
    heads: int = 4
    layers: int = 2
    padding: str = "same"

    @property
    def rows(self) -> int:
        return SUBROWS * self.height // STRIDES[0]

    @property
    def columns(self) -> int:
        return self.width // STRIDES[0]


class LaneNetwork(nn.Module):
    """Colour pixels to where each lane runs, whether it is in each row, and whether it is at all.

    Beside these it gives the texture of the picture, by which a guard tells roads from the rest.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = backbone(config)
        reductions = [each["reduction"] for each in self.backbone.feature_info]
        self.levels = [reductions.index(stride) for stride in STRIDES]
        widths = [self.backbone.feature_info[level]["num_chs"] for level in self.levels]
        self.road = RoadEncoder(widths[-1], config)
        self.pyramid = Pyramid(widths[:-1], config.channels)
        self.placing = Placing(config)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return places, presence, existence and texture.

        Args:
            pixels: (batch, height, width, 3) of 0..255.

        Returns:
            places (batch, slots, rows, columns), logits of a softmax over columns;
            presence (batch, slots, rows), logits; existence (batch, slots), logits;
            texture (batch, 2 m).
        """
        x = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
        fine, middle, coarse = self.backbone.forward_intermediates(
            x, indices=self.levels, intermediates_only=True
        )
        spread, mean = torch.std_mean(middle, dim=(2, 3))
        road, whole = self.road(coarse)
        places, presence, existence = self.placing(self.pyramid(fine, middle, road), whole)
        return places, presence, existence, torch.cat([mean, spread], dim=1)

    def evidence(self, pixels: Tensor) -> Tensor:
        """Return (batch, 2): nothing, and how much speaks for the lines that were found.

        For each line that is there: the logit of its being there, and on the mean over its rows
        those of the columns chosen and of its being in the row. Where none is, of all places'.
        """
        places, presence, existence, _ = self(pixels)
        there = (existence > 0).to(places.dtype)  # (batch, slots)
        there = torch.where(there.any(dim=1, keepdim=True), there, torch.ones_like(there))
        rows = (presence > 0).to(places.dtype) * there[..., None]
        chosen = places.amax(dim=3) - places.mean(dim=3)
        along = ((chosen + presence) * rows).sum(dim=(1, 2)) / rows.sum(dim=(1, 2)).clamp(min=1)
        score = along + (existence * there).sum(dim=1) / there.sum(dim=1)
        return torch.stack([torch.zeros_like(score), score], dim=1)

    @property
    def middle(self) -> nn.Module:
        """Return the block whose output is a sixteenth of the picture: heat maps are of it."""
        return self.backbone.get_submodule(self.backbone.feature_info[self.levels[1]]["module"])

    def load_photograph_weights(self, weights: dict[str, Tensor]) -> None:
        """Start from timm's backbone trained on photographs; what it classified by is left out."""
        self.backbone.load_state_dict(backbone(self.config, weights).state_dict())


def backbone(config: NetworkConfig, weights: dict[str, Tensor] | None = None) -> Any:
    """Return a backbone of timm without batch norm: each is part of the convolution before it.

    Its statistics would be held still in any case, as batches are small; so it is the same
    function, and an eighth faster to train.
    """
    found: Any = timm.create_model(config.architecture, num_classes=0, pad_type=config.padding)
    if weights is not None:
        own = found.state_dict()
        found.load_state_dict({name: weights[name].to(own[name].dtype) for name in own})
    fold_norms(found.eval())
    return found


def fold_norms(module: nn.Module) -> None:
    """Put each batch norm that follows a convolution into it; what it activates by stays."""
    before: tuple[str, nn.Module] | None = None
    for name, child in list(module.named_children()):
        if isinstance(child, nn.BatchNorm2d) and before and isinstance(before[1], nn.Conv2d):
            setattr(module, before[0], fuse_conv_bn_eval(before[1], child))
            setattr(module, name, getattr(child, "act", nn.Identity()))
        else:
            fold_norms(child)
        before = name, child


class RoadEncoder(nn.Module):
    """Let every part of the coarsest map see every other: which lane is which hangs on all."""

    def __init__(self, width: int, config: NetworkConfig) -> None:
        super().__init__()
        size = 2 * config.channels
        cells = (config.height // STRIDES[-1], config.width // STRIDES[-1])
        self.inward = nn.Conv2d(width, size, 1)
        self.position = nn.Parameter(torch.zeros(1, cells[0] * cells[1], size))
        nn.init.trunc_normal_(self.position, std=0.02)
        self.encoder = nn.Sequential(
            *(Block(size, config.heads, 2.0, qkv_bias=True) for _ in range(config.layers))
        )
        self.norm = nn.LayerNorm(size)
        self.outward = nn.Conv2d(size, config.channels, 1)

    def forward(self, coarse: Tensor) -> tuple[Tensor, Tensor]:
        x = self.inward(coarse)  # (batch, width, h, w) -> (batch, size, h, w)
        cells = x.flatten(2).transpose(1, 2) + self.position  # -> (batch, h w, size)
        cells = self.norm(self.encoder(cells))
        road = self.outward(cells.transpose(1, 2).unflatten(2, x.shape[2:]))
        return road, cells.mean(dim=1)  # (batch, channels, h, w), (batch, size)


class Pyramid(nn.Module):
    """Bring what the coarse map knows back to the fine one."""

    def __init__(self, widths: list[int], channels: int) -> None:
        super().__init__()
        self.inward = nn.ModuleList(nn.Conv2d(width, channels, 1) for width in widths)
        self.smooth = nn.ModuleList(refining(channels) for _ in widths)

    def forward(self, fine: Tensor, middle: Tensor, road: Tensor) -> Tensor:
        x = road
        for features, inward, smooth in zip(
            (middle, fine), reversed(self.inward), self.smooth, strict=True
        ):
            x = functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = smooth(inward(features) + x)
        return x  # (batch, channels, height / 8, width / 8)


class Placing(nn.Module):
    """Choose a column for each lane in each row, and say whether it is there."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        hidden = config.channels
        self.mix = nn.Sequential(refining(hidden), refining(hidden))
        self.places = nn.Conv2d(hidden, config.slots * SUBROWS, 1)
        self.values = nn.Conv2d(hidden, hidden, 1)
        self.presence = nn.Linear(hidden + 2 * config.channels, hidden)
        self.slot = nn.Parameter(torch.zeros(config.slots, 1, hidden))
        nn.init.trunc_normal_(self.slot, std=0.02)
        self.present = nn.Linear(hidden, SUBROWS)
        self.exists = nn.Linear(2 * hidden, 1)

    def forward(self, features: Tensor, whole: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        config = self.config
        x = self.mix(features)
        logits = self.places(x).unflatten(1, (config.slots, SUBROWS))  # (b, slots, 2, h, w)
        # What the network sees where it places the lane, row by row: paint, or its continuation.
        attention = logits.mean(dim=2).softmax(dim=-1)  # (b, slots, h, w)
        seen = torch.einsum("bshw,bchw->bshc", attention, self.values(x))
        road = whole[:, None, None].expand(-1, config.slots, seen.shape[2], -1)
        hidden = functional.gelu(self.presence(torch.cat([seen, road], dim=3)) + self.slot)
        presence = self.present(hidden).flatten(2)  # (b, slots, h, 2) -> (b, slots, rows)
        summary = torch.cat([hidden.mean(dim=2), hidden.amax(dim=2)], dim=2)
        existence = self.exists(summary).squeeze(2)  # (b, slots)
        # Row 2 i + j of the answer is sub-row j of row i.
        return logits.transpose(2, 3).flatten(2, 3), presence, existence


def refining(channels: int) -> nn.Module:
    """Return a convolution, normalised, beside the way around it."""
    return Around(
        nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.GroupNorm(8, channels), nn.GELU()
        )
    )


class Around(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x)
