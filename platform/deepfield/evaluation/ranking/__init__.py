"""How good lists are: what a group took next is compared with what was recommended to it."""

from deepfield.evaluation.ranking.figures import found_in, margin, ranking_figures, top
from deepfield.evaluation.ranking.measuring import evaluate_ranking, measure_ranking
from deepfield.evaluation.ranking.moments import Moments, in_moments
from deepfield.evaluation.ranking.result import RankingEvaluation

__all__ = [
    "Moments",
    "RankingEvaluation",
    "evaluate_ranking",
    "found_in",
    "in_moments",
    "margin",
    "measure_ranking",
    "ranking_figures",
    "top",
]
