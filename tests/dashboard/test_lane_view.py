"""The views of lane detection: what is behind them, the pages by themselves, and in a browser."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest

import deepfield
import deepfield_lane_detection
from deepfield.dashboard import cached
from deepfield.dashboard.work import Work
from deepfield.loading import Model
from deepfield.plugins import Registry
from deepfield.sources.tables import FrameSource
from deepfield_lane_detection import LaneDetection
from deepfield_lane_detection.course import Course, thinned
from deepfield_lane_detection.dashboard import words

SCREENSHOTS = os.environ.get("DEEPFIELD_SCREENSHOTS")


def results(departures: str, step: float = 0.1, **columns) -> pd.DataFrame:
    """Return answers, a letter each: n none, l left, r right, u unknown."""
    names = {"n": "none", "l": "left", "r": "right", "u": "unknown"}
    count = len(departures)
    offset = np.where([each == "u" for each in departures], np.nan, 0.1)
    frame = pd.DataFrame(
        {
            "seconds": np.arange(count) * step,
            "departure": [names[each] for each in departures],
            "offset": offset,
            "curvature": offset,
            "offset_m": np.nan,
            "curvature_m": np.nan,
            "confidence": 0.9,
            "trust": "ok",
        },
        index=pd.RangeIndex(1, count + 1, name="row"),
    )
    return frame.assign(**columns)


def test_departures_are_episodes_and_a_moment_between_ends_none():
    course = Course.of(results("nllnnlllnnnnnnnlrrnu"))
    found = [(each.what, each.first) for each in course.departures]
    assert found == [("left", 2), ("left", 16), ("right", 17)]
    assert course.departures[0].start == pytest.approx(0.1)
    assert course.departures[0].end == pytest.approx(0.8)
    assert course.found == pytest.approx(0.95)
    assert course.timed


def test_pictures_that_are_no_drive_are_counted():
    frame = results("nllnl").drop(columns="seconds")
    course = Course.of(frame)
    assert not course.timed
    assert course.table["at"].to_list() == [1, 2, 3, 4, 5]
    assert [each.length for each in course.departures] == [2, 1]
    again = Course.of(results("nllnl", seconds=[0.0, 0.1, 0.0, 0.1, 0.2]))
    assert not again.timed, "two videos have no time in common"


def test_doubts_are_kept_apart():
    trust = ["ok", "unsure", "unsure", "unfamiliar", "ok", "unsure"]
    course = Course.of(results("nnnnnn", trust=trust))
    assert [(each.what, each.first) for each in course.doubts] == [
        ("unsure", 2), ("unfamiliar", 4), ("unsure", 6),
    ]  # fmt: skip


def test_long_curves_are_thinned_and_keep_peaks_and_gaps():
    values = np.zeros(50_000)
    values[12_345], values[40_000], values[20_000:21_000] = 7.0, -7.0, np.nan
    frame = pd.DataFrame({"offset": values})
    found = thinned(frame, "offset")
    assert len(found) <= 1200
    assert {12_345, 40_000} <= set(found.index)
    assert found["offset"].isna().sum() >= 5
    assert len(thinned(frame.head(1000), "offset")) == 1000


def test_answers_are_said_as_people_do():
    assert [words.offset(each) for each in (0.123, -0.4, float("nan"))] == [
        "12% right", "40% left", "–",
    ]  # fmt: skip
    assert [words.radius(each) for each in (1 / 640, -1 / 300, 1e-5, float("nan"))] == [
        "640 m right", "300 m left", "straight", "–",
    ]  # fmt: skip
    assert [words.clock(each) for each in (0, 65.23, 3600)] == ["0:00.0", "1:05.2", "60:00.0"]
    assert [words.percent(each) for each in (1.0, 0.9999, 0.5)] == ["100%", "99.9%", "50%"]


@pytest.fixture(scope="module")
def registry() -> Registry:
    found = Registry()
    found.add(deepfield_lane_detection, "lane-detection")
    return found


@pytest.fixture(scope="module")
def model(registry) -> Model:
    return deepfield.load("lane-detection", registry=registry)


def results_page() -> None:
    import streamlit as st

    from deepfield.dashboard import results_view

    work = st.session_state["work"]
    results_view.show(work.model, work.result.run, work if st.session_state["kept"] else None)


@pytest.fixture
def opened(monkeypatch, registry, model) -> Callable[..., AppTest]:
    monkeypatch.setattr(cached, "registry", lambda: registry)

    def start(rows: int = 8, shown: str = "drive", kept: bool = True, **options) -> AppTest:
        source = FrameSource(LaneDetection().samples().head(rows), "example")
        work = Work(model, source, options)
        work.thread.join()
        assert work.error is None, work.error
        app = AppTest.from_function(results_page, default_timeout=120)
        app.session_state["work"] = work
        app.session_state["kept"] = kept
        app.session_state["lane-detection-view"] = shown
        return sound(app.run())

    return start


def sound(app: AppTest) -> AppTest:
    assert not app.exception
    assert not app.error
    return app


def said(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.info, *app.warning]
    return "\n".join(each.value.replace("\\", "") for each in parts)


def key(app: AppTest, name: str, view: str = "drive") -> str:
    return f"{app.session_state['work'].result.run.id}-{view}-{name}"


def test_drive_adds_up_and_is_leafed_through(opened):
    app = opened()
    shown = {each.label: each.value for each in app.metric}
    assert shown["Pictures"] == "8"
    assert {"Own lane found", "Departures", "Longest departure", "Median confidence"} <= set(shown)
    assert app.slider(key=key(app, "frame")).label == "Frame 1 of 8"
    assert app.button(key=key(app, "Previous")).disabled
    sound(app.button(key=key(app, "Next")).click().run())
    assert app.slider(key=key(app, "frame")).value == 2
    sound(app.slider(key=key(app, "frame")).set_value(8).run())
    assert app.button(key=key(app, "Next")).disabled
    assert "not kept" not in said(app)


def test_old_run_has_lines_on_an_empty_frame_and_its_charts(opened, monkeypatch):
    seen = []
    monkeypatch.setattr("streamlit.image", lambda picture, **how: seen.append(picture))
    app = opened(kept=False)
    assert "The pictures of this run were not kept" in said(app)
    width, height = seen[0].size
    row = app.session_state["work"].result.frame.iloc[0]
    assert (width, height) == (row["picture_width"], row["picture_height"])
    assert len(app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart")) >= 3
    sound(app.run())


def test_one_picture_is_shown_by_itself(opened):
    app = opened(rows=1)
    assert not app.slider
    assert "Pictures" not in {each.label for each in app.metric}
    sound(app.toggle(key=key(app, "evidence")).set_value(True).run())
    assert "could not be explained" not in said(app)


def test_picture_is_chosen_among_others(opened):
    app = opened(shown="picture")
    choose = app.selectbox(key=key(app, "chosen", "picture"))
    assert choose.options[5].endswith("night.jpg")
    sound(choose.set_value(6).run())


def test_camera_of_the_run_is_where_the_form_begins(opened):
    app = opened(rows=2, camera_height=1.7, pitch=5.0, view=50.0)
    values = [
        app.number_input(key=key(app, f"camera-{n}")).value for n in ("height", "pitch", "view")
    ]
    assert values == [1.7, 5.0, 50.0]
    assert "Nobody said how high the camera is" not in said(app)


def test_camera_that_makes_no_sense_gets_a_sentence_and_the_estimate_mends_it(opened):
    app = opened()
    pitch = key(app, "camera-pitch")
    names = [each.key for each in app.button if each.key.startswith(f"{pitch}-")]
    known = [name for name in names if not app.button(key=name).disabled]
    if not known:
        pytest.skip("the model found no lane in its own example")
    place = next(
        n for n, row in enumerate(app.session_state["work"].result.frame["departure"], 1)
        if row != "unknown"
    )  # fmt: skip
    sound(app.slider(key=key(app, "frame")).set_value(place).run())
    sound(app.number_input(key=pitch).set_value(-20.0).run())
    assert "the horizon would lie below the lines" in said(app)
    sound(app.button(key=known[-1]).click().run())
    assert app.number_input(key=pitch).value > -20.0
    assert "the horizon would lie below the lines" not in said(app)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drive along a made-up road; a longer one where a picture of the page is taken."""
    from deepfield_datasets.roads import RoadOptions, drive, write_video

    path = tmp_path_factory.mktemp("film") / "drive.mp4"
    options = RoadOptions(cameras="motorway", weather="clear", time="day", lanes=3)
    write_video(path, drive(7, 100 if SCREENSHOTS else 8, 10.0, options), 10.0)
    return path


