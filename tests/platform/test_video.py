"""Videos: a row a frame, upright, at the right times, in bounded memory, whatever is wrong."""

from __future__ import annotations

import gc
import shutil
import threading
import zipfile

import numpy as np
import pandas as pd
import pytest

from deepfield.errors import InputError
from deepfield.fields import Image
from deepfield.formats import Formats
from deepfield.images import read_picture
from deepfield.sources import open_source
from deepfield.sources.pictures import NamedFile, PictureSource
from deepfield.table import Table
from deepfield.video import Video, reading
from deepfield.video.ahead import ahead
from deepfield.video.frame import Frame

SMALL = Table(Image("picture", size=(45, 80)))
VIDEOS = Formats([Video()])


def gathered(what, inputs=SMALL, **options):
    """Return all rows, what they were read to while their frames were held, and the problems."""
    source = open_source(what, inputs, VIDEOS, options)
    parts = []
    for chunk in source.chunks():
        checked = inputs.read(chunk.rows)
        parts.append((chunk.rows, checked.rows["picture"], checked.problems))
    rows = pd.concat([rows for rows, _, _ in parts])
    read = pd.concat([pictures for _, pictures, _ in parts])
    assert source.total in (None, len(rows)), "the total is right in the end"
    return rows, read, {number: said for *_, found in parts for number, said in found.items()}


def grey(picture: np.ndarray) -> int:
    """Return the number of the frame that a picture shows."""
    return round((int(picture[-3, -3].mean()) - 19) / 8)


@pytest.mark.parametrize(
    ("ending", "how"),
    [
        ("mp4", {}),
        ("mov", {}),
        ("mkv", {}),
        ("m4v", {}),
        ("ts", {}),
        ("avi", {"codec": "mpeg4"}),
        ("webm", {"codec": "libvpx"}),
        ("mpg", {"codec": "mpeg2video", "rate": 25}),
    ],
)
def test_every_container_gives_a_row_a_frame(tmp_path, film, ending, how):
    path = film(tmp_path / f"film.{ending}", **how)
    rows, read, problems = gathered(path)
    assert not problems
    assert rows["frame"].to_list() == list(range(12))
    assert rows["frame"].dtype == "Int64"
    assert np.allclose(rows["seconds"].astype(float), np.arange(12) / how.get("rate", 10))
    assert [grey(each) for each in read] == list(range(12))
    assert str(rows["picture"][3]) == f"{path} [2]"
    assert {(each.shape, each.original) for each in read} == {((45, 80, 3), (90, 160))}


def test_times_are_those_of_the_container_where_the_rate_varies(tmp_path, film):
    stamps = [0, 1, 2, 5, 6, 7, 20, 21, 22, 23, 24, 40]
    rows, *_ = gathered(film(tmp_path / "phone.mp4", pts=stamps))
    assert np.allclose(rows["seconds"].astype(float), np.array(stamps) / 10)


@pytest.mark.parametrize(("rotation", "corner"), [(-90, (2, -3)), (90, (-3, 2)), (180, (-3, -3))])
def test_video_of_a_phone_stands_upright(tmp_path, film, rotation, corner):
    rows, read, _ = gathered(film(tmp_path / "phone.mp4", rotation=rotation), fit())
    assert rows["picture"][1].picture().shape == ((90, 160, 3) if rotation == 180 else (160, 90, 3))
    assert rows["picture"][1].picture()[corner].min() > 240, "the flag turns clockwise if negative"
    assert read[1].original == ((90, 160) if rotation == 180 else (160, 90))
    assert read[1].shape == (60, 60, 3)


def fit():
    return Table(Image("picture", size=(60, 60), fit="pad"))


