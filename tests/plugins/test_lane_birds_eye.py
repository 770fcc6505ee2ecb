"""The road from above: what a camera of known place must see of lines of known place."""

from __future__ import annotations

import math

import numpy as np
import pytest

from deepfield_lane_detection.birds_eye import (
    Patch,
    from_above,
    lines_on_ground,
    measured,
    meeting_height,
    own_lines,
    pitch_of,
    usual_pitch,
    why_senseless,
)
from deepfield_lane_detection.geometry import Camera

SIZE = (720, 1280)
VIEW = 60.0


def camera(pitch: float = 4.0, height: float = 1.4) -> Camera:
    return Camera.of_view(height, pitch, VIEW, SIZE)


def line(right: float, bend: float = 0.0, pitch: float = 4.0) -> np.ndarray:
    """Return a line on the road in a picture, from its far end to its near one."""
    ahead = np.geomspace(50, 4, 60)
    return camera(pitch).in_picture(np.stack([right + bend / 2 * ahead**2, ahead], axis=1))


def lanes(**points: np.ndarray) -> list[dict]:
    names = {"left": "left", "right": "right", "right_2": "right 2"}
    return [{"name": names[name], "points": each.tolist()} for name, each in points.items()]


def test_lines_that_were_seen_lie_where_they_were_on_the_road():
    found = lanes(left=line(-1.5), right=line(2.1), right_2=line(5.7))
    road = lines_on_ground(found, camera(), Patch(side=4, far=30))
    assert set(road) == {"left", "right"}, "the third is beyond the patch"
    assert road["left"][:, 0] == pytest.approx(-1.5, abs=1e-3)
    assert road["right"][:, 0] == pytest.approx(2.1, abs=1e-3)
    assert road["left"][:, 1].max() <= 30


@pytest.mark.parametrize("bend", [0.0, 1 / 400, -1 / 400])
def test_lane_is_measured_in_metres(bend):
    found = measured(camera(), line(-1.5, bend), line(2.1, bend))
    assert found.width == pytest.approx(3.6, abs=0.01)
    # At the bottom of the picture, where the lane's middle has come away by bend d² / 2.
    nearest = camera().on_road(np.array([[camera().centre[0], 2 * camera().centre[1]]]))[0, 1]
    assert found.offset == pytest.approx(-0.3 - bend * nearest**2 / 2, abs=0.01)
    assert found.curvature == pytest.approx(bend, abs=1e-5)


@pytest.mark.parametrize("pitch", [-2.0, 0.0, 4.0, 9.0])
def test_pitch_is_told_by_where_lines_meet(pitch):
    pair = line(-1.5, pitch=pitch), line(2.1, pitch=pitch)
    assert meeting_height(*pair) == pytest.approx(camera(pitch).horizon, abs=0.5)
    assert pitch_of(*pair, VIEW, SIZE) == pytest.approx(pitch, abs=0.05)


def test_a_bend_hardly_changes_the_pitch():
    pair = line(-1.5, 1 / 500), line(2.1, 1 / 500)
    assert pitch_of(*pair, VIEW, SIZE) == pytest.approx(4.0, abs=0.3)


def test_lines_that_do_not_meet_tell_no_pitch():
    left, right = line(-1.5), line(2.1)
    beside = np.add(left, (300, 0))
    apart = np.stack([700 - left[:, 1], left[:, 1]], axis=1)
    for other in (beside, left, np.subtract(apart, (900, 0))):
        assert math.isnan(pitch_of(left, other, VIEW, SIZE))
    assert math.isnan(pitch_of(right, left, VIEW, SIZE)), "they stand the other way round"


def test_usual_pitch_is_the_median_of_frames_that_have_a_lane():
    frames = [lanes(left=line(-1.5, pitch=each), right=line(2, pitch=each)) for each in (3, 4, 8)]
    frames += [lanes(left=line(-1.5)), []]
    assert usual_pitch(frames, VIEW, SIZE) == pytest.approx(4.0, abs=0.05)
    assert math.isnan(usual_pitch(frames[3:], VIEW, SIZE))
    assert own_lines(frames[3]) is None


def test_camera_that_makes_no_sense_is_one_sentence():
    pair = line(-1.5), line(2.1)
    assert why_senseless(camera(), *pair) == ""
    assert why_senseless(camera(0.0), *pair) == (
        "With a pitch of 0.0° the horizon would lie below the far ends of the lines: a larger "
        "pitch raises it, or let it be estimated."
    )
    assert "would lie below the lines:" in why_senseless(camera(-20.0), *pair)
    assert why_senseless(camera(29.0, 0.3), *pair).startswith("With this camera too little")


def test_picture_is_laid_where_it_was_on_the_road():
    patch, shape = Patch(side=8, far=40), (400, 160)  # ten pixels a metre
    picture = np.full((*SIZE, 3), 60, dtype=np.uint8)
    import cv2

    corners = np.array([[2, 10], [4, 10], [4, 14], [2, 14]], dtype=float)
    cv2.fillPoly(picture, [np.rint(camera().in_picture(corners)).astype(int)], (255, 0, 0))
    seen = from_above(picture, camera(), patch, shape)
    assert seen.shape == (400, 160, 4)
    red = seen[..., 0] > 150
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    assert (columns[0] / 10 - 8, columns[-1] / 10 - 8) == pytest.approx((2, 4), abs=0.25)
    assert (40 - rows[-1] / 10, 40 - rows[0] / 10) == pytest.approx((10, 14), abs=0.4)
    assert seen[-5, 80, 3] == 0, "what lies under the bonnet was not seen"
    assert seen[100, 80, 3] == 255


def test_ground_behind_a_camera_is_not_seen():
    picture = np.full((*SIZE, 3), 200, dtype=np.uint8)
    seen = from_above(picture, camera(-25.0, 3.0), Patch(), (90, 32))
    assert not seen[-2:, :, 3].any()
