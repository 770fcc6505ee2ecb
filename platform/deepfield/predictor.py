"""A loaded model: what turns checked rows into results and explains them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import pandas as pd

from deepfield.explanation import Explanation
from deepfield.models import ModelFolder
from deepfield.table import Table

__all__ = ["Predictor"]


class Predictor(ABC):
    """Subclasses live in a module of their own, named by ``ModelSpec.predictor``.

    One predictor serves many callers at once: nothing may change after ``load``.
    """

    inputs: Table | None = None
    """The domain's inputs as this model reads them (pictures of one size, say), or None."""
    largest_batch: ClassVar[int] = 4096
    """No batch is larger. How large they really are, scoring finds out by measuring."""

    @classmethod
    @abstractmethod
    def load(cls, folder: ModelFolder, device: str = "auto") -> Self:
        """Read a model folder. ``device`` is ``auto``, ``cpu`` or ``cuda``."""

    @abstractmethod
    def predict(self, rows: pd.DataFrame, options: Any) -> pd.DataFrame:
        """Return the domain's outputs, ``confidence`` and ``trust`` for each checked row.

        The index of the result is that of ``rows``; how rows are cut into batches changes nothing.
        """

    @abstractmethod
    def explain(self, rows: pd.DataFrame, options: Any) -> list[Explanation]:
        """Return what carried each row's answer, in the order of ``rows``."""
