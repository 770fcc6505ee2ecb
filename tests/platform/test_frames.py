"""Frames made at little cost are what pandas would make."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from deepfield.frames import beside, column_names, framed

WORDS = pd.array(["x", None], dtype="str")


def test_a_frame_is_the_one_that_pandas_makes():
    columns = {"a": np.array([1.5, np.nan]), "b": WORDS}
    found = framed(columns, pd.Index(["first", "second"]))
    expected = pd.DataFrame(columns, ["first", "second"])
    pd.testing.assert_frame_equal(found, expected, check_column_type=False)
    assert found["b"].dtype == "str"
    assert framed({}, pd.RangeIndex(3)).shape == (3, 0)


def test_frames_beside_each_other_keep_their_types():
    left = framed({"a": np.array([1, 2]), "b": WORDS}, pd.Index([7, 9]))
    right = pd.DataFrame(np.ones((2, 2), "float32"), left.index, column_names(("c", "d")))
    found = beside([left, right])
    pd.testing.assert_frame_equal(found, left.join(right), check_column_type=False)


def test_threads_that_share_names_find_them_all():
    def look(frame):
        return [float(frame[name].iloc[0]) for name in frame.columns]

    for turn in range(20):
        names = column_names(tuple(f"{turn} {n}" for n in range(300)))
        frames = [pd.DataFrame(np.arange(300.0)[None], [0], names) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            assert all(found == list(range(300)) for found in pool.map(look, frames))
