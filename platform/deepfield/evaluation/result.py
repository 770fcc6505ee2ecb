"""What came of an evaluation, and its way to JSON and back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from deepfield.evaluation.resampling import Figure

__all__ = ["Evaluation", "read_figures", "without_nan"]

FRAMES = ("calibration", "risk_coverage", "roc", "precision_recall", "rejected")


@dataclass(frozen=True)
class Evaluation:
    """What came of an evaluation: numbers, and the curves that plots are drawn from."""

    domain: str
    model: str
    model_hash: str
    source: str
    rows: int
    counts: dict[str, int]
    """Rows of each class, by truth."""
    figures: list[Figure]
    confusion: pd.DataFrame
    """Rows by truth (down) and by what they were called (across)."""
    calibration: pd.DataFrame
    """By confidence, in tenths: from, to, confidence, accuracy, rows."""
    risk_coverage: pd.DataFrame
    """coverage, risk, confidence: the error rate of the rows that are at least so confident."""
    roc: pd.DataFrame | None
    """false_positive_rate, true_positive_rate; of two classes with probabilities alone."""
    trust: dict[str, float]
    """The share of ok, unsure and unfamiliar rows."""
    rejected: pd.DataFrame
    """Rows set aside: row, source, reason."""
    notes: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    """Those of the domain and its formats that were not as they are by default."""
    mapping: dict[str, str] = field(default_factory=dict)
    """What labels of the source were taken for."""
    by_group: bool = False
    """Whether the intervals draw whole groups."""
    precision_recall: pd.DataFrame | None = None
    """recall, precision, threshold; of two classes with probabilities alone."""

    @property
    def classes(self) -> list[str]:
        return list(self.confusion.index)

    def figure(self, name: str, of: str = "") -> Figure:
        """Return a figure by its name, of one class or of all."""
        return next(each for each in self.figures if (each.name, each.of) == (name, of))

    def table(self) -> pd.DataFrame:
        """Return the figures as a table: figure, class, value, low, high."""
        return pd.DataFrame(
            [(each.name, each.of, each.value, each.low, each.high) for each in self.figures],
            columns=["figure", "class", "value", "low", "high"],
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Evaluation:
        """Return what ``to_json`` wrote down."""
        figures = read_figures(values["figures"])
        classes = values["confusion"]["classes"]
        matrix = pd.DataFrame(values["confusion"]["rows"], classes, classes)
        frames = {
            name: None if values.get(name) is None else pd.DataFrame(values[name])
            for name in FRAMES
        }
        confusion = matrix.rename_axis(index="truth", columns="called")
        return cls(**{**values, **frames, "figures": figures, "confusion": confusion})

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers, lists and text; what cannot be told is null."""
        plain = {
            **vars(self),
            "figures": [vars(each) for each in self.figures],
            "confusion": {"classes": self.classes, "rows": self.confusion.to_numpy().tolist()},
        }
        for name in FRAMES:
            frame = getattr(self, name)
            plain[name] = None if frame is None else json.loads(frame.to_json(orient="records"))
        return without_nan(plain)


def read_figures(values: Iterable[Mapping[str, Any]]) -> list[Figure]:
    """Return figures as JSON holds them."""
    return [
        Figure(
            each["name"],
            _number(each["value"]),
            _number(each["low"]),
            _number(each["high"]),
            each["of"],
        )
        for each in values
    ]


def without_nan(value: Any) -> Any:
    """Return plain values, null in the place of what is no number: JSON has none."""
    if isinstance(value, dict):
        return {key: without_nan(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: float | None) -> float:
    return math.nan if value is None else value
