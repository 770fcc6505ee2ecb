"""How good lists of recommendations are, user by user, so that differences can be resampled."""

from __future__ import annotations

import numpy as np
from scipy.stats import bootstrap

from deepfield_recommendations.sequences import Sequences

__all__ = ["margin", "ranking_figures", "top"]


def top(scores: np.ndarray, count: int) -> np.ndarray:
    """Return the codes of the highest scores, (users, items + 1) -> (users, count), best first.

    Of equal scores the lower code comes first; code 0, no item, is never among them. Where fewer
    items are finite than are asked for, 0 fills the list.
    """
    scores = scores[:, 1:]
    count = min(count, scores.shape[1])
    chosen = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    # Which of several equal scores a partition keeps at its rim is chance: all of them compete.
    rim = np.take_along_axis(scores, chosen, axis=1).min(axis=1, keepdims=True)
    for user in np.flatnonzero((scores >= rim).sum(axis=1) > count):
        tied = np.flatnonzero(scores[user] >= rim[user])
        chosen[user] = tied[np.argsort(-scores[user, tied], kind="stable")[:count]]
    values = np.take_along_axis(scores, chosen, axis=1)
    order = np.lexsort((chosen, -values), axis=1)
    codes = np.take_along_axis(chosen, order, axis=1) + 1
    return np.where(np.isfinite(np.take_along_axis(values, order, axis=1)), codes, 0)


def ranking_figures(lists: np.ndarray, wanted: Sequences) -> dict[str, np.ndarray]:
    """Return figures of each user's list against what the user then took.

    Args:
        lists: (users, k) codes, best first; 0 fills.
        wanted: what each user took, at least one item each; the same item twice counts once.

    Returns:
        ``recall`` (share of what was taken that is in the list), ``hit`` (whether any is) and
        ``ndcg`` (discounted by log2 of the rank + 1 over the best that a list of k could reach;
        Järvelin and Kekäläinen 2002), each (users,).
    """
    users, k = lists.shape
    most = int(max(lists.max(initial=0), wanted.items.max(initial=0))) + 1
    keys = np.unique(wanted.users * most + wanted.items)
    number = np.bincount(keys // most, minlength=users)
    found = np.isin(np.arange(users)[:, None] * most + lists, keys) & (lists > 0)
    gains = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(gains)[np.minimum(number, k) - 1]
    return {
        "recall": found.sum(axis=1) / number,
        "hit": found.any(axis=1).astype(float),
        "ndcg": (found * gains).sum(axis=1) / ideal,
    }


def margin(
    ours: np.ndarray, theirs: np.ndarray, draws: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """Return the mean difference of a figure and its 95 % bootstrap interval over users."""
    difference = ours - theirs
    found = bootstrap(
        (difference,), np.mean, n_resamples=draws, batch=100, method="percentile", rng=seed
    ).confidence_interval
    return float(difference.mean()), float(found.low), float(found.high)
