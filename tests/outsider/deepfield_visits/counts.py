"""How often, and for how much: what the earlier visits say, and one linear layer over it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from safetensors.numpy import load_file

from deepfield import Contributions, Explanation, Predictor

FEATURES = ("spend", "shop_visits", "shop_spend", "person_visits", "person_spend", "person_crowd")


class CountsPredictor(Predictor):
    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.weights = weights

    @classmethod
    def load(cls, folder, device="auto"):
        return cls(load_file(folder.weights))

    def gather(self, rows, key, options):
        # The rows of each group come together and in order; what counts is before each row.
        groups = rows.groupby(key, sort=False)
        visits = groups.cumcount()

        def mean_before(column):
            total = groups[column].cumsum() - rows[column]
            return (total / visits.where(visits > 0)).fillna(0.0)

        found = {f"{key}_visits": visits, f"{key}_spend": mean_before("spend")}
        if key == "person":  # gathered last, so it sees what was gathered by shop
            found["person_crowd"] = mean_before("shop_visits")
        return pd.DataFrame(found, index=rows.index)

    def predict(self, rows, options):
        parts = self._parts(rows)  # (n, features)
        returns = 1 / (1 + np.exp(-(parts.sum(axis=1) + self.weights["bias"])))
        return pd.DataFrame(
            {
                "returns": returns,
                "action": np.where(returns < 0.5, "letter", "none"),
                "confidence": np.maximum(returns, 1 - returns),
                "trust": np.where(rows["spend"] < 10_000, "ok", "unfamiliar"),
            },
            index=rows.index,
        )

    def period(self, options):
        return "day" if options.letters_a_day else None

    def settle(self, rows, results, options):
        # All rows of one day: write to those of whom a letter may make the most.
        chosen = results["returns"].nsmallest(options.letters_a_day).index
        letter = (results["action"] == "letter") & results.index.isin(chosen)
        return results.assign(action=np.where(letter, "letter", "none"))

    def explain(self, rows, options):
        explanations = []
        for parts, visits in zip(self._parts(rows), rows["person_visits"], strict=True):
            values = dict(zip(FEATURES, map(float, parts), strict=True))
            summary = f"Visit number {visits + 1} of this person."
            bias = float(self.weights["bias"][0])
            explanations.append(Explanation(summary, (Contributions(values, bias),)))
        return explanations

    def _parts(self, rows):
        return np.log1p(rows[list(FEATURES)].to_numpy(dtype=float)) * self.weights["kernel"]
