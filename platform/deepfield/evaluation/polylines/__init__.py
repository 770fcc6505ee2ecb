"""How good lines are: what was drawn in a picture is compared with the lines that are there."""

from deepfield.evaluation.polylines.tusimple import (
    LaneScore,
    line_accuracies,
    sampled,
    score_image,
    tusimple_figures,
)

__all__ = ["LaneScore", "line_accuracies", "sampled", "score_image", "tusimple_figures"]
