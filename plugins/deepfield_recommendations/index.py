"""The best items for many users, without looking at every item where there are a great many.

The product of a user's vector with every item's costs as much as there are items. To 50,000 of them
that is nothing; beyond, items are put into cells by k-means and only the nearest cells are searched
(an inverted file, Sivic and Zisserman 2003; FAISS, Johnson et al. 2019): with four times the square
root of n cells the work grows with that root.
"""

from __future__ import annotations

import hashlib
import logging
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

from deepfield.best import top
from deepfield.folders import cache_folder

__all__ = ["CellIndex", "ExactIndex", "ItemIndex", "open_index"]

log = logging.getLogger(__name__)

MANY = 50_000
"""Items from which on cells are searched."""
LEARNED_FROM = 200_000
"""Items that cells are learned from."""
PROBED, LEAST_PROBED = 1 / 64, 16
"""The share of cells that is searched, and how many at least; recall is in the benchmark."""
ROWS = 256
"""Users whose products with all items are held at once."""


class ItemIndex(ABC):
    """Finds the items whose vectors have the largest products with a user's."""

    @abstractmethod
    def search(
        self, vectors: np.ndarray, count: int, allowed: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return codes and products, the largest first, (users, count) each; 0 and -inf fill.

        Args:
            vectors: (users, width) float32.
            allowed: (items + 1,) which may be found; None: all.
        """


class ExactIndex(ItemIndex):
    """Every product is computed.

    Args:
        items: (items + 1, width) float32; row 0 stands for no item and is never found.
    """

    def __init__(self, items: np.ndarray) -> None:
        self.items = items

    def search(
        self, vectors: np.ndarray, count: int, allowed: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        parts = []
        for start in range(0, len(vectors), ROWS):
            products = vectors[start : start + ROWS] @ self.items.T
            products[:, 0] = -np.inf
            if allowed is not None:
                products[:, ~allowed] = -np.inf
            codes = top(products, count)
            found = np.take_along_axis(products, codes, axis=1)
            parts.append((codes, np.where(codes > 0, found, -np.inf)))
        codes, products = (np.concatenate(each) for each in zip(*parts, strict=True))
        return codes, products


class CellIndex(ItemIndex):
    """The nearest cells are searched; of what lies in others nothing is found."""

    def __init__(self, index: Any) -> None:
        self.index = index

    @classmethod
    def build(cls, items: np.ndarray) -> CellIndex:
        """Make cells of vectors, (items + 1, width) float32: about a minute for a million."""
        import faiss

        cells = max(1, int(4 * len(items) ** 0.5))
        kind = f"IVF{cells},Flat"
        index: Any = faiss.index_factory(items.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
        index.cp.min_points_per_centroid = 1  # it would warn of what is meant
        generator = np.random.default_rng(0)
        some = 1 + generator.choice(
            len(items) - 1, min(LEARNED_FROM, len(items) - 1), replace=False
        )
        index.train(np.ascontiguousarray(items[np.sort(some)]))
        index.add_with_ids(np.ascontiguousarray(items[1:]), np.arange(1, len(items)))
        return cls(index)

    def search(
        self, vectors: np.ndarray, count: int, allowed: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        import faiss

        cells = self.index.nlist
        parameters = faiss.SearchParametersIVF()
        parameters.nprobe = min(cells, max(LEAST_PROBED, int(cells * PROBED)))
        if allowed is not None:  # rare items may lie anywhere: then every cell is looked into
            chosen = faiss.IDSelectorBatch(np.flatnonzero(allowed))
            parameters.nprobe, parameters.sel = cells, chosen
        products, codes = self.index.search(
            np.ascontiguousarray(vectors, dtype=np.float32), count, params=parameters
        )
        missing = codes < 0
        return np.where(missing, 0, codes), np.where(missing, -np.inf, products)


def open_index(items: np.ndarray) -> ItemIndex:
    """Return the index that fits the number of items; cells are made once and kept in the cache."""
    if len(items) <= MANY:
        return ExactIndex(items)
    import faiss

    key = hashlib.sha256(np.ascontiguousarray(items).tobytes()).hexdigest()[:24]
    path: Path = cache_folder() / "indexes" / f"{key}.faiss"
    if path.is_file():
        return CellIndex(faiss.read_index(str(path)))
    log.info("Making an index of %s items; this is done once.", f"{len(items) - 1:,}")
    found = CellIndex.build(items)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    faiss.write_index(found.index, str(part))
    part.replace(path)
    return found
