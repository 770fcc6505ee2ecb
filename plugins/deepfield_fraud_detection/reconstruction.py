"""The network that knows what is usual: it puts rows together again from a few numbers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["Autoencoder", "AutoencoderConfig"]

LARGEST = 12.0
"""Beyond so many spreads (on the scale of asinh) a number is as unusual as can be."""


@dataclass(frozen=True)
class AutoencoderConfig:
    """What decides the network's shape."""

    numbers: int
    categories: tuple[int, ...] = ()
    """How many values each column of categories has, the unknown one among them."""
    hidden: int = 128
    code: int = 12


class Autoencoder(nn.Module):
    """Rows to how badly each column could be told from what passes the narrow middle.

    Numbers are taken as asinh((x - median) / spread), which keeps what is far out far out without
    letting it rule the loss. While learning, columns are hidden at random (Vincent et al. 2008), so
    that each is told from the others; a missing number has no error.
    """

    median: Tensor
    spread: Tensor
    error: Tensor

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        n, width = config.numbers, 2 * config.numbers + sum(config.categories)
        self.register_buffer("median", torch.zeros(n))
        self.register_buffer("spread", torch.ones(n))
        # The usual error of each column, by which errors of different columns are compared.
        self.register_buffer("error", torch.ones(n + len(config.categories)))
        self.squeeze = nn.Sequential(
            nn.Linear(width, config.hidden), nn.SiLU(), nn.Linear(config.hidden, config.code)
        )
        self.unfold = nn.Sequential(
            nn.Linear(config.code, config.hidden),
            nn.SiLU(),
            nn.Linear(config.hidden, n + sum(config.categories)),
        )

    def scaled(self, rows: Tensor) -> Tensor:
        """Return the numbers of rows on the scale that is learned, the median where missing."""
        numbers = rows[:, : self.config.numbers]
        # First of all, as engines differ in what they make of NaN.
        numbers = torch.where(torch.isnan(numbers), self.median, numbers)
        return torch.asinh((numbers - self.median) / self.spread).clamp(-LARGEST, LARGEST)

    def errors(self, rows: Tensor, hidden: float = 0.0) -> Tensor:
        """Return the error of each column, (batch, columns) -> (batch, columns).

        Args:
            hidden: the share of cells that is hidden from the network, at random.
        """
        numbers = self.scaled(rows)
        there = (~torch.isnan(rows[:, : self.config.numbers])).to(rows.dtype)
        codes = rows[:, self.config.numbers :].long()
        kept = torch.ones_like(rows)
        if hidden:
            kept = (torch.rand_like(kept) >= hidden).to(rows.dtype)
        seen = there * kept[:, : self.config.numbers]
        hot = [
            nn.functional.one_hot(codes[:, place], size).to(rows.dtype)
            for place, size in enumerate(self.config.categories)
        ]
        known = [each * kept[:, [self.config.numbers + place]] for place, each in enumerate(hot)]
        any_numbers = self.config.numbers > 0  # engines differ in what they make of an empty array
        beside = [numbers * seen, seen] if any_numbers else []
        told = self.unfold(self.squeeze(torch.cat([*beside, *known], dim=1)))
        found = [(told[:, : self.config.numbers] - numbers) ** 2 * there] if any_numbers else []
        logits = told[:, self.config.numbers :].split(self.config.categories, dim=1)
        for each, code in zip(logits if hot else (), hot, strict=True):
            # The cross-entropy, in words that every engine knows.
            found.append(-(each.log_softmax(dim=1) * code).sum(dim=1, keepdim=True))
        return torch.cat(found, dim=1)

    def forward(self, rows: Tensor) -> Tensor:
        """Return how unusual each column is: 1 is what it mostly is, (batch, columns)."""
        return torch.log1p(self.errors(rows) / self.error)
