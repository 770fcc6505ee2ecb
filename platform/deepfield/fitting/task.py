"""What a fit is to do, and what came of it before it is put in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from deepfield.evaluation.inventory import Inventory
from deepfield.evaluation.ranking.result import RankingEvaluation
from deepfield.evaluation.result import Evaluation
from deepfield.evaluation.survey import Survey
from deepfield.fits import Fit
from deepfield.fitting.files import Files
from deepfield.labelled import Labelled
from deepfield.loading import Model
from deepfield.models import ModelFolder
from deepfield.table import Rejected, Table

__all__ = ["FilesTask", "FitTask", "Fitted", "Made", "Say", "Task"]


class Say(Protocol):
    """How a fit tells how far it is; it raises when a person wants the fit to stop."""

    def __call__(self, stage: str, done: float, figures: Mapping[str, float] | None = None) -> None:
        """Take a stage and the share of it that is done, and after each epoch its figures."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What any fit is to do, checked as far as can be before anything is read."""

    name: str
    """Of the model to make."""
    base: Model
    options: BaseModel
    request: Mapping[str, Any]
    """What was asked for, enough to do it again."""
    fit: Fit
    folder: Path
    """Where the model is to be written; its parent is there while the fit runs."""
    device: str
    say: Say


@dataclass(frozen=True, kw_only=True)
class FitTask(Task):
    """What a fit to rows is to do."""

    inputs: Table
    """What the model that is made reads."""
    take_rows: Callable[[], Labelled]
    """Gives the rows as the source had them, once: whoever takes them lets them go when he can."""


@dataclass(frozen=True, kw_only=True)
class FilesTask(Task):
    """What a fit to files is to do."""

    files: Files
    before: ModelFolder | None
    """The model to change."""
    without: Sequence[str] = ()
    """Files of it that are to go."""


@dataclass(frozen=True)
class Made:
    """What came of a fit."""

    evaluation: Evaluation | RankingEvaluation | Survey | Inventory
    sizes: dict[str, int]
    """Rows to learn from, to choose by and to measure on; of files nothing."""
    rejected: Sequence[Rejected]
    duplicates: int = 0


@dataclass(frozen=True)
class Fitted:
    """What came of a fit."""

    name: str
    folder: ModelFolder
    evaluation: Evaluation | RankingEvaluation | Survey | Inventory
    """On the held-out part, which the fit never saw; a survey if no truth of it is known. Of a
    model that learns from all, it is what was true before it learned from that part too. Of one
    that learned from documents, of which none is held out, it says what was read."""
    sizes: dict[str, int]
    """Rows to learn from, to choose by and to measure on; empty where there are documents."""
    duplicates: int
    rejected: int
    fit: Fit
