from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepfield.errors import ContractError, InputError
from deepfield.fields import Boolean, Category, Image, Key, Number, Text, Timestamp, printable
from deepfield.table import Table


def test_number_names_the_value_that_is_no_number():
    numbers, problems = Number("amount").read_column(pd.Series(["3", "twelve", 4.5], [10, 11, 12]))
    assert numbers[[0, 2]].tolist() == [3.0, 4.5]
    assert problems == {1: "holds 'twelve', which is not a number"}


@pytest.mark.parametrize("value", [float("inf"), "1e999", -5, 200])
def test_number_out_of_range_or_infinite_is_refused(value):
    _, problems = Number("age", unit="years", least=0, most=150).read_column(pd.Series([value, 7]))
    assert list(problems) == [0]


def test_numbers_that_only_python_reads_are_read_and_huge_ones_refused():
    numbers, problems = Number("n").read_column(pd.Series(["1_000", 10**400, "5"], dtype=object))
    assert numbers[[0, 2]].tolist() == [1000.0, 5.0]
    assert list(problems) == [1]


def test_a_name_that_is_no_utf8_can_be_written():
    name = os.fsdecode(b"R\xf6ntgen.png")
    assert Image("image").show(Path("films", name)) == "films/R\ufffdntgen.png"
    assert Image("image").show({"path": name}) == "R\ufffdntgen.png"
    assert printable("Röntgen 日本 😀 \ud83d") == "Röntgen 日本 😀 \ufffd"


def test_range_is_said_with_its_unit():
    with pytest.raises(InputError, match="holds 200; expected 0 to 150 years"):
        Number("age", unit="years", least=0, most=150).read("200")


def test_empty_values_are_problems_only_where_required():
    column = pd.Series([None, float("nan"), pd.NA, "a"])
    assert list(Text("note").read_column(column)[1]) == [0, 1, 2]
    assert Text("note", required=False).read_column(column)[1] == {}


def test_numbers_may_be_empty_where_not_required():
    numbers, problems = Number("age", required=False).read_column(pd.Series([None, "5"]))
    assert problems == {}
    assert np.isnan(numbers[0])


def test_category_lists_what_it_expects():
    with pytest.raises(InputError, match="holds 'blue'; expected one of red, green"):
        Category("colour", values=("red", "green")).read("blue")


@pytest.mark.parametrize(
    ("word", "truth"), [("Yes", True), (0, False), ("true", True), (1.0, True)]
)
def test_booleans_are_read_as_people_write_them(word, truth):
    assert Boolean("paid").read(word) is truth


def test_times_are_utc_and_nonsense_is_refused():
    assert Timestamp("at").read("2024-05-01T12:00+02:00") == pd.Timestamp("2024-05-01T10:00Z")
    with pytest.raises(InputError, match="holds 'soon', which is not a date or time"):
        Timestamp("at").read("soon")


def test_keys_are_text_whatever_they_look_like():
    assert Key("card").read(17) == "17"


def test_too_long_a_text_is_refused_with_its_length():
    with pytest.raises(InputError, match="holds 11 characters; at most 10 are read"):
        Text("note", longest=10).read("a" * 11)


def test_long_values_are_cut_in_sentences():
    with pytest.raises(InputError) as caught:
        Number("amount").read("x" * 5000)
    assert len(str(caught.value)) < 120


def test_image_shows_names_and_never_bytes():
    field = Image("scan")
    assert field.show(b"12345") == "5 bytes"
    assert field.show("a/b.png") == "a/b.png"
    assert field.show({"path": "c.png", "bytes": b""}) == "c.png"


def test_image_of_unknown_mode_breaks_the_contract():
    with pytest.raises(ContractError, match="neither 'L' nor 'RGB'"):
        Image("scan", mode="CMYK")


def test_schema_says_type_limits_and_unit():
    schema = Table(
        Number("age", unit="years", least=0), Category("sex", values=("f", "m"))
    ).json_schema()
    assert schema["properties"]["age"] == {"type": "number", "minimum": 0, "unit": "years"}
    assert schema["properties"]["sex"]["enum"] == ["f", "m"]
    assert schema["required"] == ["age", "sex"]


def test_a_text_that_is_left_out_is_the_same_as_one_that_is_left_out_alone():
    words = Text("words", required=False)
    assert words.same(None, float("nan"))
    assert not words.same("moss", None)
    assert not words.same(float("nan"), "moss")
    assert words.same("moss", "moss")
