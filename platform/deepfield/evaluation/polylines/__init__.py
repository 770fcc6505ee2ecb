"""How good lines are: what was drawn over a picture is compared with the lines that are in it."""

from deepfield.evaluation.polylines.measuring import (
    evaluate_polylines,
    lines_output,
    measure_polylines,
)
from deepfield.evaluation.polylines.result import PolylineEvaluation
from deepfield.evaluation.polylines.tusimple import (
    LaneScore,
    line_accuracies,
    sampled,
    score_image,
    tusimple_figures,
)

__all__ = [
    "LaneScore",
    "PolylineEvaluation",
    "evaluate_polylines",
    "line_accuracies",
    "lines_output",
    "measure_polylines",
    "sampled",
    "score_image",
    "tusimple_figures",
]
