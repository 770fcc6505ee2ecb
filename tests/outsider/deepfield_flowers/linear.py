"""One linear layer and a softmax, in numpy: small enough to read whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
from safetensors.numpy import load_file

from deepfield import Contributions, Explanation, Predictor
from deepfield.trust import trust_labels
from deepfield_flowers import SPECIES


class LinearPredictor(Predictor):
    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.weights = weights

    @classmethod
    def load(cls, folder, device="auto"):
        return cls(load_file(folder.weights))

    def predict(self, rows, options):
        # The inputs' columns are in the table's order, which is the weights'.
        scaled = self._scaled(rows)  # (n, 4)
        logits = scaled @ self.weights["kernel"] + self.weights["bias"]  # -> (n, 3)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        probability = (odds / odds.sum(axis=1, keepdims=True)).max(axis=1)
        foreign = np.abs(scaled).max(axis=1) / 4  # over four standard deviations: no iris
        return pd.DataFrame(
            {
                "species": np.array(SPECIES)[logits.argmax(axis=1)],
                "probability": probability,
                "confidence": probability,
                "trust": trust_labels(probability, options.least, foreign),
            },
            index=rows.index,
        )

    def explain(self, rows, options):
        called = self.predict(rows, options)["species"]
        explanations = []
        for scaled, species in zip(self._scaled(rows), called, strict=True):
            place = SPECIES.index(species)
            parts = scaled * self.weights["kernel"][:, place]
            values = dict(zip(rows.columns, map(float, parts), strict=True))
            most = max(values, key=values.get)
            explanations.append(
                Explanation(
                    f"Called {species}: {most.replace('_', ' ')} spoke most for it.",
                    (Contributions(values, float(self.weights["bias"][place])),),
                )
            )
        return explanations

    def _scaled(self, rows):
        return (rows.to_numpy(dtype=float) - self.weights["mean"]) / self.weights["spread"]
