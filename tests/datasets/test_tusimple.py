"""Motorway pictures with lanes: loaded, split by stretches of road."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pandas as pd
import pytest

from deepfield.errors import InputError
from deepfield.plugins import Registry
from deepfield_datasets.tusimple import TuSimpleLanes, split_by_clip

HEIGHTS = [240, 250, 260]


@pytest.fixture
def folder(tmp_path):
    names = [
        "images/0313-1_180.jpg",
        "images/0313-1_300.jpg",
        "clips/0601/1494452381594376146/20.jpg",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    rows = [
        {"raw_file": name, "lanes": [[-2, 5, 6], [-2, -2, -2]], "h_samples": HEIGHTS}
        for name in names
    ]
    (tmp_path / "labels.json").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


def test_it_is_registered_with_its_terms():
    found = Registry.discover().datasets["tusimple-lanes"]
    assert "never at random" in found.card.traps[0]


def test_rows_tell_lanes_and_where_on_the_drive_they_are(folder):
    frame = TuSimpleLanes().load(folder)
    assert frame["lanes"].to_list() == [[[-2, 5, 6]]] * 3, "a lane without a point is none"
    assert frame["h_samples"][0] == HEIGHTS
    assert frame["date"].to_list() == ["0313-1", "0313-1", "0601"]
    assert frame["clip"].to_list()[:2] == [180, 300]
    # 180 frames at 20 a second are 9 seconds; the last number is nanoseconds.
    assert frame["seconds"].to_list() == pytest.approx([9, 15, 1494452381.594376])
    assert frame["image"][0] == str(folder / "images/0313-1_180.jpg")


def test_what_is_not_the_data_is_one_sentence(folder, tmp_path):
    with pytest.raises(InputError, match=r"Get it from https://github.com/TuSimple"):
        TuSimpleLanes().load(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no TuSimple lanes"):
        TuSimpleLanes().load(folder / "images")
    (folder / "images/0313-1_300.jpg").unlink()
    with pytest.raises(InputError, match=r"is not whole: 'images/0313-1_300.jpg' does not exist"):
        TuSimpleLanes().load(folder)
    row = {"raw_file": "mine.jpg", "lanes": [], "h_samples": HEIGHTS}
    (folder / "mine.jpg").touch()
    (folder / "labels.json").write_text(json.dumps(row))
    with pytest.raises(InputError, match=r"'mine.jpg' tells no clip"):
        TuSimpleLanes().load(folder)


def test_shapes_come_without_pictures(tmp_path):
    line = json.dumps({"lanes": [[-2, 5, 6], [-2, -2, -2]], "h_samples": HEIGHTS})
    with gzip.open(tmp_path / "tusimple_lane_shapes.jsonl.gz", "wt") as file:
        file.write(f"{line}\n{line}\n")
    for where in (tmp_path, tmp_path / "tusimple_lane_shapes.jsonl.gz"):
        shapes = TuSimpleLanes().shapes(where)
        assert shapes["lanes"].to_list() == [[[-2, 5, 6]]] * 2
    (tmp_path / "plain.jsonl").write_text(f"{line}\nno JSON\n")
    with pytest.raises(InputError, match="Line 2 of"):
        TuSimpleLanes().shapes(tmp_path / "plain.jsonl")
    with pytest.raises(InputError, match="holds no shapes of lanes"):
        TuSimpleLanes().shapes(tmp_path / "none.jsonl")


def drive(pictures: int = 200) -> pd.DataFrame:
    clips = np.arange(pictures) * 100  # five seconds apart
    frame = pd.DataFrame({"date": "0313-1", "clip": clips, "seconds": clips / 20})
    return frame.sample(frac=1, random_state=0)


def test_stretches_are_held_out_and_their_borders_left_out():
    frame = drive()
    side = split_by_clip(frame)
    assert side.index.equals(frame.index)
    in_order = side[frame.sort_values("clip").index].to_numpy()
    held = in_order == "held out"
    assert held.sum() == 30
    assert (np.diff(held.astype(int)) == 1).sum() + held[0] == 3, (
        "three stretches in one piece each"
    )
    seconds = np.arange(200) * 5.0
    apart = np.abs(seconds[in_order == "training"][:, None] - seconds[held])
    assert apart.min() >= 20
    # 5, 10 and 15 seconds away are left out, on each side.
    assert (in_order == "left out").sum() <= 3 * 2 * 3
    assert not split_by_clip(frame, gap=0).eq("left out").any()


def test_the_seed_draws_the_stretches():
    frame = drive()
    assert split_by_clip(frame, seed=1).equals(split_by_clip(frame, seed=1))
    assert not split_by_clip(frame, seed=1).equals(split_by_clip(frame, seed=2))


def test_recordings_of_another_day_are_not_near():
    one = drive(100)
    both = pd.concat([one, one.assign(date="0601")], ignore_index=True)
    side = split_by_clip(both, share=0.5, stretches=1, seed=3)
    held = both[side == "held out"]
    for date, rows in both[side == "left out"].groupby("date"):
        own = held.loc[held["date"] == date, "seconds"].to_numpy()
        assert all(np.abs(own - each).min() < 20 for each in rows["seconds"])
