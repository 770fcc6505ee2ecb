"""Answers drawn over their pictures: a video at the times of its source, or a folder of PNGs."""

from __future__ import annotations

import errno
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image as PillowImage

from deepfield.domain import Domain, ModelSpec
from deepfield.drawing import COLOURS
from deepfield.errors import ContractError, DeepfieldError, InputError, UsageError
from deepfield.fields import Image, Label, Polylines
from deepfield.formats import Formats
from deepfield.loading import Model
from deepfield.predictor import Predictor
from deepfield.scoring import Job
from deepfield.table import Table
from deepfield.video import Video
from deepfield.video.clip import Clip
from deepfield.video.writing import VideoWriter


class Horizon(Domain):
    name = "horizon"
    title = "Horizon"
    question = "Where does the sky end?"
    inputs = Table(Image("picture"))
    outputs = Table(Polylines("edges", of="picture", names=("horizon",)))
    formats = ("video",)
    models = (ModelSpec("middle", "ANN", "nowhere.horizon:Middle"),)

    def samples(self):
        return pd.DataFrame({"picture": [np.zeros((9, 9, 3), np.uint8)]})


class Middle(Predictor):
    """Draws its line across the middle of the picture as it came, whatever that shows."""

    inputs = Table(Image("picture", size=(20, 40), fit="pad"))

    @classmethod
    def load(cls, folder, device="auto"):
        return cls()

    def predict(self, rows, options):
        lines = [
            [{"name": "horizon", "confidence": 1.0, "points": self.across(picture)}]
            for picture in rows["picture"]
        ]
        answers = {"edges": pd.Series(lines, rows.index, dtype=object)}
        return pd.DataFrame(answers | {"confidence": 0.9, "trust": "ok"}, rows.index)

    def across(self, picture):
        return picture.to_original([[1, 9.5], [38, 9.5]]).tolist()

    def explain(self, rows, options):
        return []


@pytest.fixture
def model() -> Model:
    return made(Horizon())


def made(domain) -> Model:
    folder = SimpleNamespace(config={}, hash="0" * 64)
    return Model(domain, domain.models[0], folder, Middle(), Formats([Video()]))


def frames(path):
    return [(moment, frame.picture()) for moment, frame in Clip(path).frames()]


