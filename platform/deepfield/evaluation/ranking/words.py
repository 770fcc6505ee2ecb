"""Figures of lists in words, and the table of who is ahead of whom by how much."""

from __future__ import annotations

from deepfield.evaluation.page import interval, number
from deepfield.evaluation.ranking.baselines import BASELINES
from deepfield.evaluation.ranking.result import RankingEvaluation

__all__ = ["beside_baselines", "best_baseline", "figure_words", "own_figures", "protocol"]


def figure_words(found: RankingEvaluation) -> dict[str, str]:
    """Return every figure's name for people, in the order in which they are shown."""
    return {
        "ndcg": f"NDCG@{found.k}",
        "recall": f"recall@{found.k}",
        "hit": f"hit rate@{found.k}",
        "mrr": f"MRR@{found.k}",
        "answered": "answered (trust is ok)",
        "hit_when_answered": f"hit rate@{found.k} where answered",
        "ece": "expected calibration error",
        "coverage": "coverage (share of all that was ever taken)",
        "popularity": "popularity (mean share of rows of what is listed)",
    }


def own_figures(found: RankingEvaluation) -> list[tuple[str, str, str]]:
    """Return the model's figures as they are shown: words, value, interval."""
    there = {each.name: each for each in found.figures if not each.of}
    return [
        (words, number(there[name].value), interval(there[name]))
        for name, words in figure_words(found).items()
        if name in there
    ]


def beside_baselines(found: RankingEvaluation) -> list[tuple[str, str, str, str, str]]:
    """Return baseline, figure, its value, how far the model is ahead, and the interval of that."""
    words = figure_words(found)
    return [
        (
            BASELINES[of],
            words[name],
            number(found.figure(name, of).value),
            f"{found.lead(name, of).value:+.3f}",
            interval(found.lead(name, of)),
        )
        for of in BASELINES
        for name in ("ndcg", "recall", "hit", "mrr")
    ]


def best_baseline(found: RankingEvaluation) -> str:
    """Return the baseline of the highest NDCG: whoever is ahead of it is ahead of all."""
    return max(BASELINES, key=lambda of: found.figure("ndcg", of).value)


def protocol(found: RankingEvaluation) -> str:
    """Say in two sentences what was hidden and what it was compared with."""
    what = f"The rows of the latest time of each {found.key} were"
    if found.data["first"] is None:
        what = f"The last row of each {found.key} was"
    return (
        f"{what} hidden, and lists of up to {found.k} after the rest were compared with them: "
        f"{found.data['hidden']:,} hidden rows of {found.groups:,} {found.key} groups. "
        f"What others took may be later than what was hidden."
    )
