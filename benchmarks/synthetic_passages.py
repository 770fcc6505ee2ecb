"""Passages by the million, made after real ones, for ``index_documents.py``."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from deepfield_chatbot.contents import PASSAGES, Contents, Entry

__all__ = ["synthetic"]

JITTER = 0.75
"""The length of what is added to a vector, beside its own of 1."""
TERMS, OFFSET = 500_000, 10
"""Different terms at most, and of how many the commonest are about equally common."""
STEP = 100_000
"""Vectors, or terms by the hundred, that are made at once."""


def synthetic(real: Contents, count: int, chance: np.random.Generator) -> Contents:
    """Return so many passages in one document, each made after a real one."""
    drawn = chance.integers(len(real), size=count)
    parts = real.passages["parts"].to_numpy()[drawn].astype(np.int64)
    starts = np.cumsum(parts) - parts
    sources = np.repeat(real.ranges[0][drawn] - starts, parts) + np.arange(parts.sum())
    lists = real.passages["terms"].combine_chunks()
    counts = np.bincount(lists.flatten().to_numpy(), minlength=len(real.terms))
    known = [real.terms[place] for place in np.argsort(-counts, kind="stable")][:TERMS]
    terms = (*known, *(f"term{number}" for number in range(TERMS - len(known))))
    passages = real.passages.drop_columns(["terms"]).combine_chunks().take(pa.array(drawn))
    columns = {name: passages[name] for name in passages.column_names}
    columns["document"] = pa.array(np.zeros(count, np.int32))
    columns["first_part"] = pa.array(starts)
    lengths = lists.value_lengths().to_numpy()[drawn].astype(np.int64)
    columns["terms"] = pa.ListArray.from_arrays(
        pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)),
        pa.array(by_zipf(int(lengths.sum()), chance)),
    )
    table = pa.table([columns[name] for name in PASSAGES.names], schema=PASSAGES)
    entry = Entry("made", "text", "", "", 0, count, len(sources))
    return Contents((entry,), ("",), table, jittered(real.vectors, sources, chance), terms)


def by_zipf(count: int, chance: np.random.Generator) -> np.ndarray:
    """Draw numbers of terms, the commonest first (Zipf 1949, with Mandelbrot's offset)."""
    edges = np.cumsum(1 / (np.arange(TERMS) + OFFSET))
    numbers = np.empty(count, dtype=np.int32)
    for start in range(0, count, 100 * STEP):
        some = numbers[start : start + 100 * STEP]
        some[:] = np.searchsorted(edges, chance.random(len(some)) * edges[-1])
    return numbers


def jittered(real: np.ndarray, sources: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Return vectors near real ones, moved as those vary; (sources, 384) float16."""
    covariance = np.cov(real.astype(np.float64).T) + 1e-8 * np.eye(real.shape[1])
    root = np.linalg.cholesky(covariance / np.trace(covariance)).astype(np.float32)
    vectors = np.empty((len(sources), real.shape[1]), dtype=np.float16)
    for start in range(0, len(sources), STEP):
        some = real[sources[start : start + STEP]].astype(np.float32)
        some += JITTER * chance.standard_normal(some.shape, dtype=np.float32) @ root.T
        some /= np.linalg.norm(some, axis=1, keepdims=True)
        vectors[start : start + STEP] = some
    return vectors
