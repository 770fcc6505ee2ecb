"""The shipped detector on made-up roads; its figures on photographs are in its card."""

from __future__ import annotations

import json
import math
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import deepfield
from deepfield.drawing import annotated
from deepfield.evaluation.polylines import sampled, score_image, tusimple_figures
from deepfield.loading import Model, load_model
from deepfield_datasets.roads import Road, RoadOptions, render
from deepfield_datasets.roads.video import drive, write_video
from deepfield_lane_detection import LaneDetection
from deepfield_lane_detection.overlay import words

DAY = RoadOptions(cameras="motorway", weather="clear", time="day", lanes=3)
HEIGHTS = np.arange(160, 720, 10)


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(LaneDetection())


@pytest.fixture(scope="module")
def roads() -> list[Road]:
    return [render(4_000_000 + seed, DAY) for seed in range(10)]


def frame_of(*pictures) -> pd.DataFrame:
    return pd.DataFrame({"image": pd.Series(list(pictures), dtype=object)})


def points_of(answer) -> dict[str, np.ndarray]:
    return {
        each["name"]: np.array([list(point) for point in each["points"]])
        for each in answer["lanes"]
    }


def test_roads_that_it_never_saw_are_read_right(model, roads):
    answers = model.predict(frame_of(*(road.image for road in roads)))
    scores = [
        score_image(
            [sampled(line * 2, HEIGHTS, 1280) for line in points_of(answer).values()],
            [sampled(lane.points * 2, HEIGHTS, 1280) for lane in road.lanes],
            HEIGHTS,
        )
        for road, (_, answer) in zip(roads, answers.iterrows(), strict=True)
    ]
    assert tusimple_figures(scores)["accuracy"] > 0.9


def test_the_size_of_a_picture_does_not_move_its_lines(model, roads):
    large = np.asarray(Image.fromarray(roads[0].image).resize((2560, 1440)))
    one, two = (
        points_of(each) for _, each in model.predict(frame_of(roads[0].image, large)).iterrows()
    )
    assert set(one) == set(two)
    for name in {"left", "right"} & set(one):
        heights = np.linspace(max(one[name][0, 1], two[name][0, 1] / 4) + 5, 340, 20)
        apart = sampled(one[name], heights) - sampled(two[name] / 4, heights)
        assert np.abs(apart).mean() < 3


def test_offset_is_that_of_the_camera(model, roads):
    found, true = [], []
    for road in roads:
        answer = model.predict(frame_of(road.image)).iloc[0]
        if not math.isnan(answer["offset"]):
            found.append(answer["offset"])
            true.append(road.offset / road.lane_width)
    assert len(found) >= 7
    assert np.median(np.abs(np.array(found) - true)) < 0.08


def test_metres_come_with_the_camera_and_not_without(model, roads):
    road = roads[0]
    view = math.degrees(2 * math.atan(road.image.shape[1] / 2 / road.camera.focal))
    known = model.predict(
        frame_of(road.image),
        camera_height=road.camera.height,
        pitch=math.degrees(road.camera.pitch),
        view=view,
    ).iloc[0]
    assert known["lane_width_m"] == pytest.approx(road.lane_width, rel=0.25)
    unknown = model.predict(frame_of(road.image)).iloc[0]
    assert math.isnan(unknown["lane_width_m"])
    assert unknown["offset"] == known["offset"]


def test_a_smaller_distance_warns_of_departure_earlier(model, roads):
    pictures = frame_of(*(road.image for road in roads))
    usual, early = model.predict(pictures), model.predict(pictures, departure=0.05)
    sides = {"left", "right"}
    assert early["departure"].isin(sides).sum() > usual["departure"].isin(sides).sum()
    moved = early[early["departure"].isin(sides)]
    assert ((moved["offset"] > 0) == (moved["departure"] == "right")).all()


def test_a_lower_threshold_reports_more_lines(model, roads):
    pictures = frame_of(*(road.image for road in roads))
    few, many = model.predict(pictures, least=0.95), model.predict(pictures, least=0.05)
    assert many["lines"].sum() > few["lines"].sum()
    assert all(each["confidence"] >= 0.949 for lanes in few["lanes"] for each in lanes)


def test_a_picture_without_lines_has_an_empty_answer(model):
    grey = np.full((360, 640, 3), 90, dtype=np.uint8)
    answer = model.predict(frame_of(grey)).iloc[0]
    assert len(answer["lanes"]) == 0
    assert answer["lines"] == 0
    assert answer["departure"] == "unknown"
    assert answer["confidence"] > 0.5
    assert words(answer.to_dict() | {"lanes": []}).startswith("no line found")


