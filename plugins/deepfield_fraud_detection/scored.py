"""Scored transactions as arrays: what the figures of a run are computed from."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from deepfield.fields import Boolean

__all__ = ["ALERTS", "DECISIONS", "Overview", "Scored", "by_day", "card_precision", "known_fraud"]

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
        """Return the arrays of a frame of results; those of a file of text have times as text."""
        time = pd.to_datetime(frame["time"], utc=True, format="ISO8601")
        decision = frame["decision"]
        return cls(
            day=time.dt.tz_localize(None).to_numpy("datetime64[D]").astype("int64"),
            amount=frame["amount"].to_numpy(float),
            probability=frame["fraud"].to_numpy(float),
            at_risk=frame["at_risk"].to_numpy(float),
            alert=decision.isin(ALERTS).to_numpy(bool),
            declined=(decision == "decline").to_numpy(bool),
            card=pd.factorize(frame["card_id"])[0].astype("int64"),
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


def by_day(scored: Scored) -> pd.DataFrame:
    """Return one row a day: transactions, reviewed, declined, and the share of fraud.

    ``known`` is the share among transactions that are labelled, ``expected`` the mean probability.
    """
    days, place = np.unique(scored.day, return_inverse=True)

    def total(weights: np.ndarray) -> np.ndarray:
        return np.bincount(place, weights, minlength=len(days))

    count = total(np.ones(len(scored)))
    labelled = total(scored.known)
    with np.errstate(invalid="ignore"):
        known = total(np.nan_to_num(scored.fraud)) / labelled  # NaN for a day without labels
    return pd.DataFrame(
        {
            "day": days.astype("datetime64[D]").astype("datetime64[s]"),
            "transactions": count.astype(int),
            "review": total(scored.alert & ~scored.declined).astype(int),
            "decline": total(scored.declined).astype(int),
            "known": known,
            "expected": total(scored.probability) / count,
        }
    )


def card_precision(scored: Scored, k: int = 100) -> pd.DataFrame:
    """Return for each day the share of the ``k`` most suspicious cards that were compromised.

    A card ranks by its highest probability of the day; it was compromised if a transaction of that
    day was fraud; one that was found is not looked at again on later days. Transactions without a
    label are left out. The mean over the days is the card precision top-k of Le Borgne et al.,
    Reproducible Machine Learning for Credit Card Fraud Detection (2022).
    """
    kept = scored.only(scored.known)
    cards = (
        pd.DataFrame(
            {
                "day": kept.day,
                "card": kept.card,
                "probability": kept.probability,
                "fraud": kept.fraud,
            }
        )
        .groupby(["day", "card"], as_index=False)
        .max()
        .sort_values(["day", "probability"], ascending=[True, False], kind="stable")
    )
    found = np.zeros(int(scored.card.max(initial=-1)) + 1, dtype=bool)
    rows = []
    for day, part in cards.groupby("day"):
        left = part[~found[part["card"].to_numpy()]]
        top = left.head(k)
        caught = top.loc[top["fraud"] == 1, "card"].to_numpy()
        found[caught] = True
        rows.append((day, len(caught) / k, int(left["fraud"].sum())))
    days = pd.DataFrame(rows, columns=["day", "precision", "compromised"])
    days["day"] = days["day"].to_numpy("datetime64[D]").astype("datetime64[s]")
    return days
