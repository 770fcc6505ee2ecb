"""From scores to trust: calibrated confidence, an abstention threshold, a guard.

Fitted on validation data, stored with the model, and used by any domain whose network gives
logits and features.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from scipy.stats import beta
from sklearn.model_selection import StratifiedGroupKFold

from deepfield.errors import InputError

__all__ = ["Calibration", "MahalanobisGuard", "cross_fitted", "trust_labels"]

SHARES = 25


@dataclass(frozen=True)
class Calibration:
    """Temperature and class biases, and how often the model errs above each confidence.

    One temperature (Guo et al. 2017) with a bias for each class (Alexandari et al. 2020).
    ``risk`` holds pairs, by falling confidence: a confidence, and a bound on the error rate of
    the answers that are at least as confident.
    """

    temperature: float
    biases: list[float]
    risk: list[list[float]]

    @classmethod
    def fit(cls, logits: np.ndarray, labels: np.ndarray, balanced: bool = True) -> Calibration:
        """Fit on logits (n, classes) and labels (n,).

        Args:
            balanced: whether every class weighs the same, as where classes may be met more or
                less often than here; otherwise every row does, and rare classes stay rare.
        """
        classes = logits.shape[1]
        counts = np.bincount(labels, minlength=classes)
        weight = (
            1.0 / (classes * counts[labels]) if balanced else np.full(len(labels), 1 / len(labels))
        )

        def loss(parameters: np.ndarray) -> float:
            scaled = logits / np.exp(parameters[0]) + np.append(0.0, parameters[1:])
            chosen = log_softmax(scaled, axis=1)[np.arange(len(labels)), labels]
            return float(-(weight * chosen).sum() + 1e-4 * (parameters**2).sum())

        found = minimize(loss, np.zeros(classes), method="Nelder-Mead", options={"maxiter": 4000}).x
        return cls(float(np.exp(found[0])), [0.0, *map(float, found[1:])], [])

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities for logits, both (…, classes)."""
        return softmax(logits / self.temperature + np.asarray(self.biases), axis=-1)

    def with_risk(
        self, confidence: np.ndarray, correct: np.ndarray, certainty: float = 0.9
    ) -> Calibration:
        """Return a copy that knows its error rate above each confidence.

        The error rate is bounded at 25 shares of the rows, the most confident first, by
        Clopper-Pearson; all bounds together hold with the given certainty (Bonferroni), so that
        any of them may be chosen (after Geifman and El-Yaniv 2017). Few rows make it cautious.
        """
        order = np.argsort(-confidence, kind="stable")
        steps = np.unique(np.linspace(0, len(order), SHARES + 1).astype(int)[1:])
        steps = steps[steps > 0]
        errors = np.cumsum(~correct[order])[steps - 1]
        level = 1 - (1 - certainty) / SHARES
        bound = np.where(
            errors < steps, beta.ppf(level, errors + 1, np.maximum(steps - errors, 1)), 1.0
        )
        pairs = zip(confidence[order][steps - 1], bound, strict=True)
        return replace(self, risk=[[round(float(c), 6), round(float(b), 6)] for c, b in pairs])

    def least_confidence(self, max_error: float) -> float:
        """Return the confidence under which to abstain so as to err no more than promised.

        Over 1, which abstains always, where validation could not show that the promise is kept.
        """
        return min(
            (confidence for confidence, bound in self.risk if bound <= max_error), default=1.01
        )

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> Calibration:
        try:
            return cls(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"The calibration {str(file)!r} cannot be read: {error}") from error


def cross_fitted(
    logits: np.ndarray, labels: np.ndarray, groups: np.ndarray | None = None, folds: int = 5
) -> np.ndarray:
    """Return probabilities, each calibrated on other rows only, to judge a calibration by.

    Args:
        logits: (n, classes), or (n, versions, classes) with several versions of each row.
        labels: (n,)
        groups: (n,) rows that are kin and stay together; each by itself if None.

    Classes of fewer rows than folds leave fewer folds; of one row, none: then the probabilities
    are those of a calibration on all.
    """
    folds = min(folds, int(np.bincount(labels).min()))
    if folds < 2:
        return Calibration.fit(
            logits.reshape(-1, logits.shape[-1]), _each(labels, logits)
        ).probabilities(logits)
    probabilities = np.zeros(logits.shape)
    kin = np.arange(len(labels)) if groups is None else groups
    for rest, own in StratifiedGroupKFold(folds).split(labels, labels, kin):
        fitted = Calibration.fit(
            logits[rest].reshape(-1, logits.shape[-1]), _each(labels[rest], logits)
        )
        probabilities[own] = fitted.probabilities(logits[own])
    return probabilities