def test_what_is_no_road_is_unfamiliar(model):
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 256, (6, 360, 640, 3), dtype=np.uint8)
    page = np.full((360, 640, 3), 255, dtype=np.uint8)
    page[20:340:20, 20:620:3] = 0
    trust = model.predict(frame_of(*noise, page))["trust"]
    assert (trust == "unfamiliar").all()


def test_made_up_roads_are_familiar(model, roads):
    trust = model.predict(frame_of(*(road.image for road in roads)))["trust"]
    assert (trust != "unfamiliar").mean() >= 0.8


def encoded(picture: Image.Image, kind: str) -> bytes:
    file = BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def test_portrait_grey_large_and_tiny_pictures_are_served(model, roads):
    road = Image.fromarray(roads[0].image)
    portrait = Image.new("RGB", (360, 640))
    portrait.paste(road.resize((360, 202)), (0, 219))
    pictures = [
        encoded(portrait, "PNG"),
        encoded(road.convert("L"), "PNG"),
        encoded(road.resize((7680, 4320)), "JPEG"),
        encoded(road.resize((16, 9)), "PNG"),
        encoded(road.convert("P"), "GIF"),
    ]
    result = deepfield.score("lane-detection", frame_of(*pictures))
    assert len(result.frame) == 5
    assert result.frame["picture_height"].tolist() == [640, 360, 4320, 9, 360]
    for _, answer in result.frame.iterrows():
        for line in points_of(answer).values():
            assert (line[:, 1] <= answer["picture_height"]).all()


def test_broken_pictures_are_set_aside_and_the_others_served(model, roads):
    good = encoded(Image.fromarray(roads[0].image), "JPEG")
    result = deepfield.score("lane-detection", frame_of(good, good[:400], b"", b"no picture"))
    assert len(result.frame) == 1
    assert len(result.rejected) == 3
    assert result.rejected["reason"].str.len().min() > 10


def test_register_sinks_writes_what_the_benchmark_reads(tmp_path, model, roads):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for place, road in enumerate(roads[:3]):
        Image.fromarray(road.image).resize((1280, 720)).save(folder / f"{place}.png")
    target = tmp_path / "lanes.tusimple.json"
    deepfield.score("lane-detection", str(folder), output=target)
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert [line["raw_file"].rpartition("/")[2] for line in lines] == ["0.png", "1.png", "2.png"]
    for line, road in zip(lines, roads, strict=False):
        assert line["h_samples"] == list(range(160, 720, 10))
        assert all(len(lane) == 56 for lane in line["lanes"])
        assert line["run_time"] > 0
        wanted = [sampled(lane.points * 2, HEIGHTS, 1280) for lane in road.lanes]
        assert score_image(line["lanes"], wanted, HEIGHTS).accuracy > 0.7


def test_a_drive_is_answered_frame_by_frame_and_drawn(tmp_path):
    film = tmp_path / "drive.mp4"
    write_video(film, drive(5, 12, 25.0, DAY), 25.0)
    drawing = tmp_path / "drawn.mp4"
    result = deepfield.score("lane-detection", str(film), annotated=drawing)
    assert result.frame["frame"].tolist() == list(range(12))
    assert result.frame["seconds"].iloc[-1] == pytest.approx(11 / 25, abs=0.01)
    assert (result.frame["lines"] >= 2).all()
    again = deepfield.score("lane-detection", str(drawing))
    assert len(again.frame) == 12


def test_the_overlay_draws_on_a_copy(model, roads):
    picture = roads[0].image.copy()
    answer = model.predict(frame_of(picture)).iloc[0].to_dict()
    shown = annotated(model.domain, model.outputs, picture, answer)
    assert shown.shape == picture.shape
    assert (shown != picture).any(axis=2).mean() > 0.02
    assert (picture == roads[0].image).all()


def test_heat_maps_lie_on_the_road(model, roads):
    explained = deepfield.score("lane-detection", frame_of(roads[0].image), explain=True)
    heat = explained.explanations[1].heatmap.values
    assert heat.max() == pytest.approx(1)
    assert heat[: len(heat) // 3].sum() < 0.4 * heat.sum()
    assert "found" in explained.explanations[1].summary


def test_the_drive_among_the_examples_can_be_read(model):
    (film,) = LaneDetection().example_files().values()
    result = deepfield.score("lane-detection", film, every=50)
    assert result.frame["frame"].tolist() == [0, 50, 100]
    assert (result.frame["lines"] >= 2).all()
