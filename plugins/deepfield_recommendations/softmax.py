"""A softmax over all items that never holds all scores at once.

The scores of 25,000 events over 3,500 items are 350 MB, written and read several times a step;
in blocks that stay in a core's cache the same step took a fifth of the time (Hsu et al. 2024,
Liger Kernel, do so on GPUs).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["full_softmax_loss"]

ROWS = 512
"""Vectors whose scores are held at once."""


def full_softmax_loss(vectors: Tensor, items: Tensor, following: Tensor) -> Tensor:
    """Return the mean cross-entropy of the items that followed.

    Args:
        vectors: (n, width).
        items: (items + 1, width), all of which compete: code 0 is never taken, so it may as well.
        following: (n,) codes.
    """
    value: Tensor = _FullSoftmax.apply(vectors, items, following)
    return value


class _FullSoftmax(torch.autograd.Function):
    """Finds the gradients on the way forward, block by block, while the scores are there."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, items: Tensor, following: Tensor) -> Tensor:
        device = vectors.device.type
        short = torch.is_autocast_enabled(device)
        kind = torch.get_autocast_dtype(device) if short else vectors.dtype
        left, right = vectors.to(kind), items.to(kind)
        by_vector = torch.empty_like(left)
        by_item = torch.zeros_like(items, dtype=torch.float32)
        total = vectors.new_zeros((), dtype=torch.float32)
        for start in range(0, len(vectors), ROWS):
            block, wanted = left[start : start + ROWS], following[start : start + ROWS, None].long()
            shares = torch.softmax(block @ right.T, dim=1)  # (rows, items + 1)
            own = shares.gather(1, wanted)
            total -= own.float().clamp(min=1e-30).log().sum()
            shares.scatter_(1, wanted, own - 1)
            by_vector[start : start + ROWS] = shares @ right
            by_item += (shares.T @ block).float()
        ctx.save_for_backward(by_vector, by_item)
        ctx.kinds = vectors.dtype, items.dtype
        return total / len(vectors)

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> tuple[Tensor, Tensor, None]:
        by_vector, by_item = ctx.saved_tensors
        scale = above[0] / len(by_vector)
        return (by_vector * scale).to(ctx.kinds[0]), (by_item * scale).to(ctx.kinds[1]), None