@pytest.mark.parametrize(
    "how",
    [
        {"codec": "ffv1", "pix_fmt": "gray"},
        {"pix_fmt": "yuv420p10le"},
        {"codec": "ffv1", "size": (91, 161)},
        {"pix_fmt": "yuvj420p"},
    ],
    ids=lambda how: " ".join(map(str, how.values())),
)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_grey_deep_and_odd_video_is_read_as_it_looks(tmp_path, film, how, mode):
    inputs = Table(Image("picture", mode=mode, size=(44, 81), fit="pad"))
    rows, read, problems = gathered(film(tmp_path / "film.mkv", **how), inputs)
    assert not problems
    for number in (1, 12):
        whole = read_picture(rows["picture"][number], mode, None)
        assert whole.shape[:2] == how.get("size", (90, 160))
        assert abs(int(whole[-3, -3].max()) - (20 + 8 * (number - 1))) <= 3
        # Straight to the size, or by way of the whole picture: as good as the same.
        slow = read_picture(whole, mode, (44, 81), "pad")
        assert np.abs(read[number].astype(int) - slow).mean() < 3
        assert (
            read[number].to_original([[40, 22]]).tolist() == slow.to_original([[40, 22]]).tolist()
        )


def test_options_take_some_of_the_frames(tmp_path, film):
    path = film(tmp_path / "film.mp4", frames=40)
    rows, read, _ = gathered(path, every=5, start=1.0, end=3.0)
    assert rows["frame"].to_list() == [10, 15, 20, 25]
    assert [grey(each) for each in read] == [10, 15, 20, 25]
    assert open_source(path, SMALL, VIDEOS, {"every": 5}).options == {"every": 5}


def test_a_frame_that_is_gone_is_found_again(tmp_path, film):
    path = film(tmp_path / "film.mp4", frames=30)
    rows, *_ = gathered(path)
    gc.collect()
    for number in (23, 2, 30):
        picture = rows["picture"][number]
        assert picture.hold() is None, "a picture keeps no frame alive"
        assert grey(picture.picture()) == (number - 1) % 28
        assert grey(read_picture(picture, "RGB", (45, 80))) == (number - 1) % 28
    # A file whose frames have no times that can be sought is read from its start.
    raw = path.with_suffix(".avi")
    rows, *_ = gathered(film(raw, codec="mpeg4"))
    assert grey(rows["picture"][9].picture()) == 8


def test_a_film_of_any_length_holds_few_frames(tmp_path, film):
    path = film(tmp_path / "long.mp4", frames=3000, size=(32, 48), gop=50)
    source = open_source(path, SMALL, VIDEOS)
    most, count = 0, 0
    kept = []
    for chunk in source.chunks():
        count += len(chunk.rows)
        kept += chunk.rows["picture"].to_list()  # as a page does
        assert source.total in (3000, 3001)
        most = max(most, sum(isinstance(each, Frame) for each in gc.get_objects()))
    assert count == 3000
    assert most <= 3 * reading.MOST_AT_ONCE
    del chunk
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, Frame)]
    assert grey(kept[2987].picture()) == 2987 % 28


def test_leaving_early_ends_the_reading(tmp_path, film):
    path = film(tmp_path / "long.mp4", frames=300, size=(32, 48))
    chunks = open_source(path, SMALL, VIDEOS).chunks()
    next(chunks)
    chunks.close()
    assert not [each for each in threading.enumerate() if each.name == "deepfield-decode"]


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
def test_what_stands_before_a_break_is_served(tmp_path, film, ending):
    faststart = {"movflags": "faststart"} if ending == "mp4" else {}
    whole = film(tmp_path / f"film.{ending}", frames=100, options=faststart).read_bytes()
    cut = tmp_path / f"cut.{ending}"
    cut.write_bytes(whole[: len(whole) // 2])
    rows, read, problems = gathered(cut)
    assert 5 < len(read) < 90
    # Packets of a broadcast say nothing of how many are to come.
    if ending != "ts":
        assert list(problems) == [len(rows)]
        last = len(read) - 1
        assert f"breaks off after frame {last}" in problems[len(rows)]
        assert "its header promises 10.00 s" in problems[len(rows)]


def test_sound_that_lasts_longer_is_no_break(tmp_path):
    import av

    path = tmp_path / "music.mkv"
    with av.open(str(path), "w") as container:
        film, sound = container.add_stream("libx264", rate=10), container.add_stream("aac", 8000)
        film.height, film.width, film.pix_fmt = 64, 96, "yuv420p"
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 96, 3), np.uint8), "rgb24")
            container.mux(film.encode(frame))
        container.mux(film.encode())
        notes = av.AudioFrame.from_ndarray(np.zeros((1, 8000 * 5), np.float32), "fltp", "mono")
        notes.sample_rate = 8000
        container.mux([*sound.encode(notes), *sound.encode()])
    rows, _, problems = gathered(path)
    assert (len(rows), problems) == (10, {})


