"""Networks that read what a user took and say what comes next: ``sasrec`` and ``gru4rec``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

__all__ = ["NetworkConfig", "SequenceNetwork"]


@dataclass(frozen=True)
class NetworkConfig:
    """The shape of a network; ``length`` is how many of the latest events it reads."""

    kind: Literal["transformer", "gru"]
    items: int
    length: int
    width: int = 128
    layers: int = 2
    heads: int = 2
    dropout: float = 0.2


class SequenceNetwork(nn.Module):
    """A vector after each event; its product with an item's own vector is the item's score.

    With ``transformer`` self-attention (SASRec, Kang and McAuley 2018), with ``gru`` a recurrent
    network (GRU4Rec, Hidasi et al. 2016). Items are scored by the vectors that they are read as.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.items = nn.Embedding(config.items + 1, config.width, padding_idx=0)
        self.body = Attention(config) if config.kind == "transformer" else Recurrence(config)
        self.norm = nn.LayerNorm(config.width)
        nn.init.normal_(self.items.weight, std=config.width**-0.5)
        with torch.no_grad():
            self.items.weight[0] = 0

    def forward(self, codes: Tensor) -> Tensor:
        """Return a vector after each event, (users, length) -> (users, length, width).

        Codes stand oldest first and 0 fills up behind them: nothing that comes later is looked at,
        so what stands there changes nothing.
        """
        return self.norm(self.body(self.items(codes)))

    def last(self, codes: Tensor) -> Tensor:
        """Return the vector after the last event, (users, length) -> (users, width)."""
        place = (codes > 0).sum(dim=1).clamp(min=1) - 1
        return self(codes)[torch.arange(len(codes), device=codes.device), place]

    def scores(self, vectors: Tensor) -> Tensor:
        """Return the score of every item, (…, width) -> (…, items + 1); code 0 has none."""
        scores = vectors @ self.items.weight.T
        return scores.index_fill(-1, scores.new_zeros(1, dtype=torch.long), -torch.inf)


class Attention(nn.Module):
    """Blocks of causal self-attention over events and their places."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.places = nn.Parameter(torch.randn(config.length, config.width) * 0.02)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))

    def forward(self, events: Tensor) -> Tensor:
        width = events.shape[-1]
        hidden = self.dropout(events * width**0.5 + self.places[: events.shape[1]])
        for block in self.blocks:
            hidden = block(hidden)
        return hidden


class Block(nn.Module):
    """Attention, then two layers for each event alone; norms before both (Xiong et al. 2020)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.heads, self.rate = config.heads, config.dropout
        self.before, self.between = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.into = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)
        self.each = nn.Sequential(
            nn.Linear(config.width, 4 * config.width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(4 * config.width, config.width),
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden: Tensor) -> Tensor:
        parts = self.into(self.before(hidden)).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(
            2, 0, 3, 1, 4
        )  # each (users, heads, length, width / heads)
        mixed = nn.functional.scaled_dot_product_attention(
            query, key, value, dropout_p=self.rate if self.training else 0.0, is_causal=True
        )
        hidden = hidden + self.dropout(self.out(mixed.transpose(1, 2).flatten(2)))
        return hidden + self.dropout(self.each(self.between(hidden)))


class Recurrence(nn.Module):
    """Gated recurrent units over events (Cho et al. 2014)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.dropout = nn.Dropout(config.dropout)
        self.units = nn.GRU(
            config.width,
            config.width,
            config.layers,
            batch_first=True,
            dropout=config.dropout if config.layers > 1 else 0.0,
        )

    def forward(self, events: Tensor) -> Tensor:
        hidden, _ = self.units(self.dropout(events * events.shape[-1] ** 0.5))
        return self.dropout(hidden)
