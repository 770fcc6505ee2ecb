"""The TuSimple metric on lanes whose scores are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from deepfield.errors import InputError
from deepfield.evaluation.polylines import (
    LaneScore,
    line_accuracies,
    sampled,
    score_image,
    tusimple_figures,
)

HEIGHTS = list(range(200, 400, 10))  # 20 heights
NONE = [-2] * 20


def upright(x: float) -> list[float]:
    return [x] * 20


def test_an_upright_lane_may_be_off_by_less_than_twenty_pixels() -> None:
    # Upright: the angle is 0, and the threshold 20 / cos 0 = 20. 19 < 20: all 20 heights agree.
    assert score_image([upright(519)], [upright(500)], HEIGHTS) == (1.0, 0.0, 0.0)
    # 20 is not less than 20, nor is 21: no height agrees, so nothing is matched. FP 1/1, FN 1/1.
    assert score_image([upright(520)], [upright(500)], HEIGHTS) == (0.0, 1.0, 1.0)
    assert score_image([upright(521)], [upright(500)], HEIGHTS) == (0.0, 1.0, 1.0)


def test_a_lane_that_leans_may_be_further_off() -> None:
    lane = np.array(HEIGHTS) + 100.0
    # x = y + 100: slope 1, angle 45°, threshold 20 / cos 45° = 20 · 1.41421 = 28.284.
    assert score_image([lane + 28.28], [lane], HEIGHTS) == (1.0, 0.0, 0.0)
    assert score_image([lane + 28.29], [lane], HEIGHTS) == (0.0, 1.0, 1.0)


def test_the_angle_is_of_the_points_that_are_there() -> None:
    lane = np.array(HEIGHTS) + 100.0
    lane[:10] = -2
    # The ten points that are left still lie on slope 1; with -2 as x it would be steeper, and 40
    # pixels would pass. 28 < 28.284: agree; the ten heights without a point agree too.
    assert score_image([np.where(lane < 0, -2, lane + 28)], [lane], HEIGHTS).accuracy == 1.0
    # 30 > 28.284: the ten heights without a point alone agree, 10 / 20 < 0.85.
    score = score_image([np.where(lane < 0, -2, lane + 30)], [lane], HEIGHTS)
    assert score == (0.5, 1.0, 1.0)
    # One point has no angle: the threshold is 20. 19 agree as absent, and the one is 19 off.
    one = [-2.0] * 19 + [300.0]
    assert score_image([[-2.0] * 19 + [319.0]], [one], HEIGHTS).accuracy == 1.0


def test_where_neither_has_a_point_they_agree() -> None:
    labelled = [-2] * 5 + [500] * 15
    # Five absent in both, 15 within the threshold: 20 / 20.
    assert score_image([labelled], [labelled], HEIGHTS).accuracy == 1.0
    # The prediction has points everywhere: 15 of 20 agree, 0.75 < 0.85: not matched.
    assert score_image([upright(500)], [labelled], HEIGHTS) == (0.75, 1.0, 1.0)
    # Absent is -100, not -2: a point at x = 10 is 12 from -2 and would agree, but 110 from -100.
    assert score_image([upright(10)], [[-2] * 19 + [10]], HEIGHTS).accuracy == 1 / 20
    # Any negative x is absent.
    assert score_image([[-2000] * 5 + [500] * 15], [labelled], HEIGHTS).accuracy == 1.0


def test_from_seventeen_heights_of_twenty_a_lane_is_matched() -> None:
    # 17 / 20 = 0.85: matched. 16 / 20 = 0.8: not.
    assert score_image([[500] * 17 + [-2] * 3], [upright(500)], HEIGHTS) == (0.85, 0.0, 0.0)
    assert score_image([[500] * 16 + [-2] * 4], [upright(500)], HEIGHTS) == (0.8, 1.0, 1.0)


def test_shares_are_of_the_predicted_and_of_the_labelled_lanes() -> None:
    predicted = [upright(100), upright(700), upright(900)]
    labelled = [upright(100), upright(300)]
    # Lane 100 is matched by 1.0, lane 300 by nothing: accuracy (1 + 0) / 2.
    # Three predictions, one matched: FP 2 / 3. One of two labelled is missed: FN 1 / 2.
    assert score_image(predicted, labelled, HEIGHTS) == pytest.approx((0.5, 2 / 3, 0.5))


def test_one_prediction_may_match_two_lanes() -> None:
    # 510 is 10 from both: both matched, and the benchmark's FP is (1 - 2) / 1 = -1.
    assert score_image([upright(510)], [upright(500), upright(520)], HEIGHTS) == (1.0, -1.0, 0.0)


def test_more_than_two_lanes_too_many_score_nothing() -> None:
    four = [upright(x) for x in (100, 300, 500, 700)]
    # Three predictions, one labelled: 3 = 1 + 2 is allowed. Accuracy 1, FP 2 / 3.
    assert score_image(four[:3], four[:1], HEIGHTS) == pytest.approx((1.0, 2 / 3, 0.0))
    # Four predictions, one labelled: 4 > 1 + 2.
    assert score_image(four, four[:1], HEIGHTS) == (0.0, 0.0, 1.0)


def test_a_slow_frame_scores_nothing() -> None:
    lanes = [upright(500)]
    assert score_image(lanes, lanes, HEIGHTS, run_time_ms=200) == (1.0, 0.0, 0.0)
    assert score_image(lanes, lanes, HEIGHTS, run_time_ms=200.1) == (0.0, 0.0, 1.0)


def test_of_five_labelled_lanes_one_is_forgiven() -> None:
    labelled = [upright(x) for x in (100, 300, 500, 700, 900)]
    # Four found, one missed: accuracy (4 - min 0) / 4 = 1, FN (1 - 1) / 4 = 0, FP 0 / 4.
    assert score_image(labelled[:4], labelled, HEIGHTS) == (1.0, 0.0, 0.0)
    # Three found: accuracy (3 - 0) / 4, FN (2 - 1) / 4, FP 0 / 3.
    assert score_image(labelled[:3], labelled, HEIGHTS) == (0.75, 0.0, 0.25)
    # All five found: accuracy (5 - 1) / 4 = 1, and no missed one to forgive.
    assert score_image(labelled, labelled, HEIGHTS) == (1.0, 0.0, 0.0)


def test_of_four_labelled_lanes_none_is_forgiven() -> None:
    labelled = [upright(x) for x in (100, 300, 500, 700)]
    # Three of four: accuracy 3 / 4, FN 1 / 4.
    assert score_image(labelled[:3], labelled, HEIGHTS) == (0.75, 0.0, 0.25)


def test_without_predictions_all_is_missed() -> None:
    # Accuracy 0 / 2, FP 0 as there is none, FN 2 / 2.
    assert score_image([], [upright(100), upright(300)], HEIGHTS) == (0.0, 0.0, 1.0)


def test_without_labelled_lanes_there_is_nothing_to_find() -> None:
    # Accuracy 0 / max(0, 1), FP 2 / 2, FN 0 / max(0, 1).
    assert score_image([upright(100), upright(300)], [], HEIGHTS) == (0.0, 1.0, 0.0)
    assert score_image([], [], HEIGHTS) == (0.0, 0.0, 0.0)


def test_a_labelled_lane_without_a_point_is_none() -> None:
    # Counted, it would be a second lane that is missed, and a fourth prediction would be allowed.
    assert score_image([upright(500)], [upright(500), NONE], HEIGHTS) == (1.0, 0.0, 0.0)
    four = [upright(x) for x in (100, 300, 500, 700)]
    assert score_image(four, [upright(500), NONE], HEIGHTS) == (0.0, 0.0, 1.0)
    assert score_image([], [NONE], HEIGHTS) == (0.0, 0.0, 0.0)


def test_a_lane_needs_a_value_for_each_height() -> None:
    with pytest.raises(InputError, match="Lane 2 has 3 values of x, and there are 20 heights"):
        score_image([upright(1), [1, 2, 3]], [upright(1)], HEIGHTS)


def test_accuracies_tell_which_prediction_is_near_which_lane() -> None:
    found = line_accuracies([upright(500), upright(100)], [NONE, upright(110)], HEIGHTS)
    assert found.tolist() == [[0.0, 1.0]]


def test_figures_are_means_and_f1_is_of_their_complements() -> None:
    scores = [LaneScore(1.0, 0.0, 0.0), LaneScore(0.5, 0.5, 0.25)]
    figures = tusimple_figures(scores)
    # Means .75, .25, .125; P = .75, R = .875; F1 = 2 · .75 · .875 / 1.625 = .80769.
    assert figures == pytest.approx(
        {
            "accuracy": 0.75,
            "false_positives": 0.25,
            "false_negatives": 0.125,
            "precision": 0.75,
            "recall": 0.875,
            "f1": 0.8076923,
        }
    )
    # P = R = 0: F1 is 0, not 0 / 0.
    assert tusimple_figures([LaneScore(0.0, 1.0, 1.0)])["f1"] == 0.0
    assert np.isnan(tusimple_figures([])["f1"])


def test_a_polyline_is_sampled_between_its_points() -> None:
    # From (100, 210) to (140, 230), one pixel down is two to the right; in any order.
    points = [[140, 230], [100, 210]]
    assert sampled(points, [200, 210, 220, 230, 240]).tolist() == [-2, 100, 120, 140, -2]
    # x = 140 is the first outside a picture 140 wide.
    assert sampled(points, [210, 220, 230], 140).tolist() == [100, 120, -2]
    assert sampled([[-10, 0], [10, 20]], [0, 10, 20], 640).tolist() == [-2, 0, 10]
    assert sampled([], [0, 10]).tolist() == [-2, -2]
