"""Which rows lie outside what a model was trained on: amounts, dates, currencies, values."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from deepfield.errors import InputError
from deepfield_fraud_detection.encoding import Columns

__all__ = ["RangeGuard"]

ROOM = 0.25
"""How far beyond the trained range is still familiar, as a share of it."""
FEW_VALUES = 100
"""A column of more values than this meets new ones every day: they are no sign of anything."""


@dataclass(frozen=True)
class RangeGuard:
    """The trained range of each number, and the values of columns that have few.

    A range says what a person can check: "the amount is beyond what it was trained on". The least
    and the greatest of the training rows are its ends, but for one in 100,000 at either side.
    """

    low: dict[str, float]
    high: dict[str, float]
    values: dict[str, list[str]]
    currency: str | None = None
    """The one currency of the training rows; rows that name another are foreign."""
    first: str | None = None
    last: str | None = None
    """The dates of the training rows where they matter, ISO 8601."""

    @classmethod
    def fit(
        cls,
        array: np.ndarray,
        columns: Columns,
        currency: str | None = None,
        first: str | None = None,
        last: str | None = None,
    ) -> RangeGuard:
        """Take the ranges from encoded training rows, (n, columns)."""
        low, high = {}, {}
        for place, name in enumerate(columns.numbers):
            there = array[np.isfinite(array[:, place]), place].astype(np.float64)
            if len(there):
                ends = np.quantile(there, [1e-5, 1 - 1e-5])
                low[name], high[name] = float(ends[0]), float(ends[1])
        known = {
            name: list(each)
            for name, each in columns.categories.items()
            if 0 < len(each) <= FEW_VALUES
        }
        return cls(low, high, known, currency, first, last)

    def score(self, array: np.ndarray, columns: Columns, rows: pd.DataFrame) -> np.ndarray:
        """Return how foreign each row is, (n,): over 1 is unfamiliar."""
        foreign = np.zeros(len(array))
        ranged = [(place, name) for place, name in enumerate(columns.numbers) if name in self.low]
        if ranged:
            places = [place for place, _ in ranged]
            ends = np.array([(self.low[name], self.high[name]) for _, name in ranged])
            room = (ROOM * (ends[:, 1] - ends[:, 0]) + 1e-6).astype(array.dtype)
            low, high = ends.T.astype(array.dtype)
            value = np.nan_to_num(array[:, places], nan=low)
            beyond = np.maximum(low - value, value - high) / room
            foreign = np.maximum(foreign, beyond.max(axis=1))
        for place, name in enumerate(columns.categories, start=len(columns.numbers)):
            if name in self.values:
                unseen = (array[:, place] == 0) & rows[name].notna().to_numpy()
                foreign = np.where(unseen, np.maximum(foreign, 2.0), foreign)
        if self.currency is not None and "currency" in rows:
            other = rows["currency"].notna() & (rows["currency"] != self.currency)
            if other.any():
                other &= rows["currency"].str.upper() != self.currency
            foreign = np.where(other.to_numpy(dtype=bool), np.maximum(foreign, 2.0), foreign)
        if self.first is not None and self.last is not None and "time" in rows:
            first, last = pd.Timestamp(self.first), pd.Timestamp(self.last)
            # Models are fitted anew within a year.
            around = max(last - first, pd.Timedelta(days=366))
            outside = (rows["time"] < first - around) | (rows["time"] > last + around)
            foreign = np.where(outside.to_numpy(dtype=bool), np.maximum(foreign, 2.0), foreign)
        return foreign

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> RangeGuard:
        try:
            return cls(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"The guard {str(file)!r} cannot be read: {error}") from error
