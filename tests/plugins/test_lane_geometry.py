"""What two lines say about the car, by cases that are worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from deepfield_lane_detection.geometry import Camera, curvature, middle_of, offset_of, on_road
from deepfield_lane_detection.placing import LEFT, NAMES, RIGHT, lines_from, row_heights
from deepfield_lane_detection.training.targets import targets_of

SIZE = (720, 1280)


def line(x_far: float, x_near: float, y_far: float = 360.0, y_near: float = 719.0) -> np.ndarray:
    y = np.linspace(y_far, y_near, 40)
    return np.stack([np.interp(y, [y_far, y_near], [x_far, x_near]), y], axis=1)


def test_a_car_in_the_middle_is_off_by_nothing():
    # The feet lie at 239.5 and 1,039.5, and the picture's middle is 639.5.
    assert offset_of(line(620, 239.5), line(660, 1039.5), SIZE) == pytest.approx(0, abs=1e-6)


def test_an_offset_is_in_lane_widths_and_positive_to_the_right():
    # Feet at 39.5 and 839.5: the lane's middle is 439.5, 200 px left of the camera's; 200 / 800.
    assert offset_of(line(600, 39.5), line(640, 839.5), SIZE) == pytest.approx(0.25)


def test_lines_that_cross_tell_no_offset():
    assert math.isnan(offset_of(line(620, 900), line(660, 300), SIZE))


def test_straight_lines_do_not_bend_and_a_circle_has_its_radius():
    assert curvature(line(600, 200)) == pytest.approx(0, abs=1e-9)
    angle = np.linspace(-0.2, 0.2, 50)
    # A circle of radius 500 whose centre lies to the right of the way ahead bends to the right.
    points = np.stack([500 - 500 * np.cos(angle), -500 * np.sin(angle)], axis=1)
    assert curvature(points) == pytest.approx(1 / 500, rel=0.02)
    assert curvature(points * (-1, 1)) == pytest.approx(-1 / 500, rel=0.02)


def test_the_middle_is_taken_where_both_lines_are():
    middle = middle_of(line(600, 200, 300), line(680, 1000, 400))
    assert middle[0, 1] >= 400
    assert np.allclose(middle[-1], [600, 719])


def test_the_road_under_a_known_camera_is_measured_in_metres():
    camera = Camera.of_view(1.5, 2.0, 60.0, SIZE)
    ahead = np.linspace(4, 50, 60)
    # A lane 3.6 m wide whose middle lies 0.4 m left of the camera and bends right, radius 400 m.
    middle = -0.4 + ahead**2 / 800
    sides = [
        camera.in_picture(np.stack([middle + half, ahead], axis=1))[::-1] for half in (-1.8, 1.8)
    ]
    offset, width, bend = on_road(*sides, camera)
    # Where the picture's bottom meets the road the lane's middle has come back by d² / 800.
    nearest = camera.on_road(np.array([[639.5, 719.0]]))[0, 1]
    assert offset == pytest.approx(0.4 - nearest**2 / 800, abs=0.01)
    assert width == pytest.approx(3.6, abs=0.01)
    assert bend == pytest.approx(1 / 400, rel=0.02)


def test_what_is_at_the_horizon_lies_nowhere():
    camera = Camera.of_view(1.5, 0.0, 60.0, SIZE)
    assert np.isnan(camera.on_road(np.array([[640.0, camera.horizon - 1]]))).all()


def test_lines_are_read_between_columns():
    places = np.full((1, 6, 48, 40), -9.0)
    places[0, LEFT, :, 10] = places[0, LEFT, :, 11] = 5.0
    lines = lines_from(places, np.full((1, 6, 48), 9.0), np.full((1, 6), 9.0), 320)
    # Between the middles of columns 10 and 11, 8 pixels each: 88 - 0.5.
    assert lines.x[0, LEFT] == pytest.approx(87.5, abs=0.01)


def test_a_second_guess_far_away_does_not_pull_a_line():
    places = np.full((1, 6, 48, 40), -9.0)
    places[0, LEFT, :, 10], places[0, LEFT, :, 30] = 5.0, 4.5
    lines = lines_from(places, np.full((1, 6, 48), 9.0), np.full((1, 6), 9.0), 320)
    assert lines.x[0, LEFT] == pytest.approx(83.5, abs=0.1)


def test_what_hides_a_line_does_not_end_it():
    presence = np.full((1, 6, 48), -9.0)
    presence[0, RIGHT, 20:25] = presence[0, RIGHT, 30:40] = 9.0
    lines = lines_from(np.zeros((1, 6, 48, 40)), presence, np.zeros((1, 6)), 320)
    points = lines.points(0, RIGHT, 192)
    assert len(points) == 22  # 20 rows, and both ends
    # Rows are 4 pixels: the line ends half-way between rows 19 and 20, and between 39 and 40.
    assert points[[0, -1], 1].tolist() == pytest.approx([79.5, 159.5])
    assert len(lines.points(0, LEFT, 192)) == 0


def test_lines_take_their_places_from_the_camera():
    lanes = [line(x * 0.5 + 80, x, 90, 191) for x in (-120.0, 60.0, 250.0)]
    targets = targets_of(lanes, (0, 0, 320, 192), (192, 320), 48)
    there = ~np.isnan(targets).all(axis=2)
    assert [NAMES[i] for i in np.flatnonzero(there[0])] == ["left 2", "left", "right"]
    assert (there[0] == there[1]).all()


def test_a_line_under_the_car_may_be_the_first_of_either_side():
    lanes = [line(x * 0.5 + 80, x, 90, 191) for x in (-40.0, 155.0)]
    targets = targets_of(lanes, (0, 0, 320, 192), (192, 320), 48)
    there = ~np.isnan(targets).all(axis=2)
    ways = [[NAMES[i] for i in np.flatnonzero(each)] for each in there]
    assert ways == [["left 2", "left"], ["left", "right"]]


def test_rows_lie_evenly_over_the_picture():
    assert row_heights(48, 192)[[0, -1]].tolist() == [1.5, 189.5]
