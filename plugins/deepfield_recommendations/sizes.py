"""How large a network is and how long it learns, where a person leaves it to the log."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfield.neural.training import Schedule
from deepfield_recommendations.fit_options import NetworkFitOptions
from deepfield_recommendations.index import MANY
from deepfield_recommendations.item_tower import TowerConfig
from deepfield_recommendations.logs import Logs
from deepfield_recommendations.network import NetworkConfig
from deepfield_recommendations.training import Recipe

__all__ = ["Sizes", "chosen_sizes"]

SPARSE = 30
"""Below so many purchases of each, on average, what is learned by heart must be forgotten, and item
vectors start from a factorisation of the log: of 7 films each of MovieLens-1M that lifted NDCG@10
of what was held back from 0.096 to 0.116, in a third of the epochs."""
NEGATIVES = 2048
"""Items that compete where all of them are too many."""


@dataclass(frozen=True)
class Sizes:
    """A network's shape, and how it is taught."""

    config: NetworkConfig | TowerConfig
    recipe: Recipe
    schedule: Schedule


def chosen_sizes(kind: str, logs: Logs, options: NetworkFitOptions) -> Sizes:
    """Return the sizes that a person asked for, and of the rest those that fit the log.

    Where people take the same again baskets are foretold, and a few epochs do; else each event is,
    until what was held back is foretold no better.
    """
    if kind == "towers":
        return _towers(logs, options)
    repeats = logs.again and len(logs.vocabulary) <= MANY
    return (_baskets if repeats else _events)(kind, logs, options)


def _baskets(kind: str, logs: Logs, options: NetworkFitOptions) -> Sizes:
    epochs = options.epochs or int(np.clip(1.35e6 / max(len(logs.learned.items), 1), 3, 12))
    return Sizes(
        NetworkConfig(
            kind,  # type: ignore[arg-type]  # a folder's own word
            len(logs.vocabulary),
            options.length or _length(logs, 64),
            options.width or 64,
            layers=2 if kind == "transformer" else 1,
            dropout=_dropout(options, 0.3),
            repeats=True,
        ),
        Recipe(again=True, k=20, bf16=True),
        Schedule(
            epochs,
            options.learning_rate or 2e-3,
            0.1,
            warmup_epochs=0.15,
            ema_decay=0.99,
            seed=options.seed,
            patience=3,
        ),
    )


def _events(kind: str, logs: Logs, options: NetworkFitOptions) -> Sizes:
    lengths, items = logs.learned.lengths, len(logs.vocabulary)
    sparse = float(np.mean(lengths)) < SPARSE
    events = max(len(logs.learned.items), 1)
    epochs = options.epochs or int(np.clip(3e7 / events, 4, 20 if sparse else 100))
    return Sizes(
        NetworkConfig(
            kind,  # type: ignore[arg-type]  # a folder's own word
            items,
            options.length or _length(logs, 200),
            options.width or 64,
            layers=2 if kind == "transformer" else 1,
            dropout=_dropout(options, 0.5 if sparse else 0.2),
        ),
        Recipe(
            negatives=0 if items <= MANY else NEGATIVES,
            again=logs.again,
            bf16=True,
            factorised=sparse,
        ),
        Schedule(
            epochs,
            options.learning_rate or 2e-3,
            0.01,
            ema_decay=0.99,
            seed=options.seed,
            patience=max(4, epochs // 8),
        ),
    )


def _towers(logs: Logs, options: NetworkFitOptions) -> Sizes:
    return Sizes(
        TowerConfig(
            len(logs.vocabulary),
            options.length or _length(logs, 100),
            options.width or 64,
            dropout=_dropout(options, 0.2),
        ),
        Recipe(again=logs.again, k=20 if logs.again else 10, bf16=True),
        Schedule(
            options.epochs or 8,
            options.learning_rate or 3e-3,
            0.01,
            warmup_epochs=0.3,
            ema_decay=0.99,
            seed=options.seed,
            patience=3,
        ),
    )


def _length(logs: Logs, most: int) -> int:
    """Return how many events nearly every history has, a multiple of 8."""
    lengths = logs.learned.lengths
    usual = int(np.quantile(lengths, 0.95)) if len(lengths) else 1
    return int(np.clip(8 * -(-usual // 8), 16, most))


def _dropout(options: NetworkFitOptions, usual: float) -> float:
    return options.dropout if options.dropout >= 0 else usual
