"""Figures with 95 % intervals, by the bootstrap: how would they vary with other rows?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

__all__ = ["Answers", "Figure", "figures_with_intervals"]

RESAMPLES = 1000
LEVEL = 0.95
BINS = 15
CELLS = 4_000_000
"""Weights held at once; more rows mean fewer resamples at a time."""

Key = tuple[str, str]
"""The name of a figure, and the class that it is of or nothing."""


@dataclass(frozen=True)
class Figure:
    """One figure and its 95 % interval; NaN where the rows do not tell.

    A figure may be known without its interval: see ``figures_with_intervals``.
    """

    name: str
    value: float
    low: float
    high: float
    of: str = ""
    """The class that it is of, against the others; empty: all of them."""


@dataclass(frozen=True)
class Answers:
    """What is true of each row, and what a model said of it."""

    classes: tuple[str, ...]
    truth: np.ndarray  # (n,) places in classes
    called: np.ndarray  # (n,) places in classes
    confidence: np.ndarray  # (n,)
    answered: np.ndarray  # (n,) bool: trust is ok
    probabilities: np.ndarray | None = None  # (n, classes)
    groups: np.ndarray | None = None  # (n,) places of groups, from 0

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def correct(self) -> np.ndarray:
        return self.truth == self.called

    def measure(self, weights: np.ndarray) -> dict[Key, np.ndarray]:
        """Return every figure under each weighting of the rows, (b, n) -> (b,) each.

        Of two classes the second is the positive one: ``auc``, ``sensitivity``, ``specificity``,
        ``precision`` and ``f1`` without a class are of it. Of more, ``auc`` is the mean of each
        class against the rest. ``aurc`` is the mean error rate among the most confident rows,
        over all shares of them (Geifman et al. 2019); ``ece`` is after Guo et al. (2017).
        """
        size, total = len(self.classes), weights.sum(axis=1)
        table = (weights @ self._cells).reshape(len(weights), size, size)  # (b, truth, called)
        true, called, hits = table.sum(2), table.sum(1), np.diagonal(table, axis1=1, axis2=2)
        sensitivity = _ratio(hits, true)
        specificity = _ratio(total[:, None] - true - called + hits, total[:, None] - true)
        precision = _ratio(hits, called)
        f1 = _ratio(2 * hits, true + called)
        found: dict[Key, np.ndarray] = {
            ("accuracy", ""): hits.sum(1) / total,
            ("balanced_accuracy", ""): _mean(sensitivity),
            ("macro_f1", ""): _mean(f1),
        }
        each = {
            "sensitivity": sensitivity,
            "specificity": specificity,
            "precision": precision,
            "f1": f1,
        }
        if self.probabilities is not None:
            each["auc"] = np.stack([self._auc(weights, place) for place in range(size)], axis=1)
            found["auc", ""] = each["auc"][:, 1] if size == 2 else _mean(each["auc"])
        for name, values in each.items():
            if size == 2:
                found.setdefault((name, ""), values[:, 1])
            found |= {(name, of): values[:, place] for place, of in enumerate(self.classes)}
        wrong = (self.answered & ~self.correct).astype(float)
        found["ece", ""] = np.abs(weights @ self._gaps).sum(1) / total
        found["aurc", ""] = self._aurc(weights)
        found["answered", ""] = weights @ self.answered.astype(float) / total
        found["error_when_answered", ""] = _ratio(
            weights @ wrong, weights @ self.answered.astype(float)
        )
        return found

    def counted(self, key: Key) -> np.ndarray | None:
        """Return which rows a proportion is counted over, or None for what is no proportion."""
        name, of = key
        if name == "accuracy" or name == "answered":
            return np.ones(len(self), bool)
        if name == "error_when_answered":
            return self.answered
        if not of and len(self.classes) != 2:
            return None
        place = self.classes.index(of) if of else 1
        if name == "sensitivity":
            return self.truth == place
        if name == "specificity":
            return self.truth != place
        return self.called == place if name == "precision" else None

    @cached_property
    def _cells(self) -> csr_array:
        size = len(self.classes)
        return _one_hot(self.truth * size + self.called, size * size)

    @cached_property
    def _gaps(self) -> csr_array:
        place = np.minimum((self.confidence * BINS).astype(int), BINS - 1)
        return _one_hot(place, BINS, self.correct - self.confidence)

    def _auc(self, weights: np.ndarray, place: int) -> np.ndarray:
        assert self.probabilities is not None
        order, starts = _runs(self.probabilities[:, place])
        positive = self.truth[order] == place
        sorted_weights = weights[:, order]
        ours = np.add.reduceat(sorted_weights * positive, starts, axis=1)
        others = np.add.reduceat(sorted_weights * ~positive, starts, axis=1)
        below = np.cumsum(others, axis=1) - others / 2  # a tie counts half
        return _ratio((ours * below).sum(1), ours.sum(1) * others.sum(1))

    def _aurc(self, weights: np.ndarray) -> np.ndarray:
        order, starts = _runs(-self.confidence)
        rows = np.add.reduceat(weights[:, order], starts, axis=1)
        wrong = np.add.reduceat(weights[:, order] * ~self.correct[order], starts, axis=1)
        done = np.cumsum(rows, axis=1)
        risk = np.divide(np.cumsum(wrong, axis=1), done, out=np.zeros_like(done), where=done > 0)
        return (rows * risk).sum(1) / done[:, -1]


def figures_with_intervals(answers: Answers, seed: int = 0) -> list[Figure]:
    """Return every figure with its percentile-bootstrap interval.

    Rows are drawn with replacement, or whole groups where there are groups: rows of one patient
    are no independent witnesses. A proportion of just 0 or 1 leaves the bootstrap nothing to vary;
    it gets the exact binomial interval (Clopper and Pearson 1934). Of other figures that no
    resample varies, an AUC of 1 say, nothing tells an interval, and they have none.
    """
    count = len(answers)
    values = answers.measure(np.ones((1, count)))
    groups = np.arange(count) if answers.groups is None else answers.groups
    units = int(groups.max()) + 1
    generator = np.random.default_rng(seed)
    drawn: dict[Key, list[np.ndarray]] = {key: [] for key in values}
    step = max(1, CELLS // count)
    for start in range(0, RESAMPLES, step):
        size = min(step, RESAMPLES - start)
        picks = generator.integers(0, units, (size, units)) + units * np.arange(size)[:, None]
        weights = np.bincount(picks.ravel(), minlength=size * units).reshape(size, units)
        for key, found in answers.measure(weights[:, groups].astype(float)).items():
            drawn[key].append(found)
    figures = []
    for key, value in values.items():
        low, high = _interval(np.concatenate(drawn[key]))
        over = answers.counted(key)
        if over is not None and value[0] in (0.0, 1.0):
            least = ((1 - LEVEL) / 2) ** (1 / max(len(np.unique(groups[over])), 1))
            low, high = (least, 1.0) if value[0] == 1.0 else (0.0, 1 - least)
        elif low == high:  # "1.000 to 1.000" would claim what nobody knows
            low = high = float("nan")
        figures.append(Figure(key[0], float(value[0]), low, high, key[1]))
    return figures


def _interval(drawn: np.ndarray) -> tuple[float, float]:
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _one_hot(places: np.ndarray, size: int, values: np.ndarray | None = None) -> csr_array:
    rows = np.arange(len(places))
    data = np.ones(len(places)) if values is None else values.astype(float)
    return csr_array((data, (rows, places)), shape=(len(places), size))


def _runs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the order of values, and where each run of equal ones begins in it."""
    order = np.argsort(values, kind="stable")
    new = np.diff(values[order], prepend=np.nan) != 0
    return order, np.flatnonzero(new)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over classes that can be told, (b, classes) -> (b,)."""
    known = np.isfinite(values)
    return _ratio(np.where(known, values, 0).sum(1), known.sum(1))
