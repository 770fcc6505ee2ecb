"""Where a network looked: heat maps of the evidence for an answer, through Captum."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerGradientXActivation
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

__all__ = ["evidence_maps", "integrated_gradients"]

SLICE = 8
"""Pictures at a time: gradients need every activation of the network in memory."""

ROWS = 512
"""Rows of a table at a time, each with as many points of its path."""
POINTS = (8, 64)
"""Points of the path: enough for most rows, and for those of which they leave too much."""

_hooking = threading.Lock()
# Captum hooks the layer itself, which visitors of a dashboard share: one explanation at a time.


def evidence_maps(
    logits: Callable[[Tensor], Tensor],
    layer: nn.Module,
    batch: Tensor,
    called: Tensor,
    smoothing: float = 0.8,
) -> np.ndarray:
    """Return how much each place spoke for the class that was called, and against the next one.

    Activation × gradient at a convolutional layer, summed over its channels, as in Grad-CAM
    (Selvaraju et al. 2017) but place by place (as in LayerCAM, Jiang et al. 2021), of the margin
    between the called class's logit and the highest other. Half-way down a network this is finer
    than Grad-CAM at its end, and passes a deletion test that Grad-CAM fails (see the model card).

    Args:
        logits: gives (n, classes) for a batch.
        layer: its output (n, channels, h, w) is explained.
        batch: what the network takes, n rows.
        called: (n,) the class to explain.
        smoothing: standard deviation, in cells, of a Gaussian that takes out the checkerboard
            which strided convolutions leave in gradients.

    Returns:
        float32 (n, h, w) in 0..1; all 0 where nothing spoke for the class.
    """

    def margin(rows: Tensor, target: Tensor) -> Tensor:
        scores = logits(rows)  # (n, classes)
        own = scores.gather(1, target[:, None])
        others = scores.scatter(1, target[:, None], -torch.inf)
        return (own.squeeze(1) - others.amax(dim=1)).unsqueeze(1)

    method = LayerGradientXActivation(margin, layer)
    parts = []
    for rows, target in zip(batch.split(SLICE), called.split(SLICE), strict=True):
        with _hooking:
            found = method.attribute(rows, target=0, additional_forward_args=(target,))
        parts.append(found.detach().sum(dim=1))
    values = gaussian_filter(torch.cat(parts).float().cpu().numpy(), (0, smoothing, smoothing))
    values = np.maximum(values, 0)
    return values / np.maximum(values.max(axis=(1, 2), keepdims=True), 1e-12)


def integrated_gradients(
    parts: Callable[[Tensor], Tensor],
    head: Callable[[Tensor], Tensor],
    rows: np.ndarray,
    usual: Tensor,
    tolerance: float = 0.02,
) -> tuple[np.ndarray, float]:
    """Return what each part of each row added to a score, and the score that they started from.

    Integrated gradients (Sundararajan et al. 2017) along the straight way from the parts of a usual
    row, by Gauss-Legendre quadrature. A row whose contributions miss its score by more than
    ``tolerance`` is done again with eight times the points.

    Args:
        parts: turns rows into (n, parts, vector).
        head: gives a score for each, (n,).
        rows: (n, columns) float32.
        usual: (1, columns)

    Returns:
        float64 (n, parts), and the base.
    """
    method = IntegratedGradients(head)
    found = []
    with torch.no_grad():
        start = parts(usual)
        base = float(head(start))
    for batch in torch.from_numpy(rows).split(ROWS):
        with torch.no_grad():
            ends = parts(batch)
            scores = head(ends)
        added = _along(method, ends, start, POINTS[0])
        missed = (added.sum(dim=1) + base - scores).abs() > tolerance
        if missed.any():
            added[missed] = _along(method, ends[missed], start, POINTS[1])
        found.append(added.double())
    return torch.cat(found).numpy(), base


def _along(method: IntegratedGradients, ends: Tensor, start: Tensor, points: int) -> Tensor:
    values = method.attribute(
        ends, start.expand_as(ends), n_steps=points, internal_batch_size=ROWS * POINTS[0]
    )
    return values.detach().sum(dim=2)
