"""What is true of each row and what a model said of it, and every figure that follows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

__all__ = ["Answers", "Key"]

BINS = 15

Key = tuple[str, str]
"""The name of a figure, and the class that it is of or nothing."""


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
        class against the rest. ``average_precision`` is the mean of the precision at each
        threshold, weighted by the recall that it adds. ``aurc`` is the mean error rate among the
        most confident rows, over all shares of them (Geifman et al. 2019); ``ece`` is after Guo
        et al. (2017).
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
        if self.probabilities is not None and size == 2:
            found["average_precision", ""] = self._average_precision(weights)
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

    def _average_precision(self, weights: np.ndarray) -> np.ndarray:
        assert self.probabilities is not None
        order, starts = _runs(-self.probabilities[:, 1])
        rows = np.add.reduceat(weights[:, order], starts, axis=1)
        ours = np.add.reduceat(weights[:, order] * (self.truth[order] == 1), starts, axis=1)
        precision = _ratio(np.cumsum(ours, axis=1), np.cumsum(rows, axis=1))
        # Before the first row that was drawn there is no precision, and no recall is added.
        return _ratio((ours * np.nan_to_num(precision)).sum(1), ours.sum(1))

    def _aurc(self, weights: np.ndarray) -> np.ndarray:
        order, starts = _runs(-self.confidence)
        rows = np.add.reduceat(weights[:, order], starts, axis=1)
        wrong = np.add.reduceat(weights[:, order] * ~self.correct[order], starts, axis=1)
        done = np.cumsum(rows, axis=1)
        risk = np.divide(np.cumsum(wrong, axis=1), done, out=np.zeros_like(done), where=done > 0)
        return (rows * risk).sum(1) / done[:, -1]


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
