"""What every model of fraud shares: gathering, decisions, reasons; it asks for log-odds alone."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from deepfield.explanation import Contributions, Explanation
from deepfield.frames import column_names, framed
from deepfield.models import ModelFolder
from deepfield.predictor import Predictor
from deepfield.table import Table
from deepfield.trust import Calibration, trust_labels
from deepfield_fraud_detection import VERDICTS, FraudOptions
from deepfield_fraud_detection.decisions import by_budget, by_cost
from deepfield_fraud_detection.encoding import Columns
from deepfield_fraud_detection.features import EVENT_COLUMNS, by_card, by_terminal
from deepfield_fraud_detection.guard import RangeGuard
from deepfield_fraud_detection.own_tables import inputs_of, read_inputs
from deepfield_fraud_detection.reasons import sentences

__all__ = ["FraudPredictor"]


LOOKED_AT = {
    "card_id": ("amount", "is_fraud"),
    "terminal_id": ("is_fraud", "card_stands_out"),
}
"""What is gathered from, beside the keys and the time."""


class FraudPredictor(Predictor):
    """A model folder with columns, calibration and guard."""

    largest_batch = 65_536

    def __init__(self, folder: ModelFolder) -> None:
        self.folder = folder
        self.inputs = read_inputs(folder.config["inputs"])
        self.columns = Columns.from_json(folder.config["columns"])
        self.calibration = Calibration.load(folder.file("calibration.json"))
        self.guard = RangeGuard.load(folder.file("guard.json"))
        self.reads_events = bool(folder.config.get("network", {}).get("histories"))

    @abstractmethod
    def raw_odds(self, array: np.ndarray) -> np.ndarray:
        """Return log-odds before calibration, (n, columns + events) float32 -> (n,)."""

    @abstractmethod
    def raw_contributions(self, array: np.ndarray) -> tuple[list[str], np.ndarray, float]:
        """Return themes, what each added to the log-odds (n, themes), and where they start."""

    def gathers_from(self, key: str) -> tuple[str, ...]:
        return LOOKED_AT[key]

    def gather(self, rows: pd.DataFrame, key: str, options: FraudOptions) -> pd.DataFrame:
        by = by_card if key == "card_id" else by_terminal
        return by(rows, options.label_delay_days, self.reads_events)

    def predict(self, rows: pd.DataFrame, options: FraudOptions) -> pd.DataFrame:
        array = self._encoded(rows)
        probability = self._probability(array)
        if "amount" in rows:
            amount = rows["amount"].to_numpy(dtype=np.float64)
        else:  # a table without amounts: what a fraud costs is the same for all
            amount = np.full(len(rows), options.usual_amount)
        decision = by_cost(probability, amount, options)
        confidence = np.maximum(probability, 1 - probability)
        foreign = self.guard.score(array, self.columns, rows)
        return framed(
            {
                "fraud": probability,
                "verdict": np.array(VERDICTS, dtype=object)[(probability >= 0.5).astype(int)],
                "decision": decision,
                "at_risk": probability * amount,
                "reasons": self._reasons(rows, array, decision, options),
                "confidence": confidence,
                "trust": trust_labels(confidence, 1 - options.max_error, foreign),
            },
            rows.index,
        )

    def period(self, options: FraudOptions) -> str | None:
        timed = self.inputs is None or self.inputs.order_by
        return "day" if options.cards_a_day and timed else None

    def settle(
        self, rows: pd.DataFrame, results: pd.DataFrame, options: FraudOptions
    ) -> pd.DataFrame:
        cards = rows["card_id"] if "card_id" in rows else pd.Series(rows.index, rows.index)
        decision = by_budget(cards, results["at_risk"], results["decision"], options)
        return results.assign(decision=decision)

    def explain(self, rows: pd.DataFrame, options: FraudOptions) -> list[Explanation]:
        array = self._encoded(rows)
        themes, added, base = self._contributions(array)
        said = sentences(rows, themes, added)
        return [
            Explanation(
                f"Fraud with a probability of {chance:.1%}. {words}.",
                (Contributions(dict(zip(themes, map(float, parts), strict=True)), base),),
            )
            for chance, words, parts in zip(self._probability(array), said, added, strict=True)
        ]

    @classmethod
    def fit_inputs(cls, inputs: Table, options: Any, sample: pd.DataFrame | None = None) -> Table:
        return inputs if sample is None else inputs_of(inputs, sample)

    def _encoded(self, rows: pd.DataFrame) -> np.ndarray:
        """Return what the network reads, (n, columns + events) float32."""
        array = self.columns.encode(rows)
        if not self.reads_events:
            return array
        events = rows[column_names(EVENT_COLUMNS)].to_numpy(dtype=np.float32)
        return np.concatenate([array, events], axis=1)

    def _probability(self, array: np.ndarray) -> np.ndarray:
        odds = self.raw_odds(array)
        return expit(odds / self.calibration.temperature + self.calibration.biases[1])

    def _contributions(self, array: np.ndarray) -> tuple[list[str], np.ndarray, float]:
        """Return themes, what each added to the calibrated log-odds (n, themes), and the base."""
        themes, added, base = self.raw_contributions(array)
        scale = 1 / self.calibration.temperature
        return themes, added * scale, base * scale + self.calibration.biases[1]

    def _reasons(
        self, rows: pd.DataFrame, array: np.ndarray, decision: np.ndarray, options: FraudOptions
    ) -> np.ndarray:
        found = np.full(len(rows), "", dtype=object)
        asked = {"all": np.ones(len(rows), bool), "none": np.zeros(len(rows), bool)}
        which = np.flatnonzero(asked.get(options.reasons, decision != "approve"))
        if len(which):
            themes, added, _ = self._contributions(array[which])
            found[which] = sentences(rows.iloc[which], themes, added)
        return found
