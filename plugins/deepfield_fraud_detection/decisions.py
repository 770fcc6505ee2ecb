"""From probabilities to decisions: by what each costs, or by how many cards can be looked at."""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepfield_fraud_detection import DECISIONS, FraudOptions

__all__ = ["by_budget", "by_cost"]


def by_cost(probability: np.ndarray, amount: np.ndarray, options: FraudOptions) -> np.ndarray:
    """Return the decision of least expected cost for each row, as text.

    Approving loses the amount if it is fraud; a review costs what it costs and finds out;
    declining loses the customer if it is not.

    Args:
        probability: (n,) calibrated.
        amount: (n,) EUR.
    """
    costs = np.stack(
        [
            probability * amount,
            np.full(len(amount), options.review_cost),
            (1 - probability) * options.false_alarm_cost,
        ]
    )
    return np.array(DECISIONS, dtype=object)[costs.argmin(axis=0)]


def by_budget(
    cards: pd.Series, at_risk: pd.Series, decision: pd.Series, options: FraudOptions
) -> pd.Series:
    """Return the decisions of one day when only so many cards can be reviewed.

    The cards with most at risk in one transaction are taken; of each its riskiest transaction is
    reviewed, and every other that would be worth its review. What is declined stays declined, and
    a card that is declined needs no review.

    Args:
        cards: which card each row is of.
        at_risk: EUR.
        decision: by cost.
    """
    open_rows = decision != "decline"
    risk = at_risk[open_rows]
    riskiest = risk.groupby(cards[open_rows]).max()
    # By falling risk, then by name, so that equal risks are always cut the same way.
    order = riskiest.rename_axis("card").reset_index(name="risk")
    order = order.sort_values(["risk", "card"], ascending=[False, True])
    chosen = set(order["card"].head(options.cards_a_day))
    of_chosen = cards[open_rows].isin(chosen)
    worth = (risk == cards[open_rows].map(riskiest)) | (risk > options.review_cost)
    settled = decision.copy()
    settled[open_rows] = np.where(of_chosen & worth, "review", "approve")
    return settled
