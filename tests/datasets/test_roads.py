"""Made-up roads: what is labelled is what is painted."""

from __future__ import annotations

import json
import subprocess
import sys
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from deepfield.errors import InputError
from deepfield_datasets.roads import (
    RoadOptions,
    SyntheticRoads,
    drive,
    read_shapes,
    render,
    write_video,
)
from deepfield_datasets.roads.camera import Camera
from deepfield_datasets.roads.dataset import SyntheticRoadOptions, tusimple

SMALL = RoadOptions(width=320, height=180)
CLEAR = RoadOptions(width=320, height=180, weather="clear", time="day", traffic=0, flaws=0)


def bowed(start: float, near: float) -> list[float]:
    """Return a lane of a picture of 1280 × 720 that bends to the right far away."""
    rows = np.arange(240, 720, 10)
    below = rows - 230.0
    x = 700 + start * below / 480 + near / below
    return [
        float(each) if row >= 260 and 0 <= each < 1280 else -2
        for each, row in zip(x, rows, strict=True)
    ]


RECORD = {
    "lanes": [bowed(each, 2500.0) for each in (-1250, -430, 420, 1260)],
    "h_samples": list(range(240, 720, 10)),
}


@pytest.fixture(scope="module")
def roads():
    return [render(seed, SMALL) for seed in range(14)]


def test_the_same_seed_draws_the_same_road(roads):
    again = render(3, SMALL)
    assert np.array_equal(again.image, roads[3].image)
    assert all(
        np.array_equal(one.points, other.points)
        for one, other in zip(again.lanes, roads[3].lanes, strict=True)
    )
    assert not np.array_equal(roads[3].image, roads[4].image)


def test_lanes_lie_in_the_picture_from_far_to_near_and_left_to_right(roads):
    for road in roads:
        height, width, _ = road.image.shape
        assert (height, width) == (180, 320)
        assert road.image.dtype == np.uint8
        sides = [lane.side for lane in road.lanes]
        assert sides == sorted(sides)
        assert 0 not in sides
        assert len(sides) == len(set(sides)) <= 6
        for lane in road.lanes:
            assert lane.points.dtype == np.float32
            assert (np.diff(lane.points[:, 1]) > 0).all()
            assert (lane.points >= 0).all()
            assert (lane.points <= [width - 1, height - 1]).all()


def test_sides_are_as_the_camera_sees_them():
    level = RoadOptions(width=320, height=180, cameras="motorway", traffic=0, flaws=0)
    for seed in range(12):
        road = render(seed, level)
        foot = {lane.side: lane.points[-1] for lane in road.lanes}
        for side, (x, y) in foot.items():
            # Continued to under the camera, a line lies on its side of it.
            middle = road.camera.centre[0] + (y - road.camera.centre[1]) * -np.tan(road.camera.roll)
            assert (x - middle) * side > -12, (seed, side)
        near = [lane.points[-1, 0] for lane in road.lanes if lane.points[-1, 1] > 175]
        assert near == sorted(near)


def test_unbroken_lines_are_lighter_than_the_road_beside_them():
    seen = 0
    for seed in range(12):
        road = render(seed, CLEAR)
        light = road.image[:, :, :2].astype(float).mean(axis=2)  # yellow has no blue
        for lane in road.lanes:
            if lane.kind != "solid":
                continue
            low = lane.points[lane.points[:, 1] > road.camera.horizon + 40]
            low = low[(low[:, 0] > 20) & (low[:, 0] < 299)]
            if len(low) < 10:
                continue
            column, row = np.rint(low).astype(int).T
            inwards = -14 if lane.side > 0 else 14
            beside = light[row, column + inwards]
            assert np.median(light[row, column] - beside) > 12, (seed, lane.side)
            # and nothing on the road near the label is lighter
            step = np.sign(inwards)
            window = np.stack([light[row, column + step * away] for away in range(8)])
            assert np.median(window.max(axis=0) - light[row, column]) < 12, (seed, lane.side)
            seen += 1
    assert seen >= 6


def test_as_many_lanes_are_drawn_as_are_asked_for():
    for lanes in (1, 2, 3, 4, 6):
        asked = CLEAR.model_copy(update={"lanes": lanes, "cameras": "motorway"})
        counts = [len(render(seed, asked).lanes) for seed in range(6)]
        assert max(counts) <= min(lanes + 1, 6)
        assert np.median(counts) >= min(lanes + 1, 4)


def test_a_road_follows_the_lanes_of_a_record():
    road = render(5, CLEAR, [RECORD])
    rows = np.array(RECORD["h_samples"]) / 4
    for columns in RECORD["lanes"]:
        x = np.array(columns) / 4
        use = x >= 0
        away = [
            np.abs(np.interp(rows[use], lane.points[:, 1], lane.points[:, 0]) - x[use]).mean()
            for lane in road.lanes
        ]
        assert min(away) < 1.5
    assert road.curvature > 0


