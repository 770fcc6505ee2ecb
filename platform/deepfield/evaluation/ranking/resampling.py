"""Draw whole groups with replacement: how would figures of lists vary with others?"""

from __future__ import annotations

import numpy as np

from deepfield.evaluation.resampling import LEVEL, RESAMPLES, WEIGHTS

__all__ = ["drawn_sums", "percentiles"]


def drawn_sums(columns: np.ndarray, draws: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Return sums over groups drawn with replacement, (groups, columns) -> (draws, columns).

    All columns are of the same draws, so that their differences are of pairs.
    """
    generator = np.random.default_rng(seed)
    count = len(columns)
    found = []
    step = max(1, WEIGHTS // count)
    for start in range(0, draws, step):
        size = min(step, draws - start)
        picks = generator.integers(0, count, (size, count))
        picks += count * np.arange(size)[:, None]
        weights = np.bincount(picks.ravel(), minlength=size * count).reshape(size, count)
        found.append(weights.astype(float) @ columns)
    return np.concatenate(found)


def percentiles(drawn: np.ndarray) -> tuple[float, float]:
    """Return the interval in which 95 % of the draws lie; NaN where none is known."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
