"""Figures that a bank's investigators judge a model by."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd

__all__ = ["card_precision_at_k", "card_precisions"]


def card_precision_at_k(frame: pd.DataFrame, k: int = 100, score: str = "fraud") -> float:
    """Return the mean over days of :func:`card_precisions`."""
    return float(card_precisions(frame, k, score).mean())


def card_precisions(frame: pd.DataFrame, k: int = 100, score: str = "fraud") -> pd.Series:
    """Return for each day which share of the ``k`` cards looked into was compromised that day.

    ``frame`` has ``time``, ``card_id``, ``is_fraud`` and the ``score`` of each transaction. Every
    day the ``k`` cards with the highest score of any transaction are looked into; of equal ones
    those with the lower id. A card is compromised on a day if one of its transactions is fraud;
    once found it is blocked, and missing from later days. Days with fewer cards than ``k`` are
    divided by ``k`` too.

    Source: card precision top-k, Le Borgne et al., Fraud Detection Handbook (2022), chapter 4.
    """
    day = frame["time"].dt.floor("D").rename("day")
    cards = (
        frame.groupby([day, "card_id"], sort=True)
        .agg(score=(score, "max"), compromised=("is_fraud", "max"))
        .reset_index()
        .sort_values(["day", "score"], ascending=[True, False], kind="stable")
    )
    card = pd.factorize(cards["card_id"].to_numpy())[0]
    compromised = cards["compromised"].to_numpy(bool)
    blocked = np.zeros(card.max(initial=-1) + 1, dtype=bool)
    precisions: dict[Hashable, float] = {}
    for each, rows in cards.groupby("day").indices.items():
        places = np.asarray(rows)
        looked_into = places[~blocked[card[places]]][:k]
        found = looked_into[compromised[looked_into]]
        blocked[card[found]] = True
        precisions[each] = len(found) / k
    return pd.Series(precisions, name=f"card precision@{k}", dtype=float)
