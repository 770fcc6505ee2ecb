"""Columns that hold several things a row."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from deepfield.errors import InputError
from deepfield.fields import Key, Number, Ranking, Records

PASSAGES = Records("passages", parts=(Key("file"), Number("page")))
BOOKS = Ranking("recommended", of="book")


def things(*items: str, scores=None, **parts) -> list[dict]:
    scores = scores or [1.0 - 0.1 * rank for rank in range(len(items))]
    usual = {"title": "", "probability": 0.5, "because": ""}
    return [
        {"item": item, "score": score, **usual, **parts}
        for item, score in zip(items, scores, strict=True)
    ]


def test_things_are_read_from_any_form():
    wanted = [{"file": "a.pdf", "page": 3.0}, {"file": "b.pdf", "page": 1.0}]
    stored = pa.array([wanted], PASSAGES.arrow)
    column = PASSAGES.column(stored, pd.Index([7]))
    for value in (wanted, tuple(wanted), np.array(wanted), json.dumps(wanted), column[7]):
        assert PASSAGES.read(value) == wanted
    assert PASSAGES.read([]) == []
    assert column.name == "passages"


@pytest.mark.parametrize("value", ["7", 7, None, '"text"'])
def test_what_is_no_list_is_refused(value):
    with pytest.raises(InputError, match="which is no list"):
        PASSAGES.read(value)


def test_parts_of_another_name_are_refused():
    with pytest.raises(InputError, match="has not the parts of passages"):
        PASSAGES.read([{"file": "a.pdf", "line": 3}])


def test_records_are_the_same_within_the_tolerance_of_their_parts():
    one = [{"file": "a.pdf", "page": 3.0}]
    assert PASSAGES.same(one, [{"file": "a.pdf", "page": 3.0 + 1e-6}])
    assert not PASSAGES.same(one, [{"file": "b.pdf", "page": 3.0}])
    assert not PASSAGES.same(one, one * 2)
    assert PASSAGES.same([], [])


def test_lists_are_exploded_into_a_row_for_each_thing():
    results = pd.DataFrame(
        {"reader": ["ada", "ben", "eve"], "recommended": [things("x", "y"), [], things("z")]},
        index=[3, 5, 9],
    )
    found = BOOKS.exploded(results, beside=("reader",))
    assert found[["row", "reader", "rank", "item"]].to_numpy().tolist() == [
        [3, "ada", 1, "x"],
        [3, "ada", 2, "y"],
        [9, "eve", 1, "z"],
    ]
    assert list(found.columns[3:]) == [each.name for each in BOOKS.parts]
    assert BOOKS.exploded(results[:0]).empty


def test_rankings_agree_but_for_what_is_as_good_as_equal():
    one = things("x", "y", "z", scores=[3.0, 2.0, 1.0])
    assert BOOKS.same(one, things("x", "y", "z", scores=[3.01, 2.0, 1.0]))
    # The last may be another that is as good; what is surely better must be there.
    assert BOOKS.same(one, things("x", "y", "w", scores=[3.0, 2.0, 1.0]))
    assert not BOOKS.same(one, things("w", "y", "z", scores=[3.0, 2.0, 1.0]))
    assert not BOOKS.same(one, things("x", "y", "z", scores=[3.0, 2.0, 0.5]))
    assert not BOOKS.same(one, one[:2])
    assert BOOKS.same([], [])


def test_the_schema_names_the_parts():
    schema = BOOKS.json_schema()
    assert schema["type"] == "array"
    assert list(schema["items"]["properties"]) == [each.name for each in BOOKS.parts]
