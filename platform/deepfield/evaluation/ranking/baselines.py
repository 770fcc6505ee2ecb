"""The simplest lists that a model must beat, made from the same rows that it is told."""

from __future__ import annotations

import numpy as np

__all__ = ["BASELINES", "again", "popular", "popular_new", "shares"]

BASELINES = {
    "popular": "most popular",
    "popular_new": "most popular, not taken before",
    "again": "most recently taken",
}
"""Each baseline's name for people."""


def shares(items: np.ndarray, size: int) -> np.ndarray:
    """Return the share of rows that each code has, (size + 1,); that of no item is 0."""
    counts = np.bincount(items, minlength=size + 1)[: size + 1].astype(float)
    counts[0] = 0
    return counts / max(counts.sum(), 1)


def popular(share: np.ndarray, groups: int, k: int) -> np.ndarray:
    """Return the same most popular items for each group, (groups, k)."""
    best = _by_popularity(share)[:k]
    return np.tile(np.pad(best, (0, k - len(best))), (groups, 1)).astype(np.int32)


def popular_new(
    share: np.ndarray, groups: np.ndarray, items: np.ndarray, count: int, k: int
) -> np.ndarray:
    """Return for each group the most popular items that it did not take before, (count, k).

    Args:
        groups: (n,) whose each row is, from 0.
        items: (n,) what was taken.
    """
    order = _by_popularity(share)
    rank = np.full(len(share), -1)
    rank[order] = np.arange(len(order))
    named = items > 0
    taken = np.unique(groups[named].astype(np.int64) * len(share) + rank[items[named]])
    group, place = taken // len(share), taken % len(share)
    nth = np.arange(len(group)) - np.searchsorted(group, group)
    # As many items that are new as come before the nth that was taken.
    before = np.bincount(group * (k + 1) + np.minimum(place - nth, k), minlength=count * (k + 1))
    skipped = np.cumsum(before.reshape(count, k + 1)[:, :k], axis=1)
    places = np.arange(k) + skipped
    there = places < len(order)
    return np.where(there, order[np.where(there, places, 0)], 0).astype(np.int32)


def again(groups: np.ndarray, items: np.ndarray, count: int, k: int) -> np.ndarray:
    """Return what each group took last, each item once, the latest first, (count, k).

    Args:
        groups: (n,) whose each row is, from 0, rising.
        items: (n,) what was taken, in order.
    """
    size = int(items.max(initial=0)) + 1
    keys = groups[::-1].astype(np.int64) * size + items[::-1]
    _, first = np.unique(keys, return_index=True)
    latest = np.sort(first)
    group, item = groups[::-1][latest], items[::-1][latest]
    group, item = group[item > 0], item[item > 0]
    # Backwards the groups fall.
    nth = np.arange(len(group)) - np.searchsorted(-group, -group)
    lists = np.zeros((count, k), dtype=np.int32)
    kept = nth < k
    lists[group[kept], nth[kept]] = item[kept]
    return lists


def _by_popularity(share: np.ndarray) -> np.ndarray:
    """Return the codes of all that was taken, the most popular first; of equals the lower code."""
    order = np.argsort(-share[1:], kind="stable") + 1
    return order[share[order] > 0]
