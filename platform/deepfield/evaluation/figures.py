"""How good probabilities are, by the field's usual figures."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import average_precision_score, f1_score, log_loss, roc_auc_score

__all__ = ["binary_figures", "class_figures", "expected_calibration_error"]


def binary_figures(
    probability: np.ndarray, labels: np.ndarray, threshold: float = 0.5
) -> dict[str, float]:
    """Return the figures of a yes-or-no model.

    Args:
        probability: (n,) of the positive class.
        labels: (n,) 0 or 1, both present.
        threshold: from which a row is called positive.

    ``log_loss`` counts both classes alike; the others are what their names say.
    """
    calls, positive = probability >= threshold, labels == 1
    share = positive.mean()
    weight = np.where(positive, 0.5 / share, 0.5 / (1 - share))
    return {
        "auc": float(roc_auc_score(labels, probability)),
        "average_precision": float(average_precision_score(labels, probability)),
        "accuracy": float((calls == positive).mean()),
        "sensitivity": float(calls[positive].mean()),
        "specificity": float(1 - calls[~positive].mean()),
        "log_loss": float(log_loss(labels, probability, sample_weight=weight)),
        "ece": expected_calibration_error(
            np.where(calls, probability, 1 - probability), calls == positive
        ),
    }


def class_figures(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return the figures of a model that chooses one of several classes.

    Args:
        probabilities: (n, classes), each row summing to 1.
        labels: (n,) places of the true classes, all of them present.

    ``auc`` is the mean of each class against the rest; ``balanced_accuracy`` and ``log_loss``
    count all classes alike, whatever their size.
    """
    calls = probabilities.argmax(axis=1)
    classes = np.arange(probabilities.shape[1])
    weight = (len(labels) / len(classes) / np.bincount(labels))[labels]
    aucs = [roc_auc_score(labels == each, probabilities[:, each]) for each in classes]
    return {
        "auc": float(np.mean(aucs)),
        "accuracy": float((calls == labels).mean()),
        "balanced_accuracy": float(np.mean([(calls == e)[labels == e].mean() for e in classes])),
        "macro_f1": float(f1_score(labels, calls, average="macro")),
        "log_loss": float(log_loss(labels, probabilities, sample_weight=weight, labels=classes)),
        "ece": expected_calibration_error(probabilities.max(axis=1), calls == labels),
    }


def expected_calibration_error(
    confidence: np.ndarray, correct: np.ndarray, bins: int = 15
) -> float:
    """Return the mean gap between confidence and accuracy, over equal bins of confidence.

    Weighted by how many rows fall into each bin (Guo et al. 2017).
    """
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(place, correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))
