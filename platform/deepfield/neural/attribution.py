"""Where a network looked: heat maps through Captum, and what each part of a row added."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

__all__ = ["evidence_maps", "integrated_gradients"]

SLICE = 8
"""Pictures at a time: gradients need every activation of the network in memory."""

POINTS = (2, 8, 64)
"""Points of the path: enough for most rows, and for those of which they leave too much."""
EVALUATIONS = 2048
"""Points, of all rows together, that are differentiated at once: they stay in a core's cache."""

_starting = threading.Lock()
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

    # Captum takes a second to import, and rows of tables do without it.
    from captum.attr import LayerGradientXActivation

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
    ``tolerance`` is done again with more points.

    Args:
        parts: turns rows into (n, parts, vector).
        head: gives a score for each, (n,).
        rows: (n, columns) float32.
        usual: (1, columns)

    Returns:
        float64 (n, parts), and the base.
    """
    with torch.no_grad():
        start = parts(usual)
        base = float(head(start))

    def work(batch: Tensor) -> Tensor:
        with torch.no_grad():
            ends = parts(batch)
            scores = head(ends)
        added = _along(head, ends, start, POINTS[0])
        for points in POINTS[1:]:
            missed = ((added.sum(dim=1) + base - scores).abs() > tolerance).nonzero().squeeze(1)
            for some in missed.split(EVALUATIONS // points):
                added[some] = _along(head, ends[some], start, points)
        return added.double()

    pieces = torch.from_numpy(rows).split(EVALUATIONS // POINTS[0])
    return torch.cat(list(_pool().map(work, pieces))).numpy(), base


def _pool() -> ThreadPoolExecutor:
    """Return the threads that all callers share: gradients of more pieces at once fill memory.

    Each computes alone: what torch's own threads gain on arrays this small, waiting takes. How many
    torch may use holds for the thread that says so, and for those that come after it; so all of
    ours say it before the usual number is put back.
    """
    with _starting:
        return _started()


@cache
def _started() -> ThreadPoolExecutor:
    usual, count = torch.get_num_threads(), os.cpu_count() or 1
    pool = ThreadPoolExecutor(
        count, "deepfield-explain", initializer=torch.set_num_threads, initargs=(1,)
    )
    together = threading.Barrier(count)
    list(pool.map(lambda _: together.wait(), range(count)))
    torch.set_num_threads(usual)
    return pool


def _along(head: Callable[[Tensor], Tensor], ends: Tensor, start: Tensor, points: int) -> Tensor:
    """Return what each part of each row added, (n, parts, vector) -> (n, parts)."""
    places, weights = _quadrature(points)
    way = ends - start
    path = start + ends.new_tensor(places)[:, None, None, None] * way
    path = path.flatten(0, 1).requires_grad_()  # (points * n, parts, vector)
    (slope,) = torch.autograd.grad(head(path).sum(), path)
    mean = torch.einsum("q,qnpv->npv", ends.new_tensor(weights), slope.unflatten(0, (points, -1)))
    return (mean * way).sum(dim=2)


@cache
def _quadrature(points: int) -> tuple[np.ndarray, np.ndarray]:
    """Return places in 0..1 and their weights: found once, as it wakes the threads of a BLAS."""
    nodes, weights = np.polynomial.legendre.leggauss(points)  # in -1..1
    return (nodes + 1) / 2, weights / 2
