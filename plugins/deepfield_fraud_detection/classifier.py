"""Networks that learned from labels: ``mlp`` on windows, ``gru`` with sequences beside them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from deepfield.models import ModelFolder
from deepfield.neural.engines import Engine, open_engine
from deepfield.predictor import Report
from deepfield_fraud_detection.encoding import Columns
from deepfield_fraud_detection.fit_options import FraudFitOptions
from deepfield_fraud_detection.fraud_predictor import FraudPredictor
from deepfield_fraud_detection.reasons import themes_of

if TYPE_CHECKING:
    from deepfield_fraud_detection.network import TableNetwork

__all__ = ["FraudClassifier"]

ROWS_A_REQUEST = 1024
"""Rows of a table are small: enough of them to share what a call costs."""


class FraudClassifier(FraudPredictor):
    """A ``TableNetwork`` and an engine that runs it."""

    FitOptions = FraudFitOptions

    def __init__(self, folder: ModelFolder, engine: Engine) -> None:
        super().__init__(folder)
        self.engine = engine

    @classmethod
    def load(cls, folder: ModelFolder, device: str = "auto") -> Self:
        columns = Columns.from_json(folder.config["columns"])
        engine = open_engine(
            folder,
            lambda: build(folder),
            columns.example(folder.config["width"] - len(columns.names)),
            Path(__file__).with_name("network.py"),
            device,
            rows_a_request=ROWS_A_REQUEST,
        )
        return cls(folder, engine)

    def raw_odds(self, array: np.ndarray) -> np.ndarray:
        (odds,) = self.engine(array)
        return odds[:, 0].astype(np.float64)

    def raw_contributions(self, array: np.ndarray) -> tuple[list[str], np.ndarray, float]:
        from deepfield.neural.attribution import integrated_gradients

        themes, sums = themes_of(self.columns, self.reads_events)
        network = self._network
        parts, base = integrated_gradients(network.parts, network.head, array, network.usual)
        return themes, parts @ sums, base

    @classmethod
    def fit(
        cls,
        training: pd.DataFrame,
        validation: pd.DataFrame,
        folder: Path,
        *,
        base: ModelFolder,
        options: FraudFitOptions,
        report: Report,
        device: str = "auto",
    ) -> None:
        from deepfield_fraud_detection.training import fit_table

        histories = base.config["network"]["histories"]
        fit_table(training, validation, folder, histories, options, report, device)

    @cached_property
    def _network(self) -> TableNetwork:
        """Return the network in torch, which gradients need; two threads may each make one."""
        return build(self.folder)


def build(folder: ModelFolder) -> TableNetwork:
    """Return the network of a folder with its weights."""
    from deepfield.neural.weights import load_weights
    from deepfield_fraud_detection.network import NetworkConfig, TableNetwork

    config = folder.config["network"]
    network = TableNetwork(NetworkConfig(**{**config, "categories": tuple(config["categories"])}))
    load_weights(network, folder.weights)
    return network.eval().requires_grad_(False)