def test_what_is_no_video_is_one_sentence(tmp_path, film):
    whole = film(tmp_path / "film.mp4").read_bytes()
    files = {
        "empty.mp4": (b"", "is empty (0 bytes)"),
        "text.mp4": (b"Dear Sir or Madam, " * 99, "is no video that can be read"),
        "headless.mp4": (whole[: len(whole) // 2], "breaks off before it says what it holds"),
        # A list of other files would have them read in its name.
        "list.mp4": (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "is no video"),
        "other.mp4": (b"ffconcat version 1.0\nfile film.mp4\n", "is no video"),
    }
    for name, (content, sentence) in files.items():
        (tmp_path / name).write_bytes(content)
        _, read, problems = gathered(tmp_path / name)
        assert not len(read)
        assert sentence in problems[1]
    _, _, problems = gathered([tmp_path / "absent.mp4"])
    assert "does not exist" in problems[1]


def test_sound_alone_and_frames_too_large_are_refused(tmp_path, film, monkeypatch):
    import av

    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        container.mux([*stream.encode(frame), *stream.encode()])
    assert "holds sound alone" in gathered(path)[2][1]
    monkeypatch.setattr("deepfield.video.clip.MAX_PIXELS", 5000)
    found = gathered(film(tmp_path / "large.mp4"))[2][1]
    assert "has frames of 160 × 90 pixels; at most" in found


def test_videos_lie_among_pictures_in_folders_and_archives(tmp_path, film, films):
    film(films / "b.mp4", frames=3)
    shutil.copy(films / "b.mp4", films / "without-ending")
    (films / "code.ts").write_text("export const wheels = 4;\n")
    film(films / "broadcast.ts", frames=2)
    rows, read, problems = gathered(films)
    assert not problems
    frames = rows["frame"].fillna(-1).to_list()
    assert frames == [0, 1, 2, 0, 1, -1, -1, -1, -1, 0, 1, 2]
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(films.iterdir()):
            file.write(path, path.name)
    zipped, others, _ = gathered(archive)
    assert zipped["frame"].fillna(-1).to_list() == frames
    assert (np.stack(list(read)) == np.stack(list(others))).all()
    assert grey(zipped["picture"][3].picture()) == 2


def test_an_upload_is_known_by_its_own_name(tmp_path, film):
    file = NamedFile(film(tmp_path / "0.mp4"), "my drive.mp4")
    source = PictureSource([file], "my drive.mp4", "picture", VIDEOS)
    assert source.video is file
    (chunk,) = source.chunks()
    assert str(chunk.rows["picture"][1]) == "my drive.mp4 [0]"
    assert PictureSource([file, file], "two", "picture", VIDEOS).video is None


def test_a_table_names_no_video(tmp_path, film):
    film(tmp_path / "a.mp4")
    table = tmp_path / "paths.csv"
    table.write_text("picture\na.mp4\n")
    _, _, problems = gathered(table)
    assert problems == {
        1: "column 'picture' holds 12 pictures; score the file itself to have a row for each"
    }


def test_an_animated_gif_is_told_as_before(tmp_path):
    from PIL import Image as PillowImage

    path = tmp_path / "dance.gif"
    first, second = (PillowImage.new("L", (8, 8), grey) for grey in (0, 99))
    first.save(path, save_all=True, append_images=[second])
    source = open_source(path, SMALL, VIDEOS)
    (chunk,) = source.chunks()
    assert "holds 2 frames; save the one you mean" in SMALL.read(chunk.rows).problems[1]


def test_work_ahead_is_bounded_and_its_error_comes_through():
    made = []

    def numbers():
        for number in range(100):
            made.append(number)
            yield number
        raise InputError("breaks off")

    coming = ahead(numbers, 3)
    assert [next(coming) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert len(made) <= 10
    with pytest.raises(InputError, match="breaks off"):
        list(coming)
