"""What came of comparing lines with those that are in pictures, and its way to JSON and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from deepfield.evaluation.resampling import Figure
from deepfield.evaluation.result import read_figures, without_nan

__all__ = ["Drawing", "PolylineEvaluation"]

FRAMES = ("by_number", "sweep", "calibration", "pictures", "rejected")


@dataclass(frozen=True)
class Drawing:
    """One picture with what is in it and what was drawn over it."""

    title: str
    jpeg: bytes


@dataclass(frozen=True)
class PolylineEvaluation:
    """How good the lines are that a model draws over pictures."""

    domain: str
    model: str
    model_hash: str
    source: str
    rows: int
    """Pictures that were measured on."""
    labelled: int
    """Lines that are in them."""
    drawn: int
    """Lines that the model drew."""
    figures: list[Figure]
    by_number: pd.DataFrame
    """lines, pictures, accuracy, f1 …: of pictures with so many labelled lines."""
    sweep: pd.DataFrame
    """threshold, accuracy, f1 …: of the lines alone that are at least so sure."""
    calibration: pd.DataFrame | None
    """By a line's confidence, in tenths: from, to, confidence, accuracy (share that is right),
    rows."""
    pictures: pd.DataFrame
    """row, source, labelled, drawn, accuracy, false_positives, false_negatives, run_time_ms; the
    worst first."""
    trust: dict[str, float]
    """The share of ok, unsure and unfamiliar pictures."""
    run_time_ms: float
    """The median for one picture at a time, without reading it."""
    rejected: pd.DataFrame
    """Rows set aside: row, source, reason."""
    notes: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    """Those of the domain and its formats that were not as they are by default."""
    by_group: bool = False
    """Whether the intervals draw whole groups."""
    drawings: tuple[Drawing, ...] = ()
    """The worst pictures. They stay out of JSON."""

    def figure(self, name: str) -> Figure:
        """Return a figure by its name."""
        return next(each for each in self.figures if each.name == name)

    def table(self) -> pd.DataFrame:
        """Return the figures as a table: figure, value, low, high."""
        return pd.DataFrame(
            [(each.name, each.value, each.low, each.high) for each in self.figures],
            columns=["figure", "value", "low", "high"],
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> PolylineEvaluation:
        """Return what ``to_json`` wrote down."""
        frames = {
            name: None if values[name] is None else pd.DataFrame(values[name]) for name in FRAMES
        }
        return cls(**{**values, **frames, "figures": read_figures(values["figures"])})

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers, lists and text; what cannot be told is null."""
        plain = {**vars(self), "figures": [vars(each) for each in self.figures]}
        del plain["drawings"]
        for name in FRAMES:
            frame = getattr(self, name)
            plain[name] = None if frame is None else json.loads(frame.to_json(orient="records"))
        return without_nan(plain)
