"""What a fit is to do, and what came of it before it is put in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from deepfield.evaluation.ranking.result import RankingEvaluation
from deepfield.evaluation.result import Evaluation
from deepfield.evaluation.survey import Survey
from deepfield.fits import Fit
from deepfield.labelled import Labelled
from deepfield.loading import Model
from deepfield.table import Rejected, Table

__all__ = ["FitTask", "Made", "Say"]


class Say(Protocol):
    """How a fit tells how far it is; it raises when a person wants the fit to stop."""

    def __call__(self, stage: str, done: float, figures: Mapping[str, float] | None = None) -> None:
        """Take a stage and the share of it that is done, and after each epoch its figures."""


@dataclass(frozen=True)
class FitTask:
    """What a fit is to do, checked as far as can be before rows are read."""

    name: str
    """Of the model to make."""
    base: Model
    options: BaseModel
    inputs: Table
    """What the model that is made reads."""
    take_rows: Callable[[], Labelled]
    """Gives the rows as the source had them, once: whoever takes them lets them go when he can."""
    request: Mapping[str, Any]
    """What was asked for, enough to do it again."""
    fit: Fit
    folder: Path
    """Where the model is to be written; its parent is there while the fit runs."""
    device: str
    say: Say


@dataclass(frozen=True)
class Made:
    """What came of a fit."""

    evaluation: Evaluation | RankingEvaluation | Survey
    sizes: dict[str, int]
    """Rows to learn from, to choose by and to measure on."""
    rejected: Sequence[Rejected]
    duplicates: int = 0
