"""How far a fit is, and a person's wish to end it."""

from __future__ import annotations

from dataclasses import dataclass, field

from deepfield.errors import DeepfieldError

__all__ = ["AGAIN", "SHARES", "SHARES_OF_FILES", "SHARES_TWICE", "FitProgress", "Stopped"]

SHARES = {"reading": (0.0, 0.1), "fitting": (0.1, 0.9), "measuring": (0.9, 1.0)}
"""Of all the work, by stage."""
AGAIN = "learning from all"
"""The stage in which a model that was measured learns from the held-out rows too."""
SHARES_TWICE = {
    "reading": (0.0, 0.1),
    "fitting": (0.1, 0.5),
    "measuring": (0.5, 0.6),
    AGAIN: (0.6, 1.0),
}
"""The same of models that learn twice: see ``Predictor.learns_from_all``."""
SHARES_OF_FILES = {"reading": (0.0, 0.05), "fitting": (0.05, 0.95), "checking": (0.95, 1.0)}
"""The same of models that learn from files, where nothing is measured: its samples are answered."""


class Stopped(DeepfieldError):  # noqa: N818  (a person's wish is no error)
    """A person ended the fit."""


@dataclass(frozen=True)
class FitProgress:
    """How far a fit is."""

    stage: str
    """reading, fitting, measuring or checking, or learning from all."""
    done: float
    """The share of all the work, 0 to 1."""
    seconds: float
    figures: dict[str, float] = field(default_factory=dict)
    """Those of the epoch that ended just now, if one did."""
