"""Log-odds by hand: an amount unlike the card's earlier ones, a terminal that had fraud before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepfield import Contributions, Explanation, Predictor
from deepfield.trust import trust_labels
from deepfield_fraud_detection.scored import known_fraud

BASE = -5.5


class RulePredictor(Predictor):
    @classmethod
    def load(cls, folder, device="auto"):
        return cls()

    def gather(self, rows, key, options):
        group = rows.groupby(key)
        if key == "terminal_id":
            before = (
                known_fraud(rows)
                .fillna(0.0)
                .groupby(rows[key])
                .transform(lambda each: each.shift(fill_value=0).rolling(20, min_periods=1).sum())
            )
            return pd.DataFrame({"earlier_frauds": before}, index=rows.index)
        mean = group["amount"].transform(lambda each: each.shift().expanding().mean())
        return pd.DataFrame({"usual": mean.fillna(rows["amount"])}, index=rows.index)

    def parts(self, rows):
        hour = pd.to_datetime(rows["time"], utc=True).dt.hour
        return pd.DataFrame(
            {
                "amount against the card's usual": 3.2 * np.log(rows["amount"] / rows["usual"]),
                "frauds at this terminal": 1.1 * np.minimum(rows["earlier_frauds"], 5),
                "amount": 0.004 * (rows["amount"] - 50),
                "hour of the day": np.where(hour < 6, 0.4, -0.1),
            },
            index=rows.index,
        )

    def predict(self, rows, options):
        parts = self.parts(rows)
        fraud = 1 / (1 + np.exp(-(BASE + parts.sum(axis=1))))
        at_risk = fraud * rows["amount"]
        decline = fraud >= options.decline_from
        review = at_risk > 2 * options.review_cost
        confidence = np.maximum(fraud, 1 - fraud)
        most = parts.idxmax(axis=1)
        return pd.DataFrame(
            {
                "fraud": fraud,
                "verdict": np.where(fraud >= 0.5, "fraud", "genuine"),
                "decision": np.where(decline, "decline", np.where(review, "review", "approve")),
                "at_risk": at_risk,
                "reasons": np.where(decline | review, most + " speaks for fraud", ""),
                "confidence": confidence,
                "trust": trust_labels(confidence, 0.7, rows["amount"] / 2000),
            },
            index=rows.index,
        )

    def explain(self, rows, options):
        parts = self.parts(rows)
        usual = rows["usual"]
        return [
            Explanation(
                f"{rows.at[row, 'amount'] / usual[row]:.1f} times the card's usual amount; "
                f"{rows.at[row, 'earlier_frauds']:.0f} frauds among the last 20 transactions here.",
                (Contributions({name: float(parts.at[row, name]) for name in parts}, BASE),),
            )
            for row in rows.index
        ]
