"""Whether a sentence is any of the intents at all.

By two signs: how sure the network is (its largest logit, Hendrycks et al. 2022), and how near the
sentence is to the middle of any intent's examples. Each is made comparable on held-out examples,
and they are added.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from deepfield.errors import InputError

__all__ = ["OUTSIDE", "Scope", "border_of", "middles_of", "signs_of"]

LOST = 0.015
"""The share of sentences in scope that the border may cost."""
TOLD = 10
"""Examples from outside from which on they choose the border, within what it may cost."""
OUTSIDE = 0.1
"""The share of messages that are taken to be out of scope where probabilities are given. Examples
of it are made up, and their number says nothing of how often such messages come."""


@dataclass(frozen=True)
class Scope:
    """Read-only; ``fit`` makes one."""

    middles: np.ndarray  # (labels, 384), each of length 1
    mean: np.ndarray  # (2,) of the signs of held-out examples
    spread: np.ndarray  # (2,)
    border: np.ndarray  # (1,) the familiarity below which a sentence is out of scope
    slope: np.ndarray  # (2,) weight and bias of the log-odds of being out of scope; or (0,)

    @classmethod
    def fit(cls, middles: np.ndarray, signs: np.ndarray, outside: np.ndarray) -> Self:
        """Set the border.

        Args:
            signs: (n, 2) of held-out sentences.
            outside: (n,) bool: which of them are out of scope.
        """
        inside = signs[~outside]
        draft = cls(
            middles,
            inside.mean(axis=0),
            np.maximum(inside.std(axis=0), 1e-3),
            np.zeros(1),
            np.zeros(0),
        )
        known, foreign = draft.familiarity(inside), draft.familiarity(signs[outside])
        return cls(
            draft.middles,
            draft.mean.astype(np.float32),
            draft.spread.astype(np.float32),
            np.array([border_of(known, foreign)], np.float32),
            _slope(known, foreign).astype(np.float32),
        )

    def familiarity(self, signs: np.ndarray) -> np.ndarray:
        """Return how much each sentence is like those in scope, (n,)."""
        return ((signs - self.mean) / self.spread).sum(axis=1)

    def foreignness(self, signs: np.ndarray) -> np.ndarray:
        """Return (n,): over 1 is out of scope."""
        # Half a unit of familiarity is a tenth of foreignness: a scale to show, with 1 its border.
        return np.maximum(1 + (self.border - self.familiarity(signs)) / 5, 0.0)

    def outside(self, signs: np.ndarray) -> np.ndarray:
        """Return the probability of being out of scope, (n,); 0 where no example told of it."""
        if not len(self.slope):
            return np.zeros(len(signs))
        return expit(self.familiarity(signs) * self.slope[0] + self.slope[1])

    def save(self, file: Path) -> None:
        values = {**vars(self), "middles": self.middles.astype(np.float16)}
        save_file({name: np.ascontiguousarray(value) for name, value in values.items()}, file)

    @classmethod
    def load(cls, file: Path) -> Self:
        try:
            return cls(**{name: each.astype(np.float32) for name, each in load_file(file).items()})
        except (OSError, TypeError, SafetensorError) as error:
            raise InputError(
                f"The border of scope {str(file)!r} cannot be read: {error}"
            ) from error


def middles_of(vectors: np.ndarray, codes: np.ndarray, labels: int) -> np.ndarray:
    """Return the mean of each intent's sentence vectors, of length 1: (labels, 384)."""
    sums = np.zeros((labels, vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, codes, vectors)
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)


def signs_of(logits: np.ndarray, vectors: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """Return the largest logit and the nearest cosine of each sentence, (n, 2)."""
    return np.stack([logits.max(axis=1), (vectors @ middles.T).max(axis=1)], axis=1)


def border_of(known: np.ndarray, foreign: np.ndarray) -> float:
    """Return the familiarity below which a sentence is out of scope.

    With examples from outside it is where most are told apart, losing at most ``LOST``.

    Args:
        known: (n,) familiarity of held-out sentences in scope.
        foreign: (m,) of those that are not, perhaps none.
    """
    if len(foreign) < TOLD:
        return float(np.quantile(known, LOST))
    borders = np.quantile(known, np.linspace(0, LOST, 31))
    told = [(known >= each).mean() + (foreign < each).mean() for each in borders]
    return float(borders[int(np.argmax(told))])


def _slope(known: np.ndarray, foreign: np.ndarray) -> np.ndarray:
    """Return weight and bias of the log-odds of being out of scope by familiarity."""
    if not len(foreign):
        return np.zeros(0)
    total = len(known) + len(foreign)
    weights = np.concatenate(
        [
            np.full(len(known), (1 - OUTSIDE) * total / len(known)),
            np.full(len(foreign), OUTSIDE * total / len(foreign)),
        ]
    )
    found = LogisticRegression().fit(
        np.concatenate([known, foreign])[:, None],
        np.repeat([0, 1], [len(known), len(foreign)]),
        sample_weight=weights,
    )
    return np.array([found.coef_[0, 0], found.intercept_[0]])
