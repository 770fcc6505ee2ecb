"""Lines over pictures: read, compared, kept in files, drawn."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image as PillowImage

from deepfield.drawing import COLOURS, annotated, can_annotate, colour_of, draw_polylines
from deepfield.errors import ContractError, InputError
from deepfield.fields import Image, Label, Points, Polylines
from deepfield.images import Resized, read_picture
from deepfield.results import read_results
from deepfield.sinks import open_sink
from deepfield.table import Table

EDGES = Polylines("edges", of="picture", names=("left", "right"))


def line(name="left", confidence=0.9, points=((1.0, 2.0), (30.0, 40.0), (50.5, 60.25))):
    return {"name": name, "confidence": confidence, "points": [list(each) for each in points]}


def test_points_are_read_from_any_form():
    wanted = [[1.0, 2.0], [3.5, 4.0]]
    for value in (
        wanted,
        np.array(wanted),
        json.dumps(wanted),
        [np.array(each) for each in wanted],
    ):
        assert Points("points").read(value).tolist() == wanted
    assert Points("points").read([]).shape == (0, 2)
    for wrong in ("twelve", 7, [1, 2], [[1, 2, 3]], [[1, float("nan")]], [[1], [2, 3]]):
        with pytest.raises(InputError, match="which are no points"):
            Points("points").read(wrong)


def test_lines_are_the_same_within_two_pixels_and_their_confidences():
    one = [line(), line("right")]
    near = [line(points=((2.5, 2.0), (31.5, 40.0), (52.0, 60.25))), line("right", 0.915)]
    assert EDGES.same(one, near)
    assert not EDGES.same(one, [line(points=((5, 2), (34, 40), (54, 60))), line("right")])
    assert not EDGES.same(one, [line(), line("right", 0.87)])
    assert not EDGES.same(one, [line(), line()])
    assert not EDGES.same(one, one[:1])
    assert not EDGES.same(one, [line(points=((1, 2), (30, 40))), line("right")])
    assert EDGES.same([], [])


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".csv"])
@pytest.mark.parametrize("of_arrow", [True, False])
def test_lines_go_through_files(tmp_path, suffix, of_arrow):
    path = tmp_path / f"lines{suffix}"
    rows = [[line(), line("right", 0.5)], [], [line(points=())]]
    values = (
        EDGES.column(pa.array(rows, EDGES.arrow), pd.RangeIndex(3))
        if of_arrow
        else pd.Series(rows, dtype=object)
    )
    frame = pd.DataFrame({"row": [1, 2, 3], "edges": values})
    schema = pa.schema([("row", pa.int64()), ("edges", EDGES.arrow)])
    with open_sink(path, schema) as sink:
        sink.write(frame)
    back = read_results(path)["edges"]
    for wanted, got in zip(rows, back, strict=True):
        assert EDGES.same(wanted, got)


def test_the_schema_says_what_lines_lie_over_and_are_called():
    schema = EDGES.json_schema()
    assert schema["of"] == "picture"
    parts = schema["items"]["properties"]
    assert parts["name"]["enum"] == ["left", "right"]
    assert parts["points"]["items"]["maxItems"] == 2


def test_a_line_keeps_its_colour_by_its_name():
    assert colour_of("right", 0, EDGES.names) == COLOURS[1]
    assert colour_of("", 2) == COLOURS[2]
    black = np.zeros((90, 160, 3), dtype=np.uint8)
    across = line("right", 1.0, ((10, 45), (150, 45)))
    drawn = draw_polylines(black, [across], EDGES.names)
    assert tuple(drawn[45, 80]) == COLOURS[1]
    assert not black.any(), "the picture is left as it was"
    assert not drawn[:30].any()
    fainter = draw_polylines(black, [across | {"confidence": 0.2}], EDGES.names)
    assert 0 < fainter[45, 80].sum() < drawn[45, 80].sum()


def test_lines_that_are_short_or_outside_draw_nothing():
    black = np.zeros((40, 40, 3), dtype=np.uint8)
    lines = [line(points=()), line(points=((3, 3),)), line(points=((-500, -500), (-400, -9e9)))]
    assert not draw_polylines(black, lines).any()
    assert draw_polylines(black, [line(points=((-1e9, 20), (1e9, 20)))]).any()


def crossed(picture, answer):
    picture[: len(answer["edges"])] = 255
    return picture


def wrong(picture, answer):
    return picture[:5]


def domain(overlay=""):
    return SimpleNamespace(name="edges", overlay=overlay)


def test_an_answer_is_drawn_as_its_domain_says():
    grey = np.full((60, 80, 3), 60, dtype=np.uint8)
    answer = {"edges": json.dumps([line(), line("right")]), "confidence": 0.9}
    outputs = Table(EDGES)
    assert (annotated(domain(), outputs, grey, answer) != grey).any()
    assert (annotated(domain(), outputs, grey, {"edges": None}) == grey).all()
    own = annotated(domain(f"{__name__}:crossed"), outputs, grey, answer)
    assert (own[:2] == 255).all()
    assert (own[2:] == 60).all()
    assert (grey == 60).all()
    with pytest.raises(ContractError, match="expected uint8 of the same shape"):
        annotated(domain(f"{__name__}:wrong"), outputs, grey, answer)
    with pytest.raises(ContractError, match="is no function"):
        annotated(domain(f"{__name__}:absent"), outputs, grey, answer)


def test_only_what_has_lines_or_an_overlay_is_drawn():
    assert can_annotate(domain(), Table(EDGES))
    assert can_annotate(domain("a.b:c"), Table(Label("kind")))
    assert not can_annotate(domain(), Table(Label("kind")))


@pytest.mark.parametrize("size", [(90, 160), (60, 200), (288, 800), (33, 31)])
@pytest.mark.parametrize("fit", ["stretch", "pad"])
def test_points_of_a_resized_picture_map_back_to_where_they_came_from(size, fit):
    picture = np.zeros((180, 320, 3), dtype=np.uint8)
    picture[100:110, 200:210] = 255
    read = Image("picture", size=size, fit=fit).read(picture)
    assert isinstance(read, Resized)
    assert read.shape == (*size, 3)
    assert read.original == (180, 320)
    weights = read[..., 0].astype(float)
    centre = [(np.indices(size)[axis] * weights).sum() / weights.sum() for axis in (1, 0)]
    assert np.abs(read.to_original([centre])[0] - (204.5, 104.5)).max() < 4.0


def test_padding_keeps_the_aspect_ratio_between_black_bars():
    white = np.full((100, 200), 255, dtype=np.uint8)
    read = read_picture(white, "L", (80, 80), "pad")
    assert (read[20:60] == 255).all()
    assert not read[:20].any()
    assert not read[60:].any()
    with pytest.raises(ContractError, match="neither 'stretch' nor 'pad'"):
        Image("picture", fit="crop")


def test_stretching_is_as_it_was_and_stacks_are_plain_arrays():
    picture = np.random.default_rng(0).integers(0, 255, (50, 70, 3), dtype=np.uint8)
    before = PillowImage.fromarray(picture).resize((32, 24), PillowImage.Resampling.BILINEAR)
    table = Table(Image("picture", size=(24, 32)))
    read = table.read(pd.DataFrame({"picture": pd.Series([picture] * 3, dtype=object)})).rows
    assert (read["picture"][0] == np.asarray(before)).all()
    assert read["picture"][2].original == (50, 70)
    assert type(np.stack(list(read["picture"]))) is np.ndarray
    assert type(Image("picture").read(picture)) is np.ndarray
