"""Words that describe an item: those of its title, its category, and about what it costs."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["ItemWords", "item_words", "words_of"]

WORD = re.compile(r"[^\W_]+")
STEP = 1.5
"""Prices within such a factor share a word."""


@dataclass(frozen=True)
class ItemWords:
    """Words of several items, those of one item together.

    Args:
        codes: (n,) int64 places in a table of word vectors; words that share one are told apart
            by nothing, of a few thousand words hardly any do.
        starts: (items,) int64, where the words of each item begin.
    """

    codes: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        """Return how many items there are."""
        return len(self.starts)


def item_words(
    titles: Sequence[str | None],
    categories: Sequence[str | None],
    prices: Sequence[float],
    places: int,
) -> ItemWords:
    """Return the words of items, hashed (Weinberger et al. 2009): no list of words is kept.

    Args:
        titles: what is not known is None or empty; a price that is not known is NaN.
        places: how many vectors there are.
    """
    codes: list[int] = []
    starts = []
    for title, category, price in zip(titles, categories, prices, strict=True):
        starts.append(len(codes))
        words = set(WORD.findall(title.lower())) if isinstance(title, str) else set()
        if isinstance(category, str) and category:
            words.add(f"category {category.lower()}")
        if price > 0:
            words.add(f"price {round(np.log(price) / np.log(STEP))}")
        # A checksum, since Python's own hash differs from process to process.
        codes += sorted(zlib.crc32(word.encode()) % places for word in words)
    return ItemWords(np.array(codes, dtype=np.int64), np.array(starts, dtype=np.int64))


def words_of(vocabulary: Vocabulary, places: int) -> ItemWords:
    """Return the words of items 1, 2, … of a vocabulary."""
    items = vocabulary.items
    return item_words(
        items["title"].tolist(),
        items["category"].tolist(),
        items["price"].astype(float).tolist(),
        places,
    )
