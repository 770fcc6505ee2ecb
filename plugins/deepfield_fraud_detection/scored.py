"""Scored transactions as arrays: what the figures of a run are computed from."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from deepfield.fields import Boolean

__all__ = [
    "ALERTS",
    "DECISIONS",
    "Overview",
    "Scored",
    "amounts",
    "known_fraud",
]

DECISIONS = ("approve", "review", "decline")
ALERTS = ("review", "decline")
"""The decisions that a person hears of."""


@dataclass(frozen=True)
class Scored:
    """One entry a transaction in each array."""

    day: np.ndarray
    """int64: days since 1970, in UTC."""
    amount: np.ndarray
    """EUR."""
    probability: np.ndarray
    """Of fraud, calibrated."""
    at_risk: np.ndarray
    """EUR."""
    alert: np.ndarray
    declined: np.ndarray
    card: np.ndarray
    """int64: the same number for the same card."""
    fraud: np.ndarray
    """1.0 or 0.0 where it is known, NaN where not."""

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Scored:
        """Return the arrays of a frame of results.

        A model that was fitted to a person's own table may know neither times, amounts nor cards:
        all is then of one day, worth what its money at risk says, and of one card.
        """
        decision = frame["decision"]
        return cls(
            day=_days(frame),
            amount=amounts(frame).to_numpy(float),
            probability=frame["fraud"].to_numpy(float),
            at_risk=frame["at_risk"].to_numpy(float),
            alert=decision.isin(ALERTS).to_numpy(bool),
            declined=(decision == "decline").to_numpy(bool),
            card=pd.factorize(frame["card_id"] if "card_id" in frame else decision.isna())[0],
            fraud=known_fraud(frame).to_numpy(float),
        )

    def __len__(self) -> int:
        return len(self.amount)

    def only(self, mask: np.ndarray) -> Scored:
        """Return those of the transactions."""
        return Scored(**{each.name: getattr(self, each.name)[mask] for each in fields(self)})

    @property
    def known(self) -> np.ndarray:
        """Return where it is known whether it was fraud."""
        return ~np.isnan(self.fraud)

    @property
    def days(self) -> int:
        """Return the days from the first transaction to the last, both counted."""
        return int(np.ptp(self.day)) + 1 if len(self) else 0


def amounts(frame: pd.DataFrame) -> pd.Series:
    """Return what each transaction is worth, in EUR: its amount, or what money at risk implies."""
    if "amount" in frame.columns:
        return frame["amount"]
    return (frame["at_risk"] / frame["fraud"]).where(frame["fraud"] > 0, 0.0)


def _days(frame: pd.DataFrame) -> np.ndarray:
    if "time" not in frame.columns:
        return np.zeros(len(frame), dtype="int64")
    # Results that are read back from a file of text have times as text.
    time = pd.to_datetime(frame["time"], utc=True, format="ISO8601")
    return time.dt.tz_localize(None).to_numpy("datetime64[D]").astype("int64")


def known_fraud(frame: pd.DataFrame) -> pd.Series:
    """Return 1.0 for fraud, 0.0 for none, NaN where it is not known or the column is missing."""
    if "is_fraud" not in frame.columns:
        return pd.Series(np.nan, frame.index)
    column = frame["is_fraud"]
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype("Float64").astype(float)
    words = column.astype("string").str.lower().map(Boolean.words)
    return words.astype("Float64").astype(float)


@dataclass(frozen=True)
class Overview:
    """What came of a run, in a few numbers. Amounts are in EUR."""

    transactions: int
    alerts: int
    declined: int
    at_risk: float
    """Among alerts."""
    cards: int
    """With at least one alert."""
    labelled: int
    """Transactions of which it is known whether they were fraud; what follows is of these."""
    frauds: int
    fraud_amount: float
    caught: int
    caught_amount: float
    labelled_alerts: int

    @classmethod
    def of(cls, scored: Scored) -> Overview:
        fraud = scored.fraud == 1
        caught = fraud & scored.alert
        return cls(
            transactions=len(scored),
            alerts=int(scored.alert.sum()),
            declined=int(scored.declined.sum()),
            at_risk=float(scored.at_risk[scored.alert].sum()),
            cards=len(np.unique(scored.card[scored.alert])),
            labelled=int(scored.known.sum()),
            frauds=int(fraud.sum()),
            fraud_amount=float(scored.amount[fraud].sum()),
            caught=int(caught.sum()),
            caught_amount=float(scored.amount[caught].sum()),
            labelled_alerts=int((scored.known & scored.alert).sum()),
        )
