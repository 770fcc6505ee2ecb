"""How likely a user takes again what they took before: a score from figures of counting."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from deepfield_recommendations.repeats import FIGURES

__all__ = ["RepeatTerm"]


class RepeatTerm(nn.Module):
    """The score of an item that the user took before.

    A network of two hidden layers over the figures, how the item sells at that time, and how
    repeatable it is, which is learned of each: candles are ordered again, a clock is not.
    """

    def __init__(self, items: int, hidden: int = 32, own: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        self.repeatable = nn.Embedding(items + 1, own)
        self.layers = nn.Sequential(
            nn.Linear(FIGURES + 1 + own, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, 1),
        )
        nn.init.normal_(self.repeatable.weight, std=0.1)

    def forward(self, figures: Tensor, sells: Tensor, items: Tensor) -> Tensor:
        """Return scores, (m, FIGURES), (m,) and (m,) codes -> (m,).

        The layers read the figures, what the week adds to the item's score, and its own numbers,
        in this order.
        """
        told = torch.cat([figures, sells[:, None], self.repeatable(items)], dim=1)
        return self.layers(told).squeeze(1).float()
