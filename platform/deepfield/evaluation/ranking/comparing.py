"""Figures of lists with 95 % intervals, and how far a model is ahead of the baselines.

Whole groups are drawn, and the same ones for the model and all baselines: differences are of pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from deepfield.evaluation.ranking.figures import found_in, ranking_figures
from deepfield.evaluation.ranking.lists import Lists
from deepfield.evaluation.ranking.resampling import drawn_sums, percentiles
from deepfield.evaluation.resampling import Figure, binomial_interval

__all__ = ["COMPARED", "Hidden", "calibration", "compared", "hits_by_length"]

COMPARED = ("ndcg", "recall", "hit", "mrr", "popularity")
"""Figures that are means over groups, whoever made the lists: of these there is a difference."""
PROPORTIONS = ("hit", "answered", "hit_when_answered")
TENTHS = 10


@dataclass(frozen=True)
class Hidden:
    """What groups took at the moment that was hidden."""

    groups: np.ndarray
    """(n,) whose it is: a place among the lists."""
    items: np.ndarray
    """(n,) codes."""


def compared(
    lists: Lists, baselines: dict[str, np.ndarray], hidden: Hidden, share: np.ndarray, size: int
) -> tuple[list[Figure], list[Figure]]:
    """Return every figure of the model and of the baselines, and the differences.

    Args:
        baselines: name -> (groups, k) codes.
        share: (size + 1,) of the rows that each code has, of which the popularity is the mean.
        size: items of the log.
    """
    sums: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
    for of, codes in {"": lists.codes, **baselines}.items():
        for name, values in ranking_figures(codes, hidden.groups, hidden.items).items():
            sums[name, of] = values, np.ones(len(codes))
        known = (codes > 0) & (codes <= size)
        length = known.sum(axis=1)
        total = np.where(known, share[np.where(known, codes, 0)], 0.0).sum(axis=1)
        mean = np.divide(total, length, out=np.zeros(len(codes)), where=length > 0)
        sums["popularity", of] = mean, (length > 0).astype(float)
    answered = (lists.trust == "ok").astype(float)
    sums["answered", ""] = answered, np.ones(len(answered))
    sums["hit_when_answered", ""] = sums["hit", ""][0] * answered, answered
    keys = list(sums)
    gaps = _gaps(lists, hidden)
    above = np.stack([sums[key][0] for key in keys], axis=1)
    below = np.stack([sums[key][1] for key in keys], axis=1)
    drawn = drawn_sums(np.concatenate([above, below, gaps], axis=1))
    drawn_figures = _ratio(drawn[:, : len(keys)], drawn[:, len(keys) : 2 * len(keys)])
    values = _ratio(above.sum(axis=0), below.sum(axis=0))
    figures = []
    for place, (name, of) in enumerate(keys):
        low, high = percentiles(drawn_figures[:, place])
        if name in PROPORTIONS and values[place] in (0.0, 1.0):
            low, high = binomial_interval(values[place], int(below[:, place].sum()))
        figures.append(_figure(name, values[place], low, high, of))
    for of, codes in {"": lists.codes, **baselines}.items():
        there = len(np.unique(codes[(codes > 0) & (codes <= size)]))
        figures.append(Figure("coverage", there / size, np.nan, np.nan, of))
    if gaps[:, -1].any():
        error = _calibration_error(gaps.sum(axis=0, keepdims=True))[0]
        low, high = percentiles(_calibration_error(drawn[:, 2 * len(keys) :]))
        figures.append(_figure("ece", error, low, high))
    leads = []
    for of in baselines:
        for name in COMPARED:
            ours, theirs = keys.index((name, "")), keys.index((name, of))
            low, high = percentiles(drawn_figures[:, ours] - drawn_figures[:, theirs])
            leads.append(_figure(name, values[ours] - values[theirs], low, high, of))
    return figures, leads


def hits_by_length(all_lists: dict[str, np.ndarray], hidden: Hidden) -> pd.DataFrame:
    """Return hit rate and recall of the first places alone: of, length, hit, recall."""
    number = np.bincount(hidden.groups)
    parts = []
    for of, codes in all_lists.items():
        found = np.cumsum(found_in(codes, hidden.groups, hidden.items), axis=1)
        parts.append(
            pd.DataFrame(
                {
                    "of": of,
                    "length": np.arange(1, codes.shape[1] + 1),
                    "hit": (found > 0).mean(axis=0),
                    "recall": (found / number[:, None]).mean(axis=0),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def calibration(lists: Lists, hidden: Hidden) -> pd.DataFrame | None:
    """Return how often items were taken, by the tenth that their probability lies in, or None."""
    said = np.isfinite(lists.probabilities) & (lists.codes > 0)
    if not said.any():
        return None
    chances = lists.probabilities[said]
    taken = found_in(lists.codes, hidden.groups, hidden.items)[said].astype(float)
    place = _tenth(chances)
    frame = pd.DataFrame({"place": place, "confidence": chances, "accuracy": taken})
    found = frame.groupby("place").agg(
        confidence=("confidence", "mean"), accuracy=("accuracy", "mean"), rows=("place", "size")
    )
    found.insert(0, "from", found.index / TENTHS)
    found.insert(1, "to", (found.index + 1) / TENTHS)
    return found.reset_index(drop=True)


def _gaps(lists: Lists, hidden: Hidden) -> np.ndarray:
    """Return for each group how far what was taken and what was said differ, by tenths.

    (groups, tenths + 1); the last column counts the items that say a probability.
    """
    said = np.isfinite(lists.probabilities) & (lists.codes > 0)
    taken = found_in(lists.codes, hidden.groups, hidden.items)
    count = len(said)
    group = np.repeat(np.arange(count), said.sum(axis=1))
    chances = lists.probabilities[said]
    where = group * TENTHS + _tenth(chances)
    gaps = np.bincount(where, taken[said] - chances, minlength=count * TENTHS)
    return np.column_stack([gaps.reshape(count, TENTHS), said.sum(axis=1)])


def _calibration_error(gaps: np.ndarray) -> np.ndarray:
    return _ratio(np.abs(gaps[:, :-1]).sum(axis=1), gaps[:, -1])


def _tenth(chances: np.ndarray) -> np.ndarray:
    return np.clip((chances * TENTHS).astype(int), 0, TENTHS - 1)


def _figure(name: str, value: float, low: float, high: float, of: str = "") -> Figure:
    if np.isclose(low, high, rtol=1e-9, atol=0):  # "1.000 to 1.000" claims what nobody knows
        low = high = float("nan")
    return Figure(name, float(value), float(low), float(high), of)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)
