"""The best of many scores, in order; the same everywhere, ties and all."""

from __future__ import annotations

import numpy as np

__all__ = ["top"]


def top(scores: np.ndarray, count: int) -> np.ndarray:
    """Return the codes of the highest scores, (groups, items + 1) -> (groups, count), best first.

    Of equal scores the lower code comes first; code 0, no item, is never among them. Where fewer
    items are finite than are asked for, 0 fills the list.
    """
    scores = scores[:, 1:]
    count = min(count, scores.shape[1])
    chosen = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    # Which of several equal scores a partition keeps at its rim is chance: all of them compete.
    rim = np.take_along_axis(scores, chosen, axis=1).min(axis=1, keepdims=True)
    for group in np.flatnonzero((scores >= rim).sum(axis=1) > count):
        tied = np.flatnonzero(scores[group] >= rim[group])
        chosen[group] = tied[np.argsort(-scores[group, tied], kind="stable")[:count]]
    values = np.take_along_axis(scores, chosen, axis=1)
    order = np.lexsort((chosen, -values), axis=1)
    codes = np.take_along_axis(chosen, order, axis=1) + 1
    return np.where(np.isfinite(np.take_along_axis(values, order, axis=1)), codes, 0)