def _each(labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Return the label of each version of each row."""
    return np.repeat(labels, int(np.prod(logits.shape[1:-1])))


@dataclass(frozen=True)
class MahalanobisGuard:
    """How far a picture's features lie from the training ones (Lee et al. 2018).

    One Gaussian a class with a shared covariance, in the leading principal directions, and beside
    it what those directions leave out (as in ViM, Wang et al. 2022, foreign inputs show there
    first). The score is the larger of the two, each divided by its 98th percentile on validation
    data, so that 1 is the border.
    """

    mean: np.ndarray  # (features,)
    directions: np.ndarray  # (features, kept), scaled to unit variance within a class
    centres: np.ndarray  # (classes, kept)
    basis: np.ndarray  # (features, kept), orthonormal
    borders: np.ndarray  # (2,)

    @classmethod
    def fit(
        cls,
        features: np.ndarray,
        labels: np.ndarray,
        familiar: np.ndarray,
        kept: int = 64,
        flagged: float = 0.02,
    ) -> MahalanobisGuard:
        """Fit on training features (n, features); set the border on ``familiar`` ones.

        At most ``flagged`` of the familiar features lie beyond the border. Few rows leave fewer
        directions: five rows at least stand behind each. Nothing within one standard deviation
        of a class is foreign, nor what differs by no more than float32 rounds.
        """
        rounding = 1e-6 * (float(np.abs(features).max()) or 1.0)
        kept = max(1, min(kept, len(features) // 5))
        mean = features.mean(axis=0)
        _, _, axes = np.linalg.svd(features - mean, full_matrices=False)
        basis = axes[:kept].T
        projected = (features - mean) @ basis
        classes = np.unique(labels)
        centres = np.stack([projected[labels == each].mean(axis=0) for each in classes])
        within = projected - centres[np.searchsorted(classes, labels)]
        values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(within.T)))
        least = max(values.max() * 1e-4, rounding**2)
        whitening = vectors / np.sqrt(np.maximum(values, least))
        guard = cls(
            mean.astype(np.float32),
            (basis @ whitening).astype(np.float32),
            (centres @ whitening).astype(np.float32),
            basis.astype(np.float32),
            np.ones(2, dtype=np.float32),
        )
        # Two ways to be foreign share the allowance, so that together they stay within it.
        borders = np.quantile(guard._distances(familiar), 1 - flagged / 2, axis=0)
        borders = np.maximum(borders, [1.0, rounding])
        return cls(guard.mean, guard.directions, guard.centres, guard.basis, borders.astype("f4"))

    def score(self, features: np.ndarray) -> np.ndarray:
        """Return how foreign each row is: over 1 is unfamiliar."""
        return (self._distances(features) / self.borders).max(axis=1)

    def _distances(self, features: np.ndarray) -> np.ndarray:
        centred = features - self.mean
        whitened = centred @ self.directions  # (n, kept)
        to_class = np.linalg.norm(whitened[:, None, :] - self.centres, axis=2).min(axis=1)
        left_out = centred - (centred @ self.basis) @ self.basis.T
        return np.stack([to_class, np.linalg.norm(left_out, axis=1)], axis=1)

    def save(self, file: Path) -> None:
        save_file({name: np.ascontiguousarray(value) for name, value in vars(self).items()}, file)

    @classmethod
    def load(cls, file: Path) -> MahalanobisGuard:
        try:
            return cls(**load_file(file))
        except (OSError, TypeError, SafetensorError) as error:
            raise InputError(f"The guard {str(file)!r} cannot be read: {error}") from error


def trust_labels(confidence: np.ndarray, threshold: float, foreignness: np.ndarray) -> np.ndarray:
    """Return ok, unsure or unfamiliar for each row; what is not a number is never ok."""
    sure, known = confidence >= threshold, foreignness <= 1
    return np.where(~known, "unfamiliar", np.where(~sure, "unsure", "ok"))
