"""What learns from a part of the retailer's log, by counting or by a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from deepfield.neural.training import Schedule, spoken
from deepfield_recommendations.counts import SCORERS, save_scorer
from deepfield_recommendations.fitting import last_sizes, save_network, scorer, teach
from deepfield_recommendations.item_tower import TowerConfig
from deepfield_recommendations.network import NetworkConfig
from deepfield_recommendations.recipes.retail import Cut
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.sizes import Sizes
from deepfield_recommendations.training import Recipe, best_epoch
from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["SETTINGS", "Learn", "Learned", "counting", "networking"]

SETTINGS: dict[str, dict[str, Any]] = {
    "popularity": {"half_life_days": 30.0},
    "buy-again": {"decay": 0.9},
    "item-neighbours": {"decay": 0.8, "neighbours": 400},
    "markov": {"followers": 400},
}
LENGTH, WIDTH = 64, 64


@dataclass(frozen=True)
class Learned:
    """A model that learned from a part of the log."""

    scores: Callable[[Sequences], np.ndarray]
    save: Callable[[Path], None]
    facts: dict[str, Any]
    """What was chosen, for the next part and for the card."""


Learn = Callable[[Sequences, Cut | None, Learned | None], Learned]
"""Takes a part of the log, what came after it to choose by, and what was chosen before."""


def counting(name: str, items: int) -> Learn:
    def learn(log: Sequences, _: Cut | None, __: Learned | None) -> Learned:
        settings = SETTINGS[name]
        found = SCORERS[name](**settings).fit(log, items)
        ends = int(log.seconds.max())
        return Learned(
            found.scores, lambda folder: save_scorer(name, found, folder, True, ends), settings
        )

    return learn


def networking(
    name: str, vocabulary: Vocabulary, runs: Path, device: torch.device, seed: int
) -> Learn:
    sizes = _sizes(name, len(vocabulary), seed)

    def learn(log: Sequences, chooses: Cut | None, before: Learned | None) -> Learned:
        chosen = last_sizes(sizes, before.facts) if before else sizes
        place = runs / f"{name}-{seed}-{len(log.items)}"
        wanted = chooses.wanted_of_all if chooses else None
        report = spoken(lambda line: print(line, flush=True))
        network = teach(chosen, vocabulary, log, wanted, place, report, device)
        ends = int(log.seconds.max())
        facts = (
            before.facts
            if before
            else {
                "epochs": best_epoch(place),
                "trust": float(getattr(network, "trust", 1.0)),
                "recipe": asdict(sizes.recipe),
                "schedule": asdict(sizes.schedule),
            }
        )
        return Learned(
            scorer(network, device, ends),
            lambda folder: save_network(network, folder, True, ends, facts),
            facts,
        )

    return learn


def _sizes(name: str, items: int, seed: int) -> Sizes:
    recipe = Recipe(judged=10_000, again=True, k=20, bf16=True)
    if name == "two-tower":
        schedule = Schedule(8, 3e-3, 0.01, warmup_epochs=0.3, ema_decay=0.99, seed=seed)
        return Sizes(TowerConfig(items), recipe, schedule)
    kind: Any = "transformer" if name == "sasrec" else "gru"
    layers = 2 if name == "sasrec" else 1
    config = NetworkConfig(kind, items, LENGTH, WIDTH, layers, dropout=0.3, repeats=True)
    schedule = Schedule(3, 2e-3, 0.1, warmup_epochs=0.15, ema_decay=0.99, seed=seed)
    return Sizes(config, recipe, schedule)
