"""Rows of a log become sequences: baskets, returns, and what is not in the catalogue."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from deepfield.errors import UsageError
from deepfield_recommendations import Recommendations
from deepfield_recommendations.histories import read_histories
from deepfield_recommendations.vocabulary import Vocabulary


def rows(*events: tuple, names: str = "user_id item_id time") -> pd.DataFrame:
    frame = pd.DataFrame(events, columns=names.split())
    return Recommendations.inputs.read(frame).rows


def vocabulary(items: str) -> Vocabulary:
    log = pd.DataFrame({"item_id": list(items)})
    return Vocabulary.of(log)


def spelled(histories, known: Vocabulary) -> list[str]:
    sequences = histories.sequences
    return [
        "".join(known.ids[sequences.items[a:b] - 1])
        for a, b in zip(sequences.starts[:-1], sequences.starts[1:], strict=True)
    ]


def test_each_user_has_a_sequence_in_order():
    known = vocabulary("abc")
    found = read_histories(
        rows(("u", "a", "2026-01-01"), ("u", "b", "2026-01-02"), ("v", "c", "2026-01-01")), known
    )
    assert spelled(found, known) == ["ab", "c"]
    assert list(found.index) == [1, 2]


def test_a_basket_holds_each_item_once():
    known = vocabulary("ab")
    log = rows(("u", "a", "2026-01-01"), ("u", "b", "2026-01-01"), ("u", "a", "2026-01-01"))
    assert spelled(read_histories(log, known), known) == ["ab"]


def test_a_basket_is_what_bears_one_name_whatever_its_times():
    known = vocabulary("ab")
    log = rows(
        ("u", "a", "2026-01-01 10:00", "x"),
        ("u", "b", "2026-01-01 10:05", "x"),
        ("u", "a", "2026-01-01 10:06", "y"),
        names="user_id item_id time basket_id",
    )
    sequences = read_histories(log, known).sequences
    assert list(sequences.baskets) == [0, 0, 1]


def test_what_was_given_back_entirely_was_never_taken():
    known = vocabulary("ab")
    log = rows(
        ("u", "a", "2026-01-01", 6),
        ("u", "b", "2026-01-01", 6),
        ("u", "a", "2026-01-02", -6),
        ("u", "b", "2026-01-02", -2),
        ("v", "a", "2026-01-02", -1),
        names="user_id item_id time quantity",
    )
    found = read_histories(log, known)
    assert spelled(found, known) == ["b", ""]
    assert list(found.returned) == [3, 1]


def test_items_that_the_catalogue_lacks_are_counted_and_left_out():
    known = vocabulary("ab")
    found = read_histories(rows(("u", "a", "2026-01-01"), ("u", "z", "2026-01-02")), known)
    assert spelled(found, known) == ["a"]
    assert list(found.unknown) == [1]


def test_without_times_the_rows_stand_in_order():
    known = vocabulary("abc")
    log = rows(("u", "c"), ("u", "a"), ("u", "b"), names="user_id item_id")
    found = read_histories(log, known)
    assert spelled(found, known) == ["cab"]
    assert list(found.sequences.baskets) == [0, 1, 2]


def test_ids_are_names_whatever_a_program_made_of_them():
    log = rows((12345.0, 7.0), ("12345.0", "7"), names="user_id item_id")
    assert list(log["user_id"]) == ["12345", "12345"]
    assert list(log["item_id"]) == ["7", "7"]


def test_times_may_be_seconds_since_1970():
    log = rows(("u", "a", 1390780800), ("u", "b", "1390780801"))
    assert list(log["time"].dt.year) == [2014, 2014]


def test_the_latest_price_and_title_of_an_item_count():
    log = pd.DataFrame(
        {"item_id": ["a", "b", "a"], "title": ["old", "b ", "new"], "price": [1, 2, 3]}
    )
    items = Vocabulary.of(log).items
    assert list(items["title"]) == ["new", "b"]
    assert list(items["price"]) == [3, 2]
    assert list(items["taken"]) == [2, 1]


def test_a_vocabulary_comes_back_from_its_file(tmp_path):
    known = vocabulary("abca")
    known.save(tmp_path)
    back = Vocabulary.load(tmp_path)
    assert list(back.ids) == list("abc")
    assert list(back.codes(pd.Series(["c", "x", "a", "c"]))) == [3, 0, 1, 3]


def test_only_categories_and_prices_that_were_asked_for():
    log = pd.DataFrame(
        {"item_id": list("abc"), "category": ["Tea", "tea", "toys"], "price": [1, 5, None]}
    )
    known = Vocabulary.of(log)
    assert list(np.flatnonzero(known.allowed("TEA", 0, 0))[1:]) == [1, 2]
    assert list(np.flatnonzero(known.allowed("tea", 2, 9))[1:]) == [2]
    assert list(np.flatnonzero(known.allowed("", 0.5, 0))[1:]) == [1, 2]
    assert known.allowed(" , ", 0, 0) is None
    with pytest.raises(UsageError, match="No category 'coffee'.*Tea, tea, toys"):
        known.allowed("tea, coffee", 0, 0)
    with pytest.raises(UsageError, match="no prices"):
        vocabulary("ab").allowed("", 1, 0)