@pytest.mark.browser
def test_drive_in_a_browser(page: Page, address, film):
    page.goto(f"{address}/lane-detection")
    expect(page.get_by_text("Nothing scored yet")).to_be_visible()
    page.locator("input[type=file]").set_input_files(film)
    expect(page.get_by_role("button", name=f"Remove {film.name}")).to_be_visible()
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.get_by_role("radio", name="Drive")).to_be_checked()
    expect(page.get_by_text("From above")).to_be_visible()
    settled(page)
    slider = page.get_by_role("slider")
    slider.focus()
    slider.press("ArrowRight")
    expect(page.get_by_text(re.compile(r"Frame 2 of \d+ · 0:00\.1"))).to_be_visible()
    page.get_by_role("button", name=re.compile(r"Next(?! departure)")).click()
    expect(page.get_by_text(re.compile(r"Frame 3 of \d+"))).to_be_visible()
    settled(page)
    # A click on the right of a chart leads to a frame near the end.
    chart = page.get_by_test_id("stVegaLiteChart").first
    box = chart.bounding_box()
    assert box is not None
    chart.click(position={"x": 0.6 * box["width"], "y": 40})
    expect(page.get_by_text(re.compile(r"Frame 3 of \d+"))).to_have_count(0)
    shoot(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Parquet", exact=True).click()
    assert len(pd.read_parquet(download.value.path())) >= 8
    page.get_by_role("button", name="Annotated video").click()
    expect(page.get_by_test_id("stVideo")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.browser
def test_picture_in_a_browser(page: Page, address):
    page.goto(f"{address}/lane-detection")
    page.get_by_role("button", name="Try the built-in example").click()
    expect(page.get_by_role("radio", name="Drive")).to_be_checked()
    page.get_by_text("Picture", exact=True).first.click()
    expect(page.get_by_role("combobox", name="Picture")).to_be_visible()
    settled(page)
    picture = page.get_by_test_id("stImage").locator("img")
    before = picture.get_attribute("src")
    assert before is not None
    page.get_by_text("Show where the evidence lies").click()
    expect(picture).not_to_have_attribute("src", before)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def shoot(page: Page) -> None:
    """Keep a screenshot where somebody asks for it, of a departure if there is one."""
    if SCREENSHOTS is None:
        return
    departure = page.get_by_role("button", name="Departure before")
    if departure.is_enabled():
        departure.click()
    page.set_viewport_size({"width": 1400, "height": 2440})
    settled(page)
    page.wait_for_timeout(2500)  # charts draw themselves after the page is there
    page.screenshot(path=Path(SCREENSHOTS) / "lane-detection.png")


def test_the_drive_among_the_examples_is_a_video_that_can_be_drawn_over(model):
    (film,) = LaneDetection().example_files().values()
    work = Work(model, film, {"every": 50})
    work.thread.join()
    assert work.error is None
    assert work.video is not None
    assert len(work.pictures) == 3
