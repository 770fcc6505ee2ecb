"""The curves and the matrix of an evaluation, as small tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from deepfield.evaluation.resampling import Answers

__all__ = ["calibration", "confusion", "precision_recall", "risk_coverage", "roc"]

POINTS = 200
"""Points of a curve that are kept: more cannot be seen."""


def confusion(answers: Answers) -> pd.DataFrame:
    size = len(answers.classes)
    cells = np.bincount(answers.truth * size + answers.called, minlength=size * size)
    frame = pd.DataFrame(cells.reshape(size, size), answers.classes, answers.classes)
    return frame.rename_axis(index="truth", columns="called")


def calibration(answers: Answers, bins: int = 10) -> pd.DataFrame:
    place = np.minimum((answers.confidence * bins).astype(int), bins - 1)
    frame = pd.DataFrame(
        {
            "place": place,
            "confidence": answers.confidence,
            "accuracy": answers.correct.astype(float),
        }
    )
    found = frame.groupby("place").agg(
        confidence=("confidence", "mean"), accuracy=("accuracy", "mean"), rows=("place", "size")
    )
    found.insert(0, "from", found.index / bins)
    found.insert(1, "to", (found.index + 1) / bins)
    return found.reset_index(drop=True)


def risk_coverage(answers: Answers) -> pd.DataFrame:
    order = np.argsort(-answers.confidence, kind="stable")
    done = np.arange(1, len(order) + 1)
    curve = pd.DataFrame(
        {
            "coverage": done / len(order),
            "risk": np.cumsum(~answers.correct[order]) / done,
            "confidence": answers.confidence[order],
        }
    )
    # Rows of one confidence are answered together or not at all.
    curve = curve.drop_duplicates("confidence", keep="last", ignore_index=True)
    return _thinned(curve)


def roc(answers: Answers) -> pd.DataFrame | None:
    found = _two_classes(answers)
    if found is None:
        return None
    false, true, _ = roc_curve(*found)
    return _thinned(pd.DataFrame({"false_positive_rate": false, "true_positive_rate": true}))


def precision_recall(answers: Answers) -> pd.DataFrame | None:
    """Return precision by recall, from the highest threshold to that which finds every positive."""
    found = _two_classes(answers)
    if found is None:
        return None
    positive, score = found
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.diff(score[order], append=np.nan) != 0)  # of each run of equal scores
    hits = np.cumsum(positive[order])[last]
    curve = pd.DataFrame(
        {
            "recall": hits / positive.sum(),
            "precision": hits / (last + 1),
            "threshold": score[order][last],
        }
    )
    # Even steps of recall: thinned by rows, a curve of few positives would lose its beginning.
    wanted = np.linspace(0, 1, POINTS)
    places = np.unique(np.searchsorted(curve["recall"], wanted).clip(max=len(curve) - 1))
    return curve.iloc[places].reset_index(drop=True)


def _two_classes(answers: Answers) -> tuple[np.ndarray, np.ndarray] | None:
    """Return which rows are positive and the probability of it; None where that tells no curve."""
    positive = answers.truth == 1
    if answers.probabilities is None or len(answers.classes) != 2 or positive.all():
        return None
    return (positive, answers.probabilities[:, 1]) if positive.any() else None


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    if len(curve) <= POINTS:
        return curve
    places = np.unique(np.linspace(0, len(curve) - 1, POINTS).astype(int))
    return curve.iloc[places].reset_index(drop=True)
