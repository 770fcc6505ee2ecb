"""Products found by their names while somebody types, in catalogues of any size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["Found", "Search"]

RANKED = 200
"""Of what is found the most taken, among which what begins with the words comes first."""
TOGETHER = 100_000
"""Names that are looked through before it is asked whether enough were found."""


@dataclass(frozen=True)
class Found:
    """What was found.

    Args:
        codes: of the best items.
        count: how many there are, at least.
        all: whether there are no more than that.
    """

    codes: np.ndarray
    count: int
    all: bool = True


class Search:
    """Finds items whose name, or id, contains each word that was typed.

    Arrow looks through the names, the most taken first, without a Python object for each, and stops
    where enough were found: a million names take some tens of milliseconds.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        taken = vocabulary.items["taken"].to_numpy(dtype=float)
        self._codes = np.argsort(-taken, kind="stable").astype(np.int32) + 1
        order = pa.array(self._codes - 1)
        titles = pa.array(vocabulary.titles, pa.string()).take(order)
        ids = pa.array(vocabulary.ids, pa.string()).take(order)
        self._texts = pc.utf8_lower(pc.binary_join_element_wise(titles, ids, " "))

    def __call__(self, words: str, most: int) -> Found:
        """Return the best items for some words; for none, what is taken most."""
        wanted = words.lower().split()
        if not wanted:
            return Found(self._codes[:most], len(self._codes))
        places: list[np.ndarray] = []
        count = end = 0
        for start in range(0, len(self._codes), TOGETHER):
            end = min(start + TOGETHER, len(self._codes))
            places.append(start + self._matching(self._texts[start:end], wanted))
            count += len(places[-1])
            if count >= RANKED:
                break
        best = np.concatenate([*places, np.zeros(0, dtype=int)])[:RANKED].astype(int)
        begins = pc.starts_with(self._texts.take(pa.array(best)), " ".join(wanted))
        order = np.argsort(~begins.to_numpy(zero_copy_only=False), kind="stable")
        codes = np.concatenate([self._named(words.strip()), self._codes[best[order]]])
        codes = codes[np.sort(np.unique(codes, return_index=True)[1])]
        return Found(codes[:most], max(count, len(codes)), end == len(self._codes))

    def _matching(self, texts: pa.Array, words: list[str]) -> np.ndarray:
        """Return the places of the texts that contain each word."""
        places = np.arange(len(texts))
        for word in sorted(words, key=len, reverse=True):  # the longest leaves the fewest
            found = pc.match_substring(texts, word)
            texts = texts.filter(found)
            places = places[found.to_numpy(zero_copy_only=False)]
        return places

    def _named(self, item: str) -> np.ndarray:
        """Return the code of the item whose id was typed, if there is one."""
        codes = self._vocabulary.codes(pd.Series([item, item.upper()], dtype="str"))
        return codes[codes > 0][:1]
