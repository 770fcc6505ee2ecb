"""One linear layer and a softmax, in numpy: small enough to read whole."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from pydantic import Field
from safetensors.numpy import load_file, save_file

from deepfield import Contributions, Explanation, Options, Predictor, Table
from deepfield.fields import Label, Probability
from deepfield.trust import trust_labels
from deepfield_flowers import SPECIES


class LinearFitOptions(Options):
    steps: int = Field(9, ge=1, le=10_000, description="strengths of weight decay to try")


class LinearPredictor(Predictor):
    FitOptions = LinearFitOptions

    def __init__(self, classes: tuple[str, ...], weights: dict[str, np.ndarray]) -> None:
        self.classes = classes
        self.weights = weights
        # A probability named like each class lets `deepfield evaluate` measure AUC.
        self.outputs = Table(
            Label("species", values=classes), Probability("probability"), *map(Probability, classes)
        )

    @classmethod
    def load(cls, folder, device="auto"):
        return cls(tuple(folder.config.get("classes", SPECIES)), load_file(folder.weights))

    def predict(self, rows, options):
        # The inputs' columns are in the table's order, which is the weights'.
        scaled = self._scaled(rows)  # (n, 4)
        logits = scaled @ self.weights["kernel"] + self.weights["bias"]  # -> (n, classes)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = odds / odds.sum(axis=1, keepdims=True)
        probability = probabilities.max(axis=1)
        foreign = np.abs(scaled).max(axis=1) / 4  # over four standard deviations: no iris
        return pd.DataFrame(
            {
                "species": np.array(self.classes)[logits.argmax(axis=1)],
                "probability": probability,
                **dict(zip(self.classes, probabilities.T, strict=True)),
                "confidence": probability,
                "trust": trust_labels(probability, options.least, foreign),
            },
            index=rows.index,
        )

    def explain(self, rows, options):
        called = self.predict(rows, options)["species"]
        explanations = []
        for scaled, species in zip(self._scaled(rows), called, strict=True):
            place = self.classes.index(species)
            parts = scaled * self.weights["kernel"][:, place]
            values = dict(zip(rows.columns, map(float, parts), strict=True))
            most = max(values, key=values.get)
            explanations.append(
                Explanation(
                    f"Called {species}: {most.replace('_', ' ')} spoke most for it.",
                    (Contributions(values, float(self.weights["bias"][place]), unit="logit"),),
                )
            )
        return explanations

    @classmethod
    def fit(cls, training, validation, folder, *, base, options, report, device="auto"):
        from sklearn.linear_model import LogisticRegression
        from sklearn.metrics import log_loss

        lengths = training.drop(columns="label").to_numpy(dtype=float)
        mean, spread = lengths.mean(axis=0), lengths.std(axis=0) + 1e-9
        others = (validation.drop(columns="label").to_numpy(dtype=float) - mean) / spread
        best, least = None, np.inf
        for step, strength in enumerate(np.geomspace(0.01, 100, options.steps), start=1):
            network = LogisticRegression(C=strength, max_iter=1000)
            network.fit((lengths - mean) / spread, training["label"])
            loss = log_loss(validation["label"], network.predict_proba(others))
            if loss < least:
                best, least = network, loss
            # What report raises ends the fit; so a person can stop it here.
            report(step / options.steps, {"epoch": step, "loss": loss})
        # Of two classes scikit-learn keeps one column, the difference of ours.
        kernel, bias = best.coef_.T, best.intercept_  # (4, classes), (classes,)
        if kernel.shape[1] == 1:
            kernel, bias = np.hstack([-kernel, kernel]) / 2, np.append(-bias, bias) / 2
        kernel = np.ascontiguousarray(kernel)
        weights = {"kernel": kernel, "bias": bias, "mean": mean, "spread": spread}
        save_file(weights, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps({"classes": list(best.classes_)}))

    def _scaled(self, rows):
        return (rows.to_numpy(dtype=float) - self.weights["mean"]) / self.weights["spread"]
