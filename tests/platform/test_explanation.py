from __future__ import annotations

import json

import numpy as np
from PIL import Image

from deepfield.explanation import Contributions, Explanation, Heatmap, overlay

HEAT = Heatmap(np.array([[0, 0], [0, 1]], dtype=np.float32))
CORNER = Heatmap(np.pad(np.ones((4, 4), dtype=np.float32), ((4, 0), (4, 0))))


def test_cold_parts_of_the_picture_show_through_and_hot_ones_are_coloured():
    grey = Image.new("L", (80, 80), 128)
    drawn = np.asarray(overlay(grey, CORNER, opacity=0.8)).astype(int)
    assert (drawn[:20, :20] == 128).all()
    assert abs(drawn[70:, 70:] - 128).mean() > 40
    assert drawn.shape == (80, 80, 3)


def test_no_opacity_is_the_picture_itself():
    grey = Image.new("L", (40, 40), 90)
    assert (np.asarray(overlay(grey, HEAT, opacity=0.0)) == 90).all()


def test_explanations_are_plain_json():
    parts = Contributions({"age": 0.5, "dose": -0.25}, base=1.0)
    record = Explanation("Called ill.", (HEAT, parts)).to_json()
    assert json.loads(json.dumps(record)) == {
        "summary": "Called ill.",
        "heatmap": [[0.0, 0.0], [0.0, 1.0]],
        "contributions": {"age": 0.5, "dose": -0.25},
        "base": 1.0,
    }


def test_an_explanation_comes_back_from_text_as_it_was():
    parts = Contributions({"age": np.float32(0.1), "dose": -0.25}, base=1.5, unit="EUR")
    told = Explanation("Ålder, mostly.", (parts, CORNER))
    again = Explanation.unpacked(told.packed())
    assert (again.summary, again.contributions) == (told.summary, parts)
    assert again.heatmap is not None
    np.testing.assert_array_equal(again.heatmap.values, CORNER.values)
    assert again.heatmap.values.dtype == np.float32
