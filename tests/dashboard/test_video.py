"""A video on the page of a domain: looked at frame by frame, and drawn over as a whole."""

from __future__ import annotations

from types import SimpleNamespace

import av
import numpy as np
import pandas as pd
import pytest
from deepfield_stripes import Stripes
from deepfield_stripes.bright import BrightPredictor
from streamlit.testing.v1 import AppTest

from deepfield.dashboard import cached
from deepfield.dashboard.uploads import spool_pictures
from deepfield.dashboard.work import MOST_OF_A_VIDEO, Work
from deepfield.formats import Formats
from deepfield.loading import Model, load_model
from deepfield.plugins import Registry
from deepfield.video import Video
from deepfield.video.clip import Clip


class Upload:
    def __init__(self, path):
        self.name = "my drive.mp4"
        self.getbuffer = lambda: memoryview(path.read_bytes())


@pytest.fixture(scope="module")
def model() -> Model:
    domain = type("Filmed", (Stripes,), {"formats": ("video",)})()
    found = load_model(domain)
    predictor = found.predictor
    assert isinstance(predictor, BrightPredictor)
    return Model(domain, found.spec, found.folder, predictor, Formats([Video()]))


@pytest.fixture
def drive(tmp_path):
    """A film of 24 frames with two upright stripes."""
    path = tmp_path / "drive.mp4"
    picture = np.repeat(Stripes().samples()["picture"][0][..., None], 3, axis=2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = "yuv420p"
        for _ in range(24):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path


def done(model, path) -> Work:
    source, folder = spool_pictures([Upload(path)], model, {})
    work = Work(model, source, {}, folder)
    work.thread.join()
    assert work.error is None, work.error
    return work


def page() -> None:
    import streamlit as st

    from deepfield.dashboard import results_view

    work = st.session_state["work"]
    results_view.show(work.model, work.result.run, work)


def test_a_video_is_looked_at_and_drawn_over(model, drive, monkeypatch):
    seen = []
    monkeypatch.setattr("streamlit.image", lambda picture, **how: seen.append(picture))
    monkeypatch.setattr(cached, "registry", Registry)
    work = done(model, drive)
    assert work.result.run.rows_out == 24
    assert list(work.result.frame["seconds"][:3]) == [0.0, 0.1, 0.2]
    app = AppTest.from_function(page, default_timeout=60)
    app.session_state["work"] = work
    app.run()
    assert not app.exception
    assert not app.error
    assert np.ptp(np.asarray(seen[0]).astype(int), axis=2).max() > 60, "the line has a colour"
    run = work.result.run.id
    app.button(key=f"{run}-rows-annotate").click().run()
    assert not app.exception
    assert not app.error
    _, made = app.session_state[f"{run}-annotated"]
    found = [frame.picture() for _, frame in Clip(made).frames()]
    assert len(found) == 24
    assert np.ptp(found[5].astype(int), axis=2).max() > 60, "lines have colours, the film has none"


def test_a_file_of_this_machine_is_named_and_its_path_kept_for_help(model, drive, monkeypatch):
    monkeypatch.setattr(cached, "registry", Registry)
    work = Work(model, drive, {})
    work.thread.join()
    app = AppTest.from_function(page, default_timeout=60)
    app.session_state["work"] = work
    app.run()
    heading = app.caption[0]
    assert heading.value.replace("\\", "").startswith(f"{drive.name} · bright")
    assert heading.help.replace("\\", "") == str(drive)


def test_thumbnails_of_a_video_are_from_all_over_it(model, drive, monkeypatch):
    monkeypatch.setattr("deepfield.dashboard.work.MOST_OF_A_VIDEO", 6)
    work = done(model, drive)
    assert list(work.thumbnails) == [1, 5, 9, 13, 17, 21]
    assert len(work.pictures) == 24
    assert MOST_OF_A_VIDEO == 200


def test_an_overlay_that_fails_leaves_the_picture_bare(model, drive, monkeypatch):
    monkeypatch.setattr(cached, "registry", Registry)
    broken = type("Broken", (type(model.domain),), {"overlay": f"{__name__}:broken"})()
    work = done(Model(broken, model.spec, model.folder, model.predictor, model.formats), drive)
    app = AppTest.from_function(page, default_timeout=60)
    app.session_state["work"] = work
    app.run()
    assert not app.exception
    assert [each.value.replace("\\", "") for each in app.error] == [
        "Drawing the answer failed: RuntimeError: no paint"
    ]


def broken(picture, answer):
    raise RuntimeError("no paint")


def test_a_view_sees_frames_while_they_are_kept():
    from deepfield.dashboard.context import Context
    from deepfield.dashboard.pictures import kept_picture

    kept = {3: np.zeros((4, 6), np.uint8), 4: "absent.png"}
    assert kept_picture(kept, 3).size == (6, 4)
    assert kept_picture(kept, 4) is None
    assert kept_picture(kept, 5) is None
    plain = Context(None, SimpleNamespace(id="r"), pd.DataFrame(), "k", None, None)
    assert plain.picture(1) is None
    assert plain.video is None
