"""Models that count, in folders like any other: what each network is compared with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from safetensors.numpy import load_file, save_file

from deepfield.domain import Options
from deepfield.models import ModelFolder
from deepfield.predictor import Report
from deepfield_recommendations.baselines import (
    BuyAgain,
    ItemNeighbours,
    Markov,
    Popularity,
    Scorer,
)
from deepfield_recommendations.logs import read_logs
from deepfield_recommendations.recommender import Recommender
from deepfield_recommendations.sequences import Sequences

__all__ = ["SCORERS", "CountRecommender", "save_scorer"]

SCORERS: dict[str, type[Scorer]] = {
    "buy-again": BuyAgain,
    "item-neighbours": ItemNeighbours,
    "markov": Markov,
    "popularity": Popularity,
}


class CountFitOptions(Options):
    """Counting has nothing to set."""


class CountRecommender(Recommender):
    """What a ``Scorer`` learned, from its folder."""

    FitOptions = CountFitOptions

    def __init__(self, folder: ModelFolder, scorer: Scorer) -> None:
        super().__init__(folder)
        self.scorer = scorer

    @classmethod
    def load(cls, folder: ModelFolder, device: str = "auto") -> Self:
        kind = SCORERS[folder.config["scorer"]]
        scorer = kind(**folder.config["settings"]).restore(load_file(folder.weights))
        return cls(folder, scorer)

    def scores(self, histories: Sequences, now: np.ndarray) -> np.ndarray:
        return self.scorer.scores(histories)

    def likeness(self, codes: np.ndarray, others: np.ndarray | None = None) -> np.ndarray | None:
        return self.scorer.likeness(codes, others)

    @classmethod
    def fit(
        cls,
        training: pd.DataFrame,
        validation: pd.DataFrame,
        folder: Path,
        *,
        base: ModelFolder,
        options: Any,
        report: Report,
        device: str = "auto",
    ) -> None:
        from deepfield_recommendations.calibrating import keep_likelihood  # brings metrics

        logs = read_logs(training, validation)
        name = base.config["scorer"]
        scorer = SCORERS[name](**base.config["settings"]).fit(logs.learned, len(logs.vocabulary))
        report(0.9)
        save_scorer(name, scorer, folder, logs.again, logs.ends)
        logs.vocabulary.save(folder)
        keep_likelihood(logs, scorer.scores, folder, None if len(validation) else base)
        report(1.0)


def save_scorer(name: str, scorer: Scorer, folder: Path, again: bool, ends: int) -> None:
    """Write a fitted scorer as ``load`` reads it."""
    settings = {each: value for each, value in vars(scorer).items() if not each.endswith("_")}
    config = {"scorer": name, "settings": settings, "again": again, "ends": ends}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    tensors = {each: np.ascontiguousarray(value) for each, value in scorer.tensors().items()}
    save_file(tensors, folder / "model.safetensors")
