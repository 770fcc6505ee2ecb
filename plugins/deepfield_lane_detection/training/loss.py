"""What the network is to make small: lines misplaced, rows and places wrongly filled."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["LaneLoss"]


class LaneLoss:
    """Cross-entropy over columns, distance of their expectation, and two of presence.

    Of the two ways to count places the one that costs less counts, picture by picture.
    """

    def __init__(self, width: int, distance: float = 1.0, presence: float = 2.0) -> None:
        self.width = width
        self.distance = distance
        self.presence = presence

    def __call__(self, network: nn.Module, pixels: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of a batch; targets as ``targets_of`` gives them, stacked."""
        places, presence, existence, _ = network(pixels)
        return self.of(places.float(), presence.float(), existence.float(), targets)

    def of(self, places: Tensor, presence: Tensor, existence: Tensor, targets: Tensor) -> Tensor:
        log = places.log_softmax(dim=3)  # (batch, places, rows, columns)
        columns = log.shape[3]
        expected = (log.exp() * torch.arange(columns, device=log.device)).sum(dim=3)
        ways = []
        for wanted in targets.unbind(1):  # (batch, places, rows)
            there = ~wanted.isnan()
            column = ((wanted + 0.5) * (columns / self.width) - 0.5).nan_to_num()
            column = column.clamp(0, columns - 1)
            low = column.floor().long().clamp(max=columns - 2)
            share = column - low
            lower = log.gather(3, low[..., None]).squeeze(3)
            upper = log.gather(3, low[..., None] + 1).squeeze(3)
            entropy = -((1 - share) * lower + share * upper)
            apart = functional.smooth_l1_loss(expected, column, reduction="none", beta=0.5)
            placed = ((entropy + self.distance * apart) * there).sum(dim=(1, 2))
            rows = there.to(log.dtype)
            filled = functional.binary_cross_entropy_with_logits(presence, rows, reduction="none")
            exists = there.any(dim=2).to(log.dtype)
            called = functional.binary_cross_entropy_with_logits(
                existence, exists, reduction="none"
            )
            # Every row of a line weighs the same; about two of six places hold a line.
            size = presence.shape[1] * presence.shape[2]
            ways.append(
                2 * placed / size
                + self.presence * (filled.mean(dim=(1, 2)) + 0.5 * called.mean(dim=1))
            )
        return torch.stack(ways).amin(dim=0).mean()
