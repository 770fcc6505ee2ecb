"""Two towers: a vector of an item from what is known of it, so that it need not have been sold.

Two feed-forward networks, as Covington et al. (2016) and Yi et al. (2019) find candidates among
millions: one reads an item's words, the other the mean of what a user took; the score is the
product of what they answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["TowerConfig", "TwoTowers"]


@dataclass(frozen=True)
class TowerConfig:
    """The shape of two towers; ``length`` is how many of the latest events they read."""

    items: int
    length: int = 100
    width: int = 64
    places: int = 8192
    """Vectors of words."""
    dropout: float = 0.2
    kind: str = "towers"


class TwoTowers(nn.Module):
    """Vectors of users and items. What was learned of the items stands in ``items`` once settled.

    An item that was sold has a vector of its own beside its words. While learning it is often
    left out, for another that all unsold items share, so that the words alone must do.
    """

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.items = nn.Embedding(config.items + 1, width, padding_idx=0)
        self.items.weight.requires_grad_(False)
        self.words = nn.EmbeddingBag(config.places, width, mode="sum")
        self.own = nn.Embedding(config.items + 1, width)  # 0: what unsold items share
        self.item_layers = layers(config)
        self.user_layers = layers(config)
        self.rate = nn.Parameter(torch.tensor(0.03))  # an event counts 3 % less than the next
        self.sharpness = nn.Parameter(torch.tensor(8.0))
        nn.init.normal_(self.words.weight, std=0.1)
        nn.init.normal_(self.own.weight, std=0.02)

    def item_vectors(self, codes: Tensor, starts: Tensor, own: Tensor) -> Tensor:
        """Return vectors of length 1, (items, width).

        Args:
            codes: (n,) words of all the items, ``starts`` (items,) where those of each begin.
            own: (items,) their codes, 0 for an item that was never sold.
        """
        told = self.words(codes, starts) + self.own(own)
        return nn.functional.normalize((told + self.item_layers(told)).float(), dim=1)

    def last(self, codes: Tensor, items: Tensor | None = None) -> Tensor:
        """Return what users are looking for, (users, length) codes -> (users, width).

        Args:
            items: (items + 1, width) vectors to read the codes by; None: the settled ones.
        """
        table = self.items.weight if items is None else items
        there = codes > 0
        ago = there.sum(dim=1, keepdim=True) - 1 - torch.arange(codes.shape[1], device=codes.device)
        weights = torch.exp(-self.rate.abs() * ago) * there
        mean = (weights[:, None] @ nn.functional.embedding(codes, table)).squeeze(1)
        mean = nn.functional.normalize(mean.float(), dim=1)
        asked = nn.functional.normalize((mean + self.user_layers(mean)).float(), dim=1)
        return asked * self.sharpness

    def scores(self, vectors: Tensor) -> Tensor:
        """Return the score of every item, (users, width) -> (users, items + 1); code 0 has none."""
        scores = (vectors @ self.items.weight.T).float()
        none = torch.zeros(1, dtype=torch.long, device=scores.device)
        return scores.index_fill(-1, none, -torch.inf)

    @torch.no_grad()
    def settle(self, codes: Tensor, starts: Tensor, own: Tensor) -> None:
        """Keep the vectors of items 1, 2, …, as ``item_vectors`` gives them."""
        self.items.weight[1:] = self.item_vectors(codes, starts, own)


def layers(config: TowerConfig) -> nn.Sequential:
    """Return two layers, whose answer, next to nothing at first, is added to what goes in."""
    width = config.width
    last = nn.Linear(2 * width, width)
    nn.init.normal_(last.weight, std=0.01)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(config.dropout), last)
