"""Figures with 95 % intervals, by the bootstrap: how would they vary with other rows?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from deepfield.evaluation.alike import Cells, cells
from deepfield.evaluation.answers import Answers, Key

__all__ = [
    "LEVEL",
    "RESAMPLES",
    "WEIGHTS",
    "Answers",
    "Figure",
    "binomial_interval",
    "figures_with_intervals",
]

RESAMPLES = 1000
LEVEL = 0.95
MANY = 10_000
"""Rows from which on those that are alike are drawn together."""
WEIGHTS = 4_000_000
"""Weights held at once; more rows mean fewer resamples at a time."""


@dataclass(frozen=True)
class Figure:
    """One figure and its 95 % interval; NaN where the rows do not tell.

    A figure may be known without its interval: see ``figures_with_intervals``.
    """

    name: str
    value: float
    low: float
    high: float
    of: str = ""
    """The class that it is of, against the others; empty: all of them."""


def figures_with_intervals(answers: Answers, seed: int = 0) -> list[Figure]:
    """Return every figure with its percentile-bootstrap interval.

    Rows are drawn with replacement, or whole groups where there are groups: rows of one patient
    are no independent witnesses. Of many rows those that are alike are drawn together: see
    ``cells``. A proportion of just 0 or 1 leaves the bootstrap nothing to vary; it gets the exact
    binomial interval (Clopper and Pearson 1934). Of other figures that no resample varies, an AUC
    of 1 say, nothing tells an interval, and they have none.
    """
    values = answers.measure(np.ones((1, len(answers))))
    drawn = _drawn(answers, values, np.random.default_rng(seed))
    groups = np.arange(len(answers)) if answers.groups is None else answers.groups
    figures = []
    for key, value in values.items():
        low, high = _interval(drawn[key])
        over = answers.counted(key)
        if over is not None and value[0] in (0.0, 1.0):
            low, high = binomial_interval(float(value[0]), len(np.unique(groups[over])))
        elif low == high:  # "1.000 to 1.000" would claim what nobody knows
            low = high = float("nan")
        figures.append(Figure(key[0], float(value[0]), low, high, key[1]))
    return figures


def binomial_interval(share: float, count: int) -> tuple[float, float]:
    """Return the exact interval of a proportion of just 0 or 1 (Clopper and Pearson 1934)."""
    least = ((1 - LEVEL) / 2) ** (1 / max(count, 1))
    return (least, 1.0) if share == 1.0 else (0.0, 1 - least)


def _drawn(
    answers: Answers, values: dict[Key, np.ndarray], generator: np.random.Generator
) -> dict[Key, np.ndarray]:
    """Return every figure of each resample, (resamples,)."""
    alike = cells(answers) if len(answers) > MANY else None
    measured = answers if alike is None else alike.answers
    draw = _draws(answers, alike, generator)
    found: dict[Key, list[np.ndarray]] = {key: [] for key in values}
    step = max(1, WEIGHTS // len(measured))
    for start in range(0, RESAMPLES, step):
        weights = draw(min(step, RESAMPLES - start))
        for key, each in measured.measure(weights).items():
            found[key].append(each)
    drawn = {key: np.concatenate(each) for key, each in found.items()}
    if alike is None:
        return drawn
    # Scores were rounded to make rows alike; the figures themselves were not.
    rounded = measured.measure(alike.counts[None, :])
    shift = {key: np.nan_to_num(values[key][0] - rounded[key][0]) for key in values}
    return {key: each + shift[key] for key, each in drawn.items()}


def _draws(
    answers: Answers, alike: Cells | None, generator: np.random.Generator
) -> Callable[[int], np.ndarray]:
    """Return what draws that many resamples: weights of the rows, or of the cells of alike ones."""
    count = len(answers)
    if alike is not None and answers.groups is None:
        # How often rows of each cell are among n rows drawn with replacement.
        share = alike.counts / count
        return lambda size: generator.multinomial(count, share, size).astype(float)
    groups = np.arange(count) if answers.groups is None else answers.groups
    units = int(groups.max()) + 1
    held: csr_array | None = None
    if alike is not None:  # (groups, cells): rows of each
        where = (np.ones(count), (groups, alike.cell))
        held = csr_array(where, shape=(units, len(alike.counts)))

    def draw(size: int) -> np.ndarray:
        picks = generator.integers(0, units, (size, units)) + units * np.arange(size)[:, None]
        weights = np.bincount(picks.ravel(), minlength=size * units).reshape(size, units)
        return (weights[:, groups] if held is None else weights @ held).astype(float)

    return draw


def _interval(drawn: np.ndarray) -> tuple[float, float]:
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
