"""How far a fit is, and a person's wish to end it."""

from __future__ import annotations

from dataclasses import dataclass, field

from deepfield.errors import DeepfieldError

__all__ = ["SHARES", "FitProgress", "Stopped"]

SHARES = {"reading": (0.0, 0.1), "fitting": (0.1, 0.9), "measuring": (0.9, 1.0)}
"""Of all the work, by stage."""


class Stopped(DeepfieldError):  # noqa: N818  (a person's wish is no error)
    """A person ended the fit."""


@dataclass(frozen=True)
class FitProgress:
    """How far a fit is."""

    stage: str
    """reading, fitting or measuring."""
    done: float
    """The share of all the work, 0 to 1."""
    seconds: float
    figures: dict[str, float] = field(default_factory=dict)
    """Those of the epoch that ended just now, if one did."""
