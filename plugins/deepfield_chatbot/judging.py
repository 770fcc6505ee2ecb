"""How sure an answer is, and whether a question is about the documents at all.

An answer is judged by a few signs of where it was found: how far its span is ahead of no answer,
and how near its passage is to the question. A logistic regression makes them one number, by which
the spans of several passages are compared. How sure the winner is another regression says, fitted
to winners, with a few signs more; it is calibrated, and its errors are bounded, by the platform's
``Calibration``. ``recipes/judge.py`` fits all of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from deepfield.errors import InputError
from deepfield.models import ModelFolder
from deepfield.trust import Calibration

__all__ = ["OF_CHOICE", "OF_PAIRS", "OF_SPANS", "Familiarity", "Judge", "Linear", "Sureness"]

OF_PAIRS = ("score", "cosine", "shared")
"""Signs of a passage: of ``Found``, and the share of the question's words that stand in it."""
OF_CHOICE = ("margin", *OF_PAIRS)
"""Signs of a span: how far it is ahead of no answer, in logits, and those of its passage."""
OF_SPANS = (*OF_CHOICE, "words", "place", "agreeing")
"""Those and: how many words it has, how many passages were nearer than its own, and how many others
say the same; the logarithm of one more, each.
"""


@dataclass(frozen=True)
class Linear:
    """One number from a few signs: log-odds, as a logistic regression fits them."""

    weights: tuple[float, ...]
    bias: float

    def __call__(self, signs: np.ndarray) -> np.ndarray:
        """Return (n,) of signs (n, signs)."""
        return signs @ np.array(self.weights) + self.bias

    @classmethod
    def fit(cls, signs: np.ndarray, true: np.ndarray, even: bool = False) -> Self:
        """Fit to signs (n, signs) and what was true of each (n,).

        Args:
            even: whether what is true and what is not weigh the same in sum.
        """
        from sklearn.linear_model import LogisticRegression

        mean, spread = signs.mean(axis=0), np.maximum(signs.std(axis=0), 1e-6)
        weight = "balanced" if even else None
        fitted = LogisticRegression(C=10.0, class_weight=weight, max_iter=1000)
        fitted.fit((signs - mean) / spread, true)
        weights = fitted.coef_[0] / spread
        bias = float(fitted.intercept_[0] - weights @ mean)
        return cls(tuple(map(float, weights)), bias)


@dataclass(frozen=True)
class Sureness:
    """How likely an answer is right."""

    linear: Linear
    calibration: Calibration

    def confidence(self, signs: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities (n,) of signs (n, signs)."""
        return self.calibration.probabilities(_against_none(self.linear(signs)))[:, 1]

    def least(self, max_error: float) -> float:
        """Return the confidence under which to abstain; over 1 if the promise cannot be kept."""
        return self.calibration.least_confidence(max_error)

    @classmethod
    def fit(cls, linear: Linear, winners: np.ndarray, right: np.ndarray) -> Self:
        """Calibrate on the best candidate of each question.

        Args:
            winners: their signs (n, signs).
            right: whether each answers its question (n,) bool.
        """
        logits = _against_none(linear(winners))
        calibration = Calibration.fit(logits, right.astype(int), balanced=False)
        confidence = calibration.probabilities(logits)[:, 1]
        return cls(linear, calibration.with_risk(confidence, right))


@dataclass(frozen=True)
class Familiarity:
    """Whether a question is about the documents."""

    linear: Linear
    border: float
    """The log-odds of being on topic below which a question is not."""

    def foreignness(self, signs: np.ndarray) -> np.ndarray:
        """Return how foreign questions are, (n,): over 1 is off topic.

        Args:
            signs: (n, 3) as ``OF_PAIRS``, of each the best of a question's passages.
        """
        # A unit of log-odds is a fifth of foreignness: a scale to show, with 1 its border.
        return np.maximum(1 + (self.border - self.linear(signs)) / 5, 0.0)


@dataclass(frozen=True)
class Judge:
    """What a reader's model folder says of trust."""

    choice: Linear
    """Of several spans the highest counts; of ``OF_CHOICE``."""
    spans: Sureness
    pairs: Sureness
    """Of answers that stand beside their question."""
    familiar: Familiarity

    def best(self, signs: np.ndarray) -> int:
        """Return which of some spans counts, by their signs (n, 7) as ``OF_SPANS``."""
        return int(self.choice(signs[:, : len(OF_CHOICE)]).argmax())

    @classmethod
    def of(cls, folder: ModelFolder) -> Self:
        """Read the part ``answering`` of a reader's config.json.

        Raises:
            InputError: if it is not there, or not whole.
        """
        try:
            return cls.from_json(folder.config["answering"])
        except (KeyError, TypeError) as error:
            raise InputError(
                f"The reader {str(folder.path)!r} is not calibrated ({error}); "
                "run `python -m deepfield_chatbot.recipes.calibration`."
            ) from error

    def to_json(self) -> dict[str, Any]:
        return {"signs": list(OF_SPANS), **asdict(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        def linear(part: Mapping[str, Any]) -> Linear:
            return Linear(tuple(part["weights"]), part["bias"])

        def sureness(part: Mapping[str, Any]) -> Sureness:
            return Sureness(linear(part["linear"]), Calibration(**part["calibration"]))

        familiar = values["familiar"]
        return cls(
            linear(values["choice"]),
            sureness(values["spans"]),
            sureness(values["pairs"]),
            Familiarity(linear(familiar["linear"]), familiar["border"]),
        )


def _against_none(logits: np.ndarray) -> np.ndarray:
    """Return logits (n, 2), the first of which says that the answer is wrong."""
    return np.stack([np.zeros_like(logits), logits], axis=-1)
