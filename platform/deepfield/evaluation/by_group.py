"""Draw whole groups with replacement: how would figures that are made of sums vary with others?"""

from __future__ import annotations

import numpy as np

from deepfield.evaluation.resampling import LEVEL, RESAMPLES, WEIGHTS, Figure

__all__ = ["drawn_sums", "figure_between", "percentiles", "ratio"]


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


def figure_between(name: str, value: float, low: float, high: float, of: str = "") -> Figure:
    """Return a figure; one that no draw varies has no interval."""
    if np.isclose(low, high, rtol=1e-9, atol=0):  # "1.000 to 1.000" claims what nobody knows
        low = high = float("nan")
    return Figure(name, float(value), float(low), float(high), of)


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return shares, NaN where there is nothing to have a share of."""
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)