@pytest.mark.parametrize("size", [(90, 160), (91, 161)])
def test_a_video_keeps_its_times_and_its_size(tmp_path, film, model, size):
    stamps = [0, 1, 2, 5, 6, 7, 20, 21, 22, 23, 24, 40]
    source = film(tmp_path / "a.mkv", codec="ffv1", size=size, pts=stamps, options={})
    result = Job(model, source, annotated=tmp_path / "out" / "drawn.mp4").run()
    assert result.annotated == tmp_path / "out" / "drawn.mp4"
    assert [each.name for each in result.annotated.parent.iterdir()] == ["drawn.mp4"]
    found = frames(result.annotated)
    assert np.allclose([moment.seconds for moment, _ in found], np.array(stamps) / 10, atol=1e-4)
    even = tuple(side + side % 2 for side in size)
    for number, (_, picture) in enumerate(found):
        assert picture.shape == (*even, 3)
        assert abs(int(picture[-5, 5].mean()) - (20 + 8 * number)) < 12, "the frame itself"
        line = picture[size[0] // 2 - 1, 80].astype(int)
        assert np.abs(line - COLOURS[0]).max() < 60, "and the line over it"


def test_a_folder_gets_a_png_for_each_picture_and_frame(tmp_path, film, films, model):
    film(films / "drive one.mp4", frames=3)
    (films / "more").mkdir()
    PillowImage.new("RGB", (40, 30), (9, 9, 9)).save(films / "more" / "drive one.png")
    (films / "broken.png").write_bytes(b"no picture")
    result = Job(model, films, annotated=tmp_path / "drawn").run()
    names = sorted(each.name for each in result.annotated.iterdir())
    assert names == [
        "drive-one-000000.png",
        "drive-one-000001.png",
        "drive-one-000002.png",
        "drive-one-2.png",
        *(f"synthetic-chest-xray-1-{number}.png" for number in (1, 2, 3, 4)),
    ]
    assert len(result.rejected) == 1
    drawn = np.asarray(PillowImage.open(tmp_path / "drawn" / "drive-one-2.png"))
    assert drawn.shape == (30, 40, 3)
    assert tuple(drawn[15, 20]) == COLOURS[0]


def test_what_cannot_be_is_said_before_anything_is_scored(tmp_path, film, films, model):
    video = film(tmp_path / "a.mp4")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("x")
    (tmp_path / "file").write_text("x")

    def refusal(source, path, **how):
        with pytest.raises(UsageError) as caught:
            Job(model, source, annotated=tmp_path / path, **how)
        return str(caught.value)

    assert "is not one video. Name a folder" in refusal(films, "drawn.mp4")
    assert "name an .mp4 for a video, or a folder" in refusal(video, "drawn.avi")
    assert "exists already" in refusal(video, "a.mp4")
    assert "is not empty" in refusal(video, "full")
    assert "is a file; name a folder" in refusal(video, "file")
    Job(model, films, annotated=tmp_path / "full", overwrite=True).run()
    assert len(list((tmp_path / "full").iterdir())) == 5
    plain = made(type("Plain", (Horizon,), {"outputs": Table(Label("sky"))})())
    with pytest.raises(UsageError, match="hold nothing to draw over a picture"):
        Job(plain, films, annotated=tmp_path / "drawn")


def test_cancelling_leaves_a_film_of_what_was_done(tmp_path, film, model):
    source = film(tmp_path / "long.mp4", frames=400, size=(32, 48))
    job = Job(model, source, annotated=tmp_path / "drawn.mp4", on_batch=lambda batch: job.cancel())
    result = job.run()
    assert result.stopped
    assert 1 <= len(frames(tmp_path / "drawn.mp4")) == result.run.rows_out < 400


def test_a_full_disk_is_one_sentence_and_leaves_a_part(tmp_path, film, model, monkeypatch):
    source = film(tmp_path / "long.mp4", frames=200, size=(32, 48))
    begin = VideoWriter._begin

    def begin_on_a_small_disk(self, height, width):
        begin(self, height, width)
        whole, written = self._container, []

        def mux(packets):
            written.extend(packets)
            if len(written) > 40:
                raise OSError(errno.ENOSPC, "No space left on device")
            whole.mux(packets)

        self._container = SimpleNamespace(mux=mux, close=whole.close)

    monkeypatch.setattr(VideoWriter, "_begin", begin_on_a_small_disk)
    with pytest.raises(DeepfieldError, match=r"'.*drawn\.mp4' broke off .*: the disk is full"):
        Job(model, source, annotated=tmp_path / "drawn.mp4").run()
    assert not (tmp_path / "drawn.mp4").exists()
    assert (tmp_path / "drawn.mp4.part").exists()


def test_a_video_has_one_size(tmp_path):
    video = VideoWriter(tmp_path / "a.mp4")
    video.write(np.zeros((20, 30, 3), np.uint8), 0.0)
    with pytest.raises(DeepfieldError, match="after 30 × 20 pixels came a picture of 20 × 30"):
        video.write(np.zeros((30, 20, 3), np.uint8), 0.1)
    assert video.close(keep=False) == tmp_path / "a.mp4.part"
    assert VideoWriter(tmp_path / "none.mp4").close() is None


def spoilt(picture, answer):
    raise InputError("has no middle") if answer["confidence"] > 2 else ContractError("no paint")


def test_an_overlay_that_fails_ends_the_run_with_its_sentence(tmp_path, film):
    domain = type("Spoilt", (Horizon,), {"overlay": f"{__name__}:spoilt"})()
    source = film(tmp_path / "a.mp4")
    with pytest.raises(ContractError, match="no paint"):
        Job(made(domain), source, annotated=tmp_path / "drawn.mp4").run()
    assert not (tmp_path / "drawn.mp4").exists()


def test_truncated_video_is_drawn_as_far_as_it_goes(tmp_path, film, model):
    whole = film(tmp_path / "a.mkv", frames=60).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    result = Job(model, tmp_path / "cut.mkv", annotated=tmp_path / "drawn.mp4").run()
    assert len(result.rejected) == 1
    assert len(frames(tmp_path / "drawn.mp4")) == len(result.frame)
