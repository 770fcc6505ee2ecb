"""From scores to probabilities that a person can count on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from deepfield.errors import InputError

__all__ = ["Curve", "Likelihood"]

KNOTS = 64


@dataclass(frozen=True)
class Curve:
    """A rising curve through knots, learned by isotonic regression (Zadrozny and Elkan 2002)."""

    x: list[float]
    y: list[float]

    @classmethod
    def fit(cls, values: np.ndarray, happened: np.ndarray) -> Curve:
        """Learn how often something happens at each value, both (n,)."""
        from sklearn.isotonic import IsotonicRegression  # which scoring does without

        fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
        fitted.fit(values, happened)
        x, y = fitted.X_thresholds_, fitted.y_thresholds_
        kept = np.unique(np.linspace(0, len(x) - 1, KNOTS).round().astype(int))
        return cls([round(float(each), 6) for each in x[kept]], [float(each) for each in y[kept]])

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the probabilities at values of any shape."""
        return np.interp(values, self.x, self.y)


@dataclass(frozen=True)
class Likelihood:
    """What a model's scores are worth, learned on what people took after the log it learned from.

    Args:
        item: from a score to the probability that the item is among what is taken next.
        list: from the probability of at least one hit, were the items of a list independent, to
            that of at least one hit.
        usual: how often a list of what is popular holds something that is taken next: a list that
            promises no more than this is unsure.
        basket: how many items are taken at once, on average.
    """

    item: Curve
    list: Curve
    usual: float
    basket: float

    def of_lists(self, probabilities: np.ndarray) -> np.ndarray:
        """Return how likely something of each list is taken next, (users, k) to (users,)."""
        return self.list(1 - np.prod(1 - probabilities, axis=1))

    def save(self, folder: Path) -> None:
        text = json.dumps(asdict(self), indent=1)
        (folder / "calibration.json").write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> Likelihood:
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            return cls(
                Curve(**found["item"]), Curve(**found["list"]), found["usual"], found["basket"]
            )
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(f"The calibration {str(file)!r} cannot be read: {error}") from error
