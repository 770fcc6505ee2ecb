"""What needs no network: popularity, buy again, neighbours of items, and what followed what.

Each learns from ``Sequences`` and scores every item for users of whom it gets the history alone: a
user need not have been there when it learned. Baskets count as one step, whatever their size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from deepfield_recommendations.sequences import Sequences

__all__ = ["BuyAgain", "ItemNeighbours", "Markov", "Popularity", "Scorer"]

ROWS = 1024
"""Items whose neighbours are found at once: a block of similarities in memory, not all of them."""


class Scorer(ABC):
    """Scores of items for histories; higher is better, and nothing else is promised."""

    @abstractmethod
    def fit(self, sequences: Sequences, items: int) -> Self:
        """Learn from what users took. ``items`` is the highest code."""

    @abstractmethod
    def scores(self, histories: Sequences) -> np.ndarray:
        """Return (users, items + 1) float32; column 0, no item, is -inf."""

    def likeness(self, codes: np.ndarray, others: np.ndarray | None = None) -> np.ndarray | None:
        """Return how like items are to others, or to all, (n,) and (m,) to (n, m)."""
        return None

    @abstractmethod
    def tensors(self) -> dict[str, np.ndarray]:
        """Return all that was learned, for ``restore``."""

    @abstractmethod
    def restore(self, tensors: Mapping[str, np.ndarray]) -> Self:
        """Take up what another one learned."""


@dataclass
class Popularity(Scorer):
    """How many baskets an item was in, those of long ago less.

    Args:
        half_life_days: after which a basket counts half; None: all count the same.
    """

    half_life_days: float | None = None

    def fit(self, sequences: Sequences, items: int) -> Self:
        weights = np.ones(len(sequences.items))
        if self.half_life_days is not None and len(weights):
            age = (sequences.seconds.max() - sequences.seconds) / 86_400
            weights = 0.5 ** (age / self.half_life_days)
        self.counts_ = np.bincount(sequences.items, weights, minlength=items + 1)
        return self

    def scores(self, histories: Sequences) -> np.ndarray:
        return _without_padding(np.tile(self.counts_, (len(histories), 1)))

    def tensors(self) -> dict[str, np.ndarray]:
        return {"counts": self.counts_}

    def restore(self, tensors: Mapping[str, np.ndarray]) -> Self:
        self.counts_ = tensors["counts"]
        return self


@dataclass
class BuyAgain(Scorer):
    """What the user took before: often and lately; after that what is popular.

    Args:
        decay: what a basket counts of the one after it.
    """

    decay: float = 0.9

    def fit(self, sequences: Sequences, items: int) -> Self:
        self.popularity_ = Popularity().fit(sequences, items)
        return self

    def scores(self, histories: Sequences) -> np.ndarray:
        counts = self.popularity_.counts_
        own = _weighted(histories, len(counts), self.decay).toarray()
        usual = counts / (counts.max(initial=0) + 1) - 1  # below all that the user took
        return _without_padding(np.where(own > 0, own, usual))

    def tensors(self) -> dict[str, np.ndarray]:
        return self.popularity_.tensors()

    def restore(self, tensors: Mapping[str, np.ndarray]) -> Self:
        self.popularity_ = Popularity().restore(tensors)
        return self


@dataclass
class ItemNeighbours(Scorer):
    """Items that the same users took, by cosine (Sarwar et al. 2001), seen from the latest ones.

    Args:
        decay: what a step of the history counts of the one after it.
        neighbours: how many of each item are kept.
        shrinkage: users that are added below, so that two items of one user are no neighbours.
    """

    decay: float = 0.9
    neighbours: int = 200
    shrinkage: float = 10.0

    def fit(self, sequences: Sequences, items: int) -> Self:
        taken = _counted(sequences.users, sequences.items, len(sequences), items + 1)
        taken.data[:] = 1.0
        users = np.asarray(taken.sum(axis=0)).ravel()
        by_item, kept = taken.T.tocsr(), []
        for start in range(0, items + 1, ROWS):
            together = (by_item[start : start + ROWS] @ taken).tocoo()
            row = together.row + start
            below = np.sqrt(users[row] * users[together.col]) + self.shrinkage
            value = np.where(row == together.col, 0.0, together.data / below)
            block = sparse.csr_matrix((value, (together.row, together.col)), together.shape)
            kept.append(_strongest(block, self.neighbours))
        self.similar_ = sparse.vstack(kept, format="csr")
        return self

    def scores(self, histories: Sequences) -> np.ndarray:
        weights = _weighted(histories, self.similar_.shape[0], self.decay)
        return _without_padding((weights @ self.similar_).toarray())

    def likeness(self, codes: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
        found = self.similar_[codes]
        return (found if others is None else found[:, others]).toarray()

    def tensors(self) -> dict[str, np.ndarray]:
        return _parts("similar", self.similar_)

    def restore(self, tensors: Mapping[str, np.ndarray]) -> Self:
        self.similar_ = _whole("similar", tensors)
        return self


@dataclass
class Markov(Scorer):
    """What followed the latest basket elsewhere: a first-order chain over items.

    Args:
        smoothing: how much popularity is mixed in, for items after which little was seen.
        followers: how many of each item are kept.
    """

    smoothing: float = 1.0
    followers: int = 1000

    def fit(self, sequences: Sequences, items: int) -> Self:
        baskets = sequences.baskets
        held = _counted(baskets, sequences.items, int(baskets.max(initial=-1)) + 1, items + 1)
        held.data[:] = 1.0
        owner = np.zeros(held.shape[0], dtype=int)
        owner[baskets] = sequences.users
        before = np.flatnonzero(owner[:-1] == owner[1:])
        follows = (held[before].T @ held[before + 1]).tocsr()
        seen = np.asarray(held[before].sum(axis=0)).ravel()
        below = np.maximum(seen + self.smoothing, 1e-9)
        self.follows_ = _strongest(
            sparse.csr_matrix(sparse.diags(1 / below) @ follows), self.followers
        )
        self.rest_ = self.smoothing / below
        self.popularity_ = Popularity().fit(sequences, items)
        return self

    def scores(self, histories: Sequences) -> np.ndarray:
        counts = self.popularity_.counts_
        usual = counts / max(counts.sum(), 1.0)
        latest = _weighted(histories, len(counts), 0.0)
        found = (latest @ self.follows_).toarray() + np.outer(latest @ self.rest_, usual)
        none = histories.lengths == 0
        found[none] = usual
        return _without_padding(found)

    def likeness(self, codes: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
        found = self.follows_[codes]
        return (found if others is None else found[:, others]).toarray()

    def tensors(self) -> dict[str, np.ndarray]:
        parts = _parts("follows", self.follows_)
        return {**parts, "rest": self.rest_, **self.popularity_.tensors()}

    def restore(self, tensors: Mapping[str, np.ndarray]) -> Self:
        self.follows_, self.rest_ = _whole("follows", tensors), tensors["rest"]
        self.popularity_ = Popularity().restore(tensors)
        return self


def _parts(name: str, matrix: sparse.csr_matrix) -> dict[str, np.ndarray]:
    """Return a square matrix as tensors, half as long in half precision."""
    return {
        f"{name}.values": matrix.data.astype(np.float16),
        f"{name}.columns": matrix.indices.astype(
            np.uint16 if matrix.shape[1] <= 2**16 else np.int32
        ),
        f"{name}.starts": matrix.indptr.astype(np.int64),
    }


def _whole(name: str, tensors: Mapping[str, np.ndarray]) -> sparse.csr_matrix:
    values, columns, starts = (
        tensors[f"{name}.{part}"] for part in ("values", "columns", "starts")
    )
    size = len(starts) - 1
    return sparse.csr_matrix((values.astype(np.float32), columns, starts), (size, size))


def _counted(rows: np.ndarray, items: np.ndarray, count: int, width: int) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, items)), (count, width))


def _weighted(histories: Sequences, width: int, decay: float) -> sparse.csr_matrix:
    """Return what each item counts for each user: decay to the power of how many baskets ago."""
    baskets = histories.baskets
    ends = histories.starts[1:] - 1
    last = baskets[ends[histories.users]] if len(baskets) else baskets
    values = np.power(decay, last - baskets, dtype=np.float64)
    return sparse.csr_matrix((values, (histories.users, histories.items)), (len(histories), width))


def _strongest(matrix: sparse.csr_matrix, count: int) -> sparse.csr_matrix:
    """Return the largest values of each row; of equal ones the lower column stays."""
    matrix.sum_duplicates()
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    place = np.arange(len(order)) - matrix.indptr[rows[order]]
    kept = order[(place < count) & (matrix.data[order] > 0)]
    return sparse.csr_matrix(
        (matrix.data[kept].astype(np.float32), (rows[kept], matrix.indices[kept])), matrix.shape
    )


def _without_padding(scores: np.ndarray) -> np.ndarray:
    found = scores.astype(np.float32)
    found[:, 0] = -np.inf
    return found
