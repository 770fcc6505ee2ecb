"""Figures of lists with 95 % intervals, and how far a model is ahead of the baselines.

Whole groups are drawn, and the same ones for the model and all baselines: differences are of pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from deepfield.evaluation.by_group import drawn_sums, figure_between, percentiles, ratio
from deepfield.evaluation.ranking.figures import found_in, ranking_figures
from deepfield.evaluation.ranking.lists import Lists
from deepfield.evaluation.resampling import Figure, binomial_interval
from deepfield.evaluation.tenths import by_tenth, calibration_error, gaps

__all__ = ["COMPARED", "Hidden", "calibration", "compared", "hits_by_length"]

COMPARED = ("ndcg", "recall", "hit", "mrr", "popularity")
"""Figures that are means over groups, whoever made the lists: of these there is a difference."""
PROPORTIONS = ("hit", "answered", "hit_when_answered")


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
    apart = _gaps(lists, hidden)
    above = np.stack([sums[key][0] for key in keys], axis=1)
    below = np.stack([sums[key][1] for key in keys], axis=1)
    drawn = drawn_sums(np.concatenate([above, below, apart], axis=1))
    drawn_figures = ratio(drawn[:, : len(keys)], drawn[:, len(keys) : 2 * len(keys)])
    values = ratio(above.sum(axis=0), below.sum(axis=0))
    figures = []
    for place, (name, of) in enumerate(keys):
        low, high = percentiles(drawn_figures[:, place])
        if name in PROPORTIONS and values[place] in (0.0, 1.0):
            low, high = binomial_interval(values[place], int(below[:, place].sum()))
        figures.append(figure_between(name, values[place], low, high, of))
    for of, codes in {"": lists.codes, **baselines}.items():
        there = len(np.unique(codes[(codes > 0) & (codes <= size)]))
        figures.append(Figure("coverage", there / size, np.nan, np.nan, of))
    if apart[:, -1].any():
        error = calibration_error(apart.sum(axis=0, keepdims=True))[0]
        low, high = percentiles(calibration_error(drawn[:, 2 * len(keys) :]))
        figures.append(figure_between("ece", error, low, high))
    leads = []
    for of in baselines:
        for name in COMPARED:
            ours, theirs = keys.index((name, "")), keys.index((name, of))
            low, high = percentiles(drawn_figures[:, ours] - drawn_figures[:, theirs])
            leads.append(figure_between(name, values[ours] - values[theirs], low, high, of))
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
    taken = found_in(lists.codes, hidden.groups, hidden.items)
    return by_tenth(_said(lists).ravel(), taken.ravel())


def _gaps(lists: Lists, hidden: Hidden) -> np.ndarray:
    """Return ``gaps`` of the items of each list, (groups, tenths + 1)."""
    taken = found_in(lists.codes, hidden.groups, hidden.items)
    count, k = taken.shape
    return gaps(np.repeat(np.arange(count), k), _said(lists).ravel(), taken.ravel(), count)


def _said(lists: Lists) -> np.ndarray:
    """Return the probabilities of items, (groups, k): NaN where a list is shorter, or says none."""
    return np.where(lists.codes > 0, lists.probabilities, np.nan)
