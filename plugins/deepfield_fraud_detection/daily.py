"""Scored transactions day by day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepfield_fraud_detection.scored import Scored

__all__ = ["by_day", "card_precision"]


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
