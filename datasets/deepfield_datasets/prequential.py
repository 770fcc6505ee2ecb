"""How the Fraud Detection Handbook splits transactions: train on a week, wait, test on a week.

Between training and test lies the delay after which a fraud is known. Cards of which a fraud is
known on a day of the test are blocked by then: their transactions of that day do not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

__all__ = ["TEST_FOLDS", "VALIDATION_FOLDS", "Fold"]


@dataclass(frozen=True)
class Fold:
    """A week to train on, days in which labels arrive, and a week to test on.

    Both parts are masks over rows with ``time``, ``card_id`` and ``is_fraud``, so that features
    may be computed once, over all rows, before they are split.
    """

    start: date
    """The first day to train on."""
    days: int = 7
    """How long the training lasts, and the test."""
    delay: int = 7
    """How many days after its own a fraud is known."""

    def training(self, frame: pd.DataFrame) -> pd.Series:
        """Return a mask of the rows to train on."""
        return self._days(frame).between(0, self.days - 1)

    def test(self, frame: pd.DataFrame) -> pd.Series:
        """Return a mask of the rows to test on, without those of cards known as compromised.

        A card is known on a day if it had a fraud from the first day of training on, and more than
        ``delay`` days before.
        """
        days = self._days(frame)
        first = self.days + self.delay
        frauds = frame["is_fraud"] & (days >= 0)
        since = frame["card_id"].map(days[frauds].groupby(frame["card_id"][frauds]).min())
        known = days - since > self.delay  # false where a card has no fraud: NaN
        return days.between(first, first + self.days - 1) & ~known

    def _days(self, frame: pd.DataFrame) -> pd.Series:
        """Return how many days each row lies after the first day of training."""
        return (frame["time"] - pd.Timestamp(self.start, tz="UTC")).dt.days


VALIDATION_FOLDS = tuple(
    Fold(day) for day in (date(2018, 6, 20), date(2018, 6, 27), date(2018, 7, 4), date(2018, 7, 11))
)
"""Where parameters are chosen on the Handbook's file."""
TEST_FOLDS = tuple(
    Fold(day) for day in (date(2018, 7, 25), date(2018, 8, 1), date(2018, 8, 8), date(2018, 8, 15))
)
"""What figures on the Handbook's file are the mean of."""
