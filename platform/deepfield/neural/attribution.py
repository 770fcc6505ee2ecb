"""Where a network looked: class-activation heat maps through Captum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from captum.attr import LayerGradCam
from torch import nn

__all__ = ["grad_cam"]


def grad_cam(
    logits: Callable[[torch.Tensor], torch.Tensor],
    layer: nn.Module,
    batch: torch.Tensor,
    targets: torch.Tensor,
) -> np.ndarray:
    """Return Grad-CAM (Selvaraju et al. 2017) maps for the class each row was called.

    Args:
        logits: gives (n, classes) for a batch.
        layer: a convolutional layer; its resolution is the map's.
        batch: what the network takes, n rows.
        targets: (n,) the class to explain.

    Returns:
        float32 (n, h, w) in 0..1; all 0 where nothing spoke for the class.
    """
    # The sum over channels of activation × mean gradient; what speaks against is cut off.
    maps = LayerGradCam(logits, layer).attribute(batch, targets, relu_attributions=True)
    values = maps.squeeze(1).detach().float().cpu().numpy()
    peak = values.max(axis=(1, 2), keepdims=True)
    return values / np.maximum(peak, 1e-12)
