"""A model that needs no labels: what is unlike the other rows, and in which columns."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from deepfield.models import ModelFolder
from deepfield.neural.engines import Engine, open_engine
from deepfield.predictor import Report
from deepfield_fraud_detection.encoding import Columns
from deepfield_fraud_detection.fit_options import UnusualFitOptions
from deepfield_fraud_detection.fraud_predictor import FraudPredictor
from deepfield_fraud_detection.reasons import themes_of

__all__ = ["UnusualRows"]

ROWS_A_REQUEST = 2048


class UnusualRows(FraudPredictor):
    """An ``Autoencoder``; its log-odds are the surprise at a row, -log of how many are as unusual.

    Without labels, as many rows as a person expects are taken for fraud, the most unusual ones: of
    the share u of rows at least as unusual, share / (share + u) are. With labels the surprise is
    calibrated on them like any other score.
    """

    FitOptions = UnusualFitOptions
    needs_labels: ClassVar[bool] = False

    def __init__(self, folder: ModelFolder, engine: Engine) -> None:
        super().__init__(folder)
        self.engine = engine
        self.scores = np.array(folder.config["scores"])
        self.surprise = np.array(folder.config["surprise"])

    @classmethod
    def load(cls, folder: ModelFolder, device: str = "auto") -> Self:
        def build():
            from deepfield_fraud_detection.unusual_training import build as made

            return made(folder)

        engine = open_engine(
            folder,
            build,
            Columns.from_json(folder.config["columns"]).example(),
            Path(__file__).with_name("reconstruction.py"),
            device,
            rows_a_request=ROWS_A_REQUEST,
        )
        return cls(folder, engine)

    def raw_odds(self, array: np.ndarray) -> np.ndarray:
        return surprise_at(self._errors(array).mean(axis=1), self.scores, self.surprise)

    def raw_contributions(self, array: np.ndarray) -> tuple[list[str], np.ndarray, float]:
        """Share the surprise out by each column's part of the error, which is exact."""
        themes, sums = themes_of(self.columns)
        errors = self._errors(array)
        total = errors.sum(axis=1, keepdims=True)
        shares = np.divide(errors, total, out=np.zeros_like(errors), where=total > 0)
        odds = surprise_at(errors.mean(axis=1), self.scores, self.surprise)
        return themes, (shares * odds[:, None]) @ sums, 0.0

    @classmethod
    def fit(
        cls,
        training: pd.DataFrame,
        validation: pd.DataFrame,
        folder: Path,
        *,
        base: ModelFolder,
        options: UnusualFitOptions,
        report: Report,
        device: str = "auto",
    ) -> None:
        from deepfield_fraud_detection.unusual_training import fit_unusual

        fit_unusual(training, validation, folder, options, report, device)

    def _errors(self, array: np.ndarray) -> np.ndarray:
        """Return how unusual each column of each row is, (n, columns) float64."""
        (errors,) = self.engine(array)
        return errors.astype(np.float64)


def surprise_at(score: np.ndarray, scores: np.ndarray, surprise: np.ndarray) -> np.ndarray:
    """Return -log of the share of rows of at least this score, going on straight past the last."""
    inside = np.interp(score, scores, surprise)
    slope = (surprise[-1] - surprise[-3]) / max(scores[-1] - scores[-3], 1e-9)
    beyond = surprise[-1] + np.minimum(slope * (score - scores[-1]), 20.0)
    return np.where(score > scores[-1], beyond, inside)
