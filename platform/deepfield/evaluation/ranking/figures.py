"""Figures of lists on plain arrays, group by group, so that differences can be resampled.

Items are codes from 1 on; 0 fills a list that is shorter than the longest.
"""

from __future__ import annotations

import numpy as np

from deepfield.best import top
from deepfield.evaluation.by_group import drawn_sums, percentiles

__all__ = ["found_in", "margin", "ranking_figures", "top"]


def found_in(lists: np.ndarray, groups: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return which places of each list hold what the group then took, (groups, k) bool.

    Args:
        lists: (groups, k) codes, best first, each code once; 0 fills.
        groups: (n,) the places in ``lists`` of those who took …
        codes: … these items, (n,).
    """
    keys, most = _keys(lists, groups, codes)
    own = np.arange(len(lists), dtype=np.int64)[:, None] * most + lists
    return np.isin(own, keys) & (lists > 0)


def ranking_figures(
    lists: np.ndarray, groups: np.ndarray, codes: np.ndarray
) -> dict[str, np.ndarray]:
    """Return figures of each group's list against what the group then took.

    Args:
        lists: (groups, k) codes, best first, each code once; 0 fills.
        groups: (n,) the places in ``lists`` of those who took …
        codes: … these items, (n,); at least one for each list, and one twice counts once.

    Returns:
        ``ndcg`` (discounted by log2 of the rank + 1 over the best that a list of k could reach;
        Järvelin and Kekäläinen 2002), ``recall`` (share of what was taken that is in the list),
        ``hit`` (whether any is) and ``mrr`` (1 over the rank of the first that is), each (groups,).
    """
    keys, most = _keys(lists, groups, codes)
    number = np.bincount(keys // most, minlength=len(lists))
    found = found_in(lists, groups, codes)
    ranks = np.arange(1, lists.shape[1] + 1)
    gains = 1 / np.log2(ranks + 1)
    ideal = np.cumsum(gains)[np.minimum(number, len(ranks)) - 1]
    hit = found.any(axis=1)
    return {
        "ndcg": (found * gains).sum(axis=1) / ideal,
        "recall": found.sum(axis=1) / number,
        "hit": hit.astype(float),
        "mrr": np.where(hit, 1 / ranks[found.argmax(axis=1)], 0.0),
    }


def margin(
    ours: np.ndarray, theirs: np.ndarray, draws: int = 1000, seed: int = 0
) -> tuple[float, float, float]:
    """Return the mean difference of a figure and its 95 % bootstrap interval over groups."""
    difference = ours - theirs
    drawn = drawn_sums(difference[:, None], draws, seed)[:, 0] / len(difference)
    return (float(difference.mean()), *percentiles(drawn))


def _keys(lists: np.ndarray, groups: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, int]:
    """Return a number for each group and item that it took, each once, and what numbers groups."""
    most = int(max(lists.max(initial=0), codes.max(initial=0))) + 1
    return np.unique(groups.astype(np.int64) * most + codes), most
