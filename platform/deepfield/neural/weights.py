"""Weights to and from safetensors, the one format that Deepfield reads."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from deepfield.errors import InputError

__all__ = ["load_weights", "save_weights"]


def save_weights(network: nn.Module, file: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a network's state; floating-point tensors as ``dtype``."""
    tensors = {
        name: (value.to(dtype) if value.is_floating_point() else value).cpu().contiguous()
        for name, value in network.state_dict().items()
    }
    save_file(tensors, file, metadata={"format": "pt"})


def load_weights(network: nn.Module, file: Path) -> None:
    """Read a network's state, into whatever precision the network has.

    Raises:
        InputError: if the file is broken or belongs to another network.
    """
    try:
        network.load_state_dict(load_file(file))
    except (RuntimeError, OSError, SafetensorError) as error:
        raise InputError(f"The weights {str(file)!r} do not fit their network: {error}") from error
