"""What came of comparing lists with what was taken next, and its way to JSON and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from deepfield.evaluation.resampling import Figure
from deepfield.evaluation.result import read_figures, without_nan

__all__ = ["RankingEvaluation"]

FRAMES = ("by_length", "calibration", "rejected")


@dataclass(frozen=True)
class RankingEvaluation:
    """How good lists are, beside those of the simplest baselines."""

    domain: str
    model: str
    model_hash: str
    source: str
    rows: int
    """Of the whole log."""
    groups: int
    """Whose last moment was hidden and compared with a list."""
    key: str
    """What a group shares: the name of the input."""
    of: str
    """What is ranked: the name of the input."""
    k: int
    """The longest list; all figures are of lists up to there."""
    figures: list[Figure]
    """The model's, and with the name of a baseline as ``of`` those of the baselines."""
    leads: list[Figure]
    """The model's figure less that of the baseline ``of``, group by group."""
    by_length: pd.DataFrame
    """of, length, hit, recall: of the first places of each list alone."""
    calibration: pd.DataFrame | None
    """By an item's probability, in tenths: from, to, confidence, accuracy, rows."""
    trust: dict[str, float]
    """The share of ok, unsure and unfamiliar lists."""
    data: dict[str, Any]
    """The log: groups, items, moments, first, last, repeats; and how many rows were hidden."""
    rejected: pd.DataFrame
    """Rows set aside: row, source, reason."""
    notes: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    """Those of the domain that were not as they are by default."""

    def figure(self, name: str, of: str = "") -> Figure:
        """Return a figure by its name, of the model or of a baseline."""
        return next(each for each in self.figures if (each.name, each.of) == (name, of))

    def lead(self, name: str, of: str) -> Figure:
        """Return how far the model is ahead of a baseline."""
        return next(each for each in self.leads if (each.name, each.of) == (name, of))

    def table(self) -> pd.DataFrame:
        """Return the figures as a table: figure, of, value, low, high, and the model's lead."""
        columns = ["figure", "of", "value", "low", "high"]
        figures = [(each.name, each.of, each.value, each.low, each.high) for each in self.figures]
        leads = [(each.name, each.of, each.value, each.low, each.high) for each in self.leads]
        ahead = ["figure", "of", "lead", "lead_low", "lead_high"]
        return pd.DataFrame(figures, columns=columns).merge(
            pd.DataFrame(leads, columns=ahead), how="left", on=["figure", "of"]
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RankingEvaluation:
        """Return what ``to_json`` wrote down."""
        read: dict[str, Any] = {
            name: None if values[name] is None else pd.DataFrame(values[name]) for name in FRAMES
        }
        read |= {name: read_figures(values[name]) for name in ("figures", "leads")}
        return cls(**{**values, **read})

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers, lists and text; what cannot be told is null."""
        plain = {
            **vars(self),
            "figures": [vars(each) for each in self.figures],
            "leads": [vars(each) for each in self.leads],
        }
        for name in FRAMES:
            frame = getattr(self, name)
            plain[name] = None if frame is None else json.loads(frame.to_json(orient="records"))
        return without_nan(plain)
