"""Texts as numbers: the word pieces of the MiniLM that the encoder and the reader share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer

__all__ = ["CLS", "PAD", "SEP", "open_tokenizer", "padded"]

PAD, CLS, SEP = 0, 101, 102


@lru_cache(maxsize=4)
def open_tokenizer(file: Path) -> Tokenizer:
    """Return the tokenizer of a file, cutting and padding nothing; never change it.

    A text that holds "[SEP]" or "[PAD]" holds these letters: it cannot end its own passage.
    """
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return tokenizer


def padded(encodings: Sequence[Encoding | Sequence[int]], longest: int) -> np.ndarray:
    """Return ids (n, length) int64, cut at ``longest`` and as long as the longest that is left.

    What is cut keeps its closing separator.
    """
    rows = [each.ids if isinstance(each, Encoding) else each for each in encodings]
    length = min(longest, max(map(len, rows)))
    ids = np.full((len(rows), length), PAD, dtype=np.int64)
    for place, row in enumerate(rows):
        kept = row if len(row) <= length else [*row[: length - 1], SEP]
        ids[place, : len(kept)] = kept
    return ids
