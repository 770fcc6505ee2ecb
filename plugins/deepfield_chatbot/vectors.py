"""The nearest vectors: every one is looked at, up to a number where cells pay."""

from __future__ import annotations

import hashlib
import logging
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

from deepfield.folders import cache_folder

__all__ = ["MANY", "CellVectors", "ExactVectors", "Vectors", "open_vectors"]

log = logging.getLogger(__name__)

MANY = 100_000
"""Vectors from which on cells are searched."""
LEARNED_FROM = 100_000
PROBED = 1 / 32
"""The share of cells that is searched."""


class Vectors(ABC):
    """Finds vectors of length 1 by their cosine with a question's.

    Args:
        vectors: (n, width) float32 or float16.
    """

    def __init__(self, vectors: np.ndarray) -> None:
        self.vectors = vectors
        # Mean and spread of the cosines of any question with all vectors follow from these.
        some = vectors[:: max(1, len(vectors) // MANY)].astype(np.float32)
        self.mean = some.mean(axis=0)  # (width,)
        centred = some - self.mean
        self.covariance = centred.T @ centred / len(some)  # (width, width)

    def spread(self, question: np.ndarray) -> tuple[float, float]:
        """Return mean and standard deviation of the cosines with all vectors."""
        variance = float(question @ self.covariance @ question)
        return float(question @ self.mean), max(variance, 1e-12) ** 0.5

    def cosines(self, question: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return the cosines with some vectors, (places,)."""
        return self.vectors[places].astype(np.float32) @ question

    @abstractmethod
    def nearest(self, question: np.ndarray, count: int) -> np.ndarray:
        """Return the places of the nearest vectors, in any order."""


class ExactVectors(Vectors):
    """Looks at every vector."""

    def __init__(self, vectors: np.ndarray) -> None:
        super().__init__(vectors.astype(np.float32, copy=False))

    def nearest(self, question: np.ndarray, count: int) -> np.ndarray:
        cosines = self.vectors @ question
        count = min(count, len(cosines))
        return np.argpartition(-cosines, count - 1)[:count]


class CellVectors(Vectors):
    """Looks into the nearest cells of k-means (Sivic and Zisserman 2003), by FAISS."""

    def __init__(self, vectors: np.ndarray, index: Any) -> None:
        super().__init__(vectors)
        self.index = index

    @classmethod
    def build(cls, vectors: np.ndarray) -> CellVectors:
        """Make cells; vectors are held in float16, 768 bytes each."""
        import faiss

        cells = max(1, int(2 * len(vectors) ** 0.5))
        kind = f"IVF{cells},SQfp16"
        index: Any = faiss.index_factory(vectors.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
        index.cp.min_points_per_centroid = 1  # it would warn of what is meant
        some = np.random.default_rng(0).permutation(len(vectors))[:LEARNED_FROM]
        index.train(vectors[np.sort(some)].astype(np.float32))
        for start in range(0, len(vectors), LEARNED_FROM):
            index.add(vectors[start : start + LEARNED_FROM].astype(np.float32))
        return cls(vectors, index)

    def nearest(self, question: np.ndarray, count: int) -> np.ndarray:
        import faiss

        probes = max(16, int(self.index.nlist * PROBED))
        parameters = faiss.SearchParametersIVF()
        parameters.nprobe = min(probes, self.index.nlist)
        _, found = self.index.search(question[None], count, params=parameters)
        return found[0][found[0] >= 0]


def open_vectors(vectors: np.ndarray) -> Vectors:
    """Return what fits the number of vectors; cells are made once and kept in the cache."""
    if len(vectors) <= MANY:
        return ExactVectors(vectors)
    import faiss

    key = hashlib.sha256(np.ascontiguousarray(vectors).data).hexdigest()[:24]
    path: Path = cache_folder() / "indexes" / f"{key}.faiss"
    if path.is_file():
        return CellVectors(vectors, faiss.read_index(str(path)))
    log.info("Making an index of %s vectors; this is done once.", f"{len(vectors):,}")
    found = CellVectors.build(vectors)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    faiss.write_index(found.index, str(part))
    part.replace(path)
    return found