def test_a_record_of_one_lane_leaves_the_road_to_chance():
    alone = {"lanes": RECORD["lanes"][:1], "h_samples": RECORD["h_samples"]}
    assert np.array_equal(render(5, CLEAR, [alone]).image, render(5, CLEAR).image)


def test_a_file_without_shapes_is_named(tmp_path):
    path = tmp_path / "shapes.jsonl"
    path.write_text('{"x": 1}\n')
    with pytest.raises(InputError, match="holds no lane shapes"):
        read_shapes(path)
    with pytest.raises(InputError, match="Cannot read lane shapes"):
        read_shapes(tmp_path / "missing.jsonl")
    path.write_text(json.dumps(RECORD) + "\n")
    assert read_shapes(path) == [RECORD]


def test_weather_and_time_are_as_asked():
    night = render(1, RoadOptions(width=320, height=180, time="night", weather="clear"))
    day = render(1, RoadOptions(width=320, height=180, time="day", weather="clear"))
    assert (night.time, day.time) == ("night", "day")
    assert night.image[:30].mean() < day.image[:30].mean() / 2


def test_a_camera_puts_rays_and_points_in_the_same_place():
    camera = Camera(1.5, 0.08, 0.02, 300.0, (160.0, 90.0), (320, 180), -0.05)
    a, b = camera.rays(0)
    row, column = 150, 60
    # Where the ray of a pixel meets the ground lies the point that is seen there.
    down = b[row, column] * np.cos(camera.pitch) + np.sin(camera.pitch)
    ahead = np.cos(camera.pitch) - b[row, column] * np.sin(camera.pitch)
    depth = camera.height / down
    (found,) = camera.project(
        np.array([a[row, column] * depth]), np.zeros(1), np.array([ahead * depth])
    )
    assert found == pytest.approx([column, row], abs=0.1)


def test_a_drive_is_coherent():
    options = RoadOptions(width=320, height=180, weather="clear", time="day", lanes=3)
    frames = list(drive(2, 12, fps=25, options=options))
    moves = []
    for before, after in pairwise(frames):
        for lane in before.lanes:
            same = [other for other in after.lanes if other.side == lane.side]
            if same:
                rows = np.intersect1d(*(np.rint(e.points[:, 1]) for e in (lane, same[0])))
                x = [np.interp(rows, e.points[:, 1], e.points[:, 0]) for e in (lane, same[0])]
                moves.append(np.abs(x[0] - x[1]).mean())
    assert len(moves) >= 22
    assert max(moves) < 8
    assert max(moves) > 0  # it does move
    offsets = [road.offset for road in drive(2, 10, fps=1, options=options)]
    assert max(np.abs(offsets)) > 0.5 * frames[0].lane_width  # it leaves its lane
    assert abs(offsets[0]) < 0.3 * frames[0].lane_width


def test_a_drive_is_written_as_a_video(tmp_path):
    import av

    path = tmp_path / "drive.mp4"
    assert write_video(path, drive(1, 5, 10, SMALL), 10) == 5
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 5
    with pytest.raises(InputError, match="no frame"):
        write_video(path, [])
    odd = RoadOptions(width=321, height=180)
    with pytest.raises(InputError, match="must be even"):
        write_video(path, [render(0, odd)])


def test_rows_carry_a_picture_and_its_lanes():
    options = SyntheticRoadOptions(width=320, height=180, lanes=2)
    rows = SyntheticRoads().generate(3, seed=4, options=options)
    assert len(rows) == 3
    assert rows["image"].map(lambda each: each["path"]).is_unique
    picture = Image.open(BytesIO(rows["image"][0]["bytes"]))
    assert picture.size == (320, 180)
    for lanes, samples in zip(rows["lanes"], rows["h_samples"], strict=True):
        assert len(json.loads(samples)) == 48
        assert all(len(lane) == 48 for lane in json.loads(lanes))
        assert 2 <= len(json.loads(lanes)) <= 3
    again = next(SyntheticRoads().chunks(3, seed=4, options=options))
    assert again.equals(rows)


def test_rows_of_720_are_those_of_the_benchmark():
    _, rows = tusimple(render(0, RoadOptions(width=1280, height=720, traffic=0)))
    assert rows == list(range(240, 720, 10))


def test_naming_the_dataset_does_not_import_opencv():
    code = (
        "import sys; from deepfield_datasets import register_datasets; register_datasets(); "
        "sys.exit('cv2' in sys.modules or 'av' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
