"""The simplest models on the same split: what a network has to beat."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepfield.evaluation import binary_figures, class_figures
from deepfield.images import read_picture

__all__ = ["baseline_figures", "figures_of"]


def figures_of(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return the field's figures for two classes, or for more."""
    if probabilities.shape[1] == 2:
        return binary_figures(probabilities[:, 1], labels)
    return class_figures(probabilities, labels)


def baseline_figures(
    training: pd.DataFrame, validation: pd.DataFrame, classes: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    """Return figures of logistic regression and of the nearest neighbour, on small pictures."""

    def pixels(rows: pd.DataFrame, side: int) -> np.ndarray:
        return np.stack([read_picture(path, "L", (side, side)).ravel() for path in rows["image"]])

    targets = training["label"].map(classes.index).to_numpy()
    labels = validation["label"].map(classes.index).to_numpy()
    regression = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=500)
    )
    regression.fit(pixels(training, 32), targets)
    neighbour = KNeighborsClassifier(1, n_jobs=1)
    neighbour.fit(pixels(training, 48).astype(np.float32), targets)
    nearest = neighbour.predict(pixels(validation, 48).astype(np.float32))
    return {
        "logistic regression on 32 × 32 pixels": figures_of(
            regression.predict_proba(pixels(validation, 32)), labels
        ),
        # A neighbour gives no probability, so it has no AUC and no calibration.
        "nearest neighbour on 48 × 48 pixels": {
            "accuracy": float((nearest == labels).mean()),
            "macro_f1": float(f1_score(labels, nearest, average="macro")),
            **_halves(nearest, labels),
        },
    }


def _halves(calls: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    rates = [float((calls == each)[labels == each].mean()) for each in np.unique(labels)]
    if len(rates) == 2:
        return {"specificity": rates[0], "sensitivity": rates[1]}
    return {"balanced_accuracy": float(np.mean(rates))}
