"""Figures of lists in words, and the table of who is ahead of whom by how much."""

from __future__ import annotations

from deepfield.evaluation.page import interval, number
from deepfield.evaluation.ranking.baselines import BASELINES
from deepfield.evaluation.ranking.result import RankingEvaluation

__all__ = ["beside_baselines", "figure_words", "own_figures", "protocol"]


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


def protocol(found: RankingEvaluation) -> str:
    """Say in two sentences what was hidden and what it was compared with."""
    when = "of its latest time" if found.data["first"] is not None else "which came last"
    what = "All rows" if found.data["first"] is not None else "The row"
    return (
        f"{what} of each {found.key} {when} {'were' if what == 'All rows' else 'was'} hidden, and "
        f"lists of up to {found.k} after the rest were compared with it: "
        f"{found.data['hidden']:,} hidden rows of {found.groups:,} {found.key} groups. "
        f"What others took may be later than what was hidden."
    )
