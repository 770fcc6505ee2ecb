"""How good a model is: figures with intervals, curves, a confusion matrix, a report."""

from deepfield.evaluation.figures import (
    binary_figures,
    class_figures,
    expected_calibration_error,
)
from deepfield.evaluation.inventory import Inventory
from deepfield.evaluation.measuring import evaluate
from deepfield.evaluation.polylines import PolylineEvaluation, evaluate_polylines
from deepfield.evaluation.ranking import RankingEvaluation, evaluate_ranking
from deepfield.evaluation.resampling import Figure
from deepfield.evaluation.result import Evaluation
from deepfield.evaluation.survey import Survey, read_finding, survey

__all__ = [
    "Evaluation",
    "Figure",
    "Inventory",
    "PolylineEvaluation",
    "RankingEvaluation",
    "Survey",
    "binary_figures",
    "class_figures",
    "evaluate",
    "evaluate_polylines",
    "evaluate_ranking",
    "expected_calibration_error",
    "read_finding",
    "survey",
]
