"""Weights to and from safetensors, the one format that Deepfield reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from deepfield.errors import InputError

__all__ = ["average_weights", "load_weights", "save_weights"]


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


def average_weights(files: Sequence[Path]) -> dict[str, torch.Tensor]:
    """Return the mean of several checkpoints of one network: a model soup.

    Runs that began at one point often end in one basin, whose middle generalises better than its
    rim (Wortsman et al. 2022). Reads safetensors, and what ``neural.training`` saves: of
    ``checkpoint.pt`` the average after its last epoch.
    """
    states = [_state(file) for file in files]
    return {
        name: torch.stack([state[name] for state in states]).mean(0)
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }


def _state(file: Path) -> dict[str, torch.Tensor]:
    if file.suffix == ".safetensors":
        return load_file(file)
    saved = torch.load(file, weights_only=True, map_location="cpu")
    return saved.get("average", saved)
