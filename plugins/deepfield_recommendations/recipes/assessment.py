"""Figures of a model on the month that it did not learn from, beside what needs no network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from deepfield.best import top
from deepfield.evaluation.ranking.figures import found_in, margin, ranking_figures
from deepfield_recommendations.baselines import BuyAgain, ItemNeighbours, Markov, Popularity
from deepfield_recommendations.likelihood import Likelihood
from deepfield_recommendations.reasons import carried
from deepfield_recommendations.recipes.retail import Cut
from deepfield_recommendations.sequences import Sequences

__all__ = ["K", "assess", "factors", "peers"]

K = 20
LISTED = 10
"""Items of the lists whose probabilities and reasons are measured."""
TOGETHER = 256
EXPLAINED = 200
"""Customers whose reasons are checked."""
BINS = 15

Scores = Callable[[Sequences], np.ndarray]


def peers(known: Sequences, items: int) -> dict[str, Scores]:
    """Return what a network must beat, fitted to the same orders."""
    return {
        "popularity of 30 days": Popularity(half_life_days=30.0).fit(known, items).scores,
        "Markov": Markov(followers=items).fit(known, items).scores,
        "item neighbours": ItemNeighbours(decay=0.8, neighbours=items).fit(known, items).scores,
        "ALS (implicit)": factors(known, items),
        "buy again": BuyAgain().fit(known, items).scores,
    }


def factors(known: Sequences, items: int) -> Scores:
    """Return what implicit's ALS finds (Hu et al. 2008), of users as their histories are."""
    from implicit.als import AlternatingLeastSquares
    from scipy import sparse

    def matrix(sequences: Sequences) -> Any:
        taken = (sequences.users, sequences.items)
        shape = (len(sequences), items + 1)
        return sparse.csr_matrix((np.ones(len(sequences.items), np.float32), taken), shape)

    model = AlternatingLeastSquares(factors=128, iterations=15, random_state=0)
    model.fit(matrix(known), show_progress=False)

    def scores(histories: Sequences) -> np.ndarray:
        users = model.recalculate_user(np.arange(len(histories)), matrix(histories))
        found = users @ model.item_factors.T
        found[:, 0] = -np.inf
        return found

    return scores


def assess(
    scores: Scores, likelihood: Likelihood, test: Cut, items: int, own: str
) -> dict[str, Any]:
    """Return the figures of a model that learned from ``test.before``.

    Args:
        likelihood: learned on an earlier month.
        own: the name of the peer that the model is, if it is one.
    """
    lists = {"this model": _lists(scores, test.histories)}
    rivals = peers(test.before, items)
    lists |= {name: _lists(each, test.histories) for name, each in rivals.items() if name != own}
    found = {
        name: ranking_figures(each, test.wanted.users, test.wanted.items)
        for name, each in lists.items()
    }
    ours = found["this model"]
    return {
        "customers": len(test.wanted),
        "items": items,
        "k": K,
        "models": {
            name: {
                **{f"{figure}@{K}": float(each.mean()) for figure, each in figures.items()},
                "coverage": float(len(np.unique(lists[name])) / items),
            }
            for name, figures in found.items()
        },
        "beyond": {
            name: {
                f"{figure}@{K}": margin(ours[figure], found[name][figure])
                for figure in ("recall", "ndcg")
            }
            for name in ("buy again", "item neighbours")
            if name in found
        },
        **_probabilities(scores, likelihood, test),
        "reasons": _reasons(scores, test),
    }


def _lists(scores: Scores, histories: Sequences) -> np.ndarray:
    parts = [top(scores(part), K) for _, part in histories.batches(TOGETHER)]
    return np.concatenate(parts)


def _probabilities(scores: Scores, likelihood: Likelihood, test: Cut) -> dict[str, Any]:
    """Return how far promised probabilities lie from what came true."""
    chances, happened = [], []
    for place, part in test.histories.batches(TOGETHER):
        found = scores(part)
        codes = top(found, LISTED)
        chances.append(likelihood.item(np.take_along_axis(found, codes, axis=1)))
        after = test.wanted.take(np.arange(place.start, place.stop))
        happened.append(found_in(codes, after.users, after.items))
    chance, hit = np.concatenate(chances), np.concatenate(happened)
    confidence, some = likelihood.of_lists(chance), np.asarray(hit.any(axis=1))
    sure = confidence > likelihood.usual
    return {
        "ece of items": _gap(chance.ravel(), hit.ravel()),
        "ece of lists": _gap(confidence, some),
        "lists with a hit": float(some.mean()),
        "sure lists": float(sure.mean()),
        "sure lists with a hit": float(some[sure].mean()) if sure.any() else None,
    }


def _gap(chance: np.ndarray, happened: np.ndarray) -> float:
    """Return the expected calibration error over 15 bins (Guo et al. 2017)."""
    place = np.minimum((chance * BINS).astype(int), BINS - 1)
    gaps = np.bincount(place, happened - chance, minlength=BINS)
    return float(np.abs(gaps).sum() / len(chance))


def _reasons(scores: Scores, test: Cut) -> dict[str, float]:
    """Return how often the item named as reason carries more than another one of the history."""
    generator = np.random.default_rng(0)
    some = np.arange(min(EXPLAINED, len(test.histories)))
    histories = test.histories.take(some)
    lists = _lists(scores, histories)[:, :LISTED]

    def of(sequences: Sequences, owners: np.ndarray, codes: np.ndarray) -> np.ndarray:
        return np.take_along_axis(scores(sequences), codes, axis=1)

    why = carried(of, histories, lists, latest=100)
    larger, compared, lowered = 0, 0, 0
    for user in some:
        shares = why.shares[why.users == user]
        if len(shares) < 2:
            continue
        named = shares.argmax(axis=0)
        others = (named + generator.integers(1, len(shares), len(named))) % len(shares)
        place = np.arange(len(named))
        larger += int((shares[named, place] > shares[others, place]).sum())
        lowered += int((shares[named, place] > 0).sum())
        compared += len(named)
    return {"larger": larger / max(compared, 1), "lowered": lowered / max(compared, 1)}
