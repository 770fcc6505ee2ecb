"""From a person's log to a folder with a network that recommends: taught, calibrated, written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from scipy.special import logsumexp
from torch import Tensor, nn

from deepfield.models import ModelFolder
from deepfield.neural.training import Schedule, chosen_device
from deepfield.predictor import Report
from deepfield_recommendations.calibrating import keep_likelihood
from deepfield_recommendations.catalogue import read_catalogue
from deepfield_recommendations.fit_options import NetworkFitOptions, TowerFitOptions
from deepfield_recommendations.index import MANY
from deepfield_recommendations.item_tower import TowerConfig, TwoTowers
from deepfield_recommendations.item_words import words_of
from deepfield_recommendations.logs import read_logs
from deepfield_recommendations.network import NetworkConfig, SequenceNetwork
from deepfield_recommendations.repeats import last_moments
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.sizes import Sizes, chosen_sizes
from deepfield_recommendations.tower_training import tower_scores, train_towers
from deepfield_recommendations.training import Recipe, best_epoch, network_scores, train_network
from deepfield_recommendations.vocabulary import Vocabulary

__all__ = [
    "LastVector",
    "Network",
    "fit_network",
    "last_sizes",
    "read_network",
    "save_network",
    "scorer",
    "teach",
]

Network = SequenceNetwork | TwoTowers


class LastVector(nn.Module):
    """What an engine runs: codes (users, length) to the vector after the last one."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, codes: Tensor) -> Tensor:
        return self.network.last(codes)


def fit_network(
    training: pd.DataFrame,
    validation: pd.DataFrame,
    folder: Path,
    base: ModelFolder,
    options: NetworkFitOptions,
    report: Report,
    device: str,
) -> None:
    """Teach a network what comes next in a log, and write its folder.

    Without ``validation`` it learns from all as long as ``base`` did, whose calibration it keeps:
    the platform asks for that once the measured model is known.
    """
    asked = options.catalogue if isinstance(options, TowerFitOptions) else ""
    logs = read_logs(training, validation, read_catalogue(asked) if asked else None)
    where = chosen_device(device)
    whole = not len(validation)
    sizes = chosen_sizes(base.config["network"]["kind"], logs, options)
    if whole:
        sizes = last_sizes(sizes, base.config["trained"])
    runs = folder / "run"
    wanted = None if whole else logs.wanted
    network = teach(sizes, logs.vocabulary, logs.learned, wanted, runs, report, where)
    trained = {
        "epochs": sizes.schedule.epochs if whole else best_epoch(runs),
        "trust": float(getattr(network, "trust", 1.0)),
        "recipe": asdict(sizes.recipe),
        "schedule": asdict(sizes.schedule),
        "log": logs.facts,
    }
    shutil.rmtree(runs)
    save_network(network, folder, logs.again, logs.ends, trained)
    logs.vocabulary.save(folder)
    keep_likelihood(logs, scorer(network, where, logs.ends), folder, base if whole else None)


def teach(
    sizes: Sizes,
    vocabulary: Vocabulary,
    training: Sequences,
    wanted: Sequences | None,
    runs: Path,
    report: Report,
    device: torch.device,
) -> Network:
    """Return a network that learned from ``training``; ``wanted`` chooses its epoch, if given.

    Args:
        runs: a folder for checkpoints.
    """
    how: dict[str, Any] = {
        "recipe": sizes.recipe,
        "schedule": sizes.schedule,
        "report": report,
        "device": device,
    }
    if isinstance(sizes.config, TowerConfig):
        words = words_of(vocabulary, sizes.config.places)
        return train_towers(sizes.config, words, training, wanted, runs, **how)
    return train_network(sizes.config, training, wanted, runs, **how)


def last_sizes(sizes: Sizes, trained: dict[str, Any]) -> Sizes:
    """Return sizes for learning once more, from all, as an earlier run found best."""
    schedule = Schedule(**{**trained["schedule"], "epochs": trained["epochs"], "patience": None})
    recipe = Recipe(**{**trained["recipe"], "trust": trained["trust"]})
    return replace(sizes, recipe=recipe, schedule=schedule)


def scorer(network: Network, device: torch.device, ends: int) -> Callable[[Sequences], np.ndarray]:
    """Return what scores histories as the network's folder will, asked once the log has ended."""
    network = network.to(device).eval()
    shares = network.config.items <= MANY

    def scores(histories: Sequences) -> np.ndarray:
        if isinstance(network, TwoTowers):
            found = tower_scores(network, histories, device)
        else:
            now = np.maximum(last_moments(histories), ends)
            found = network_scores(network, histories, device, now)
        return found - logsumexp(found, axis=1, keepdims=True) if shares else found

    return scores


def save_network(
    network: Network,
    folder: Path,
    again: bool,
    ends: int = 0,
    trained: dict[str, Any] | None = None,
) -> None:
    """Write a network as ``NetworkRecommender`` reads it.

    Args:
        again: whether what was taken before is recommended too.
        ends: the second of the last event that it learned from.
    """
    config = {
        "network": asdict(network.config),
        "again": again,
        "ends": ends,
        "trained": trained or {},
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    tensors = {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
    save_file(tensors, folder / "model.safetensors")


def read_network(folder: ModelFolder) -> Network:
    """Return the network of a folder, ready to answer."""
    config = folder.config["network"]
    network: Network = (
        TwoTowers(TowerConfig(**config))
        if config["kind"] == "towers"
        else SequenceNetwork(NetworkConfig(**config))
    )
    network.load_state_dict(load_file(folder.weights))
    return network.eval()
