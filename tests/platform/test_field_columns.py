"""A column is read at once, and each of its values as it would be alone."""

# ruff: noqa: E501  (a table of odd values reads best in long lines)
from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from deepfield.errors import InputError
from deepfield.fields import Boolean, Category, Key, Number, Text, Timestamp
from deepfield.table import Table

BERLIN = dt.timezone(dt.timedelta(hours=2))
FIELDS = [
    Text("x", longest=12),
    Key("x"),
    Category("x"),
    Category("x", values=("a", "1", "1.0", "True")),
    Boolean("x"),
    Number("x", least=-5, most=100),
    Timestamp("x"),
    Timestamp("x", future=False),
]
MESSY = [
    None, float("nan"), pd.NA, pd.NaT, "", "  ", "a", " a ", "b\n", "ä" * 20, "\ud83d", "yes", "No ",
    "TRUE", "maybe", True, False, np.True_, 0, 1, 2, -1, 7, 10**30, np.int8(1), np.uint64(2**63),
    0.0, 1.0, -0.0, 2.5, 1e20, 1e-7, float("inf"), np.float32(0.1), np.float16(1.0), Decimal("1.0"),
    Decimal("12.50"), Decimal("NaN"), Decimal("1E+3"), "1.0", "1", "007", "007.0", "12345.00", "-3.0",
    "1,234.50", "1e5", "1_000", "0x10", "12.5", " 7 ", "Infinity", "nan", "now", "tomorrow", "today",
    "2024-05-31", "2024-05-31 14:02", "2024-05-31T14:02:03.123456Z", "2024-05-31T14:02:03+02:00",
    "2024-02-30", "2024-05-31 24:00", "31.05.2024", "31 May 2024", "May 31, 2024 2:02 PM", "20240531",
    "1527811200", "2199-01-01", "99999-01-01", "0000-12-31", dt.datetime(2024, 5, 31, 14, 2),
    dt.datetime(2024, 5, 31, tzinfo=BERLIN), dt.date(2024, 5, 31), dt.datetime(9999, 12, 31),
    dt.time(3), pd.Timestamp("2024-05-31", tz="Asia/Tokyo"), np.datetime64("2024-05-31T10"),
    pd.Timedelta(days=1), [1, 2], {"a": 1}, b"raw", 1 + 2j,
]  # fmt: skip


def alone(field, value):
    """Read one value as if nothing stood beside it."""
    column, problems = field.read_column(pd.Series([value], dtype=object))
    return problems.get(0) or ("" if pd.isna(column[0]) else column[0])


@pytest.mark.parametrize("field", FIELDS, ids=repr)
@pytest.mark.parametrize("seed", range(4))
def test_a_messy_column_reads_as_its_values_do_one_by_one(field, seed):
    values = random.Random(seed).choices(MESSY, k=300)
    column = pd.Series(values, index=[f"row {n}" for n in range(300)], dtype=object)
    before = column.copy()
    read, problems = field.read_column(column)
    assert len(read) == len(values)
    for place, value in enumerate(values):
        found = problems.get(place) or ("" if pd.isna(read[place]) else read[place])
        assert found == alone(field, value), value
    pd.testing.assert_series_equal(column, before)


KINDS = {
    "int64": (pd.Series([3, 1, 0]), ["3", "1", "0"]),
    "float64": (pd.Series([3.0, 1.5, None]), ["3", "1.5", None]),
    "float32": (pd.Series([3.0, 0.1, None], dtype="float32"), ["3", "0.1", None]),
    "Int64": (pd.Series([3, 1, None], dtype="Int64"), ["3", "1", None]),
    "UInt64": (pd.Series([2**63, 1, None], dtype="UInt64"), [str(2**63), "1", None]),
    "Float64": (pd.Series([3.0, None, 2.5], dtype="Float64"), ["3", None, "2.5"]),
    "boolean": (pd.Series([True, None, False], dtype="boolean"), ["True", None, "False"]),
    "str": (pd.Series(["a", None, "007"]), ["a", None, "007"]),
    "string": (pd.Series(["a", None, "b"], dtype="string[python]"), ["a", None, "b"]),
    "texts": (pd.Series(["1", None, "1"], dtype="category"), ["1", None, "1"]),
    "numbers": (pd.Series([17, None, 17]).astype("category"), ["17", None, "17"]),
    "arrow int": (pd.Series([17, None, 5], dtype="int64[pyarrow]"), ["17", None, "5"]),
    "arrow text": (pd.Series(["x", None], dtype=pd.ArrowDtype(pa.string())), ["x", None]),
    "decimal": (
        pd.Series([Decimal("12.00"), None], dtype=pd.ArrowDtype(pa.decimal128(9, 2))),
        ["12", None],
    ),
    "dates": (
        pd.Series([dt.date(2024, 1, 2), None], dtype=pd.ArrowDtype(pa.date32())),
        ["2024-01-02", None],
    ),
    "periods": (pd.Series(pd.period_range("2024-01", periods=2, freq="M")), ["2024-01", "2024-02"]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_keys_of_every_kind_of_column_are_text(kind):
    column, expected = KINDS[kind]
    for field in (Key("x", required=False), Category("x", required=False)):
        read, problems = field.read_column(column)
        assert problems == {}
        assert read.dtype == "str"
        assert [None if pd.isna(each) else each for each in read] == expected


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(pd.to_datetime(["2024-05-31 14:02", None])),
        pd.Series(pd.to_datetime(["2024-05-31 14:02", None])).astype("datetime64[ns]"),
        pd.Series(pd.to_datetime(["2024-05-31 16:02", None])).dt.tz_localize("Europe/Berlin"),
        pd.Series(["2024-05-31 14:02", None]),
        pd.Series(["2024-05-31T14:02Z", None], dtype="category"),
        pd.Series([dt.datetime(2024, 5, 31, 14, 2), None], dtype=object),
        pd.Series([pd.Timestamp(2024, 5, 31, 14, 2), None], dtype=pd.ArrowDtype(pa.timestamp("s"))),
    ],
    ids=lambda column: str(column.dtype),
)
def test_moments_of_every_kind_of_column_are_utc(column):
    read, problems = Timestamp("at", required=False).read_column(column)
    assert problems == {}
    assert read.dtype == "datetime64[us, UTC]"
    assert read[0] == pd.Timestamp("2024-05-31 14:02Z")
    assert read[1] is pd.NaT


def test_iso_texts_are_read_as_python_reads_them():
    chance = random.Random(7)
    texts = []
    for _ in range(2000):
        moment = dt.datetime(1, 1, 2) + dt.timedelta(seconds=chance.randrange(315_000_000_000))
        zone = chance.choice(["", "Z", "+00:00", "-05:30", "+0200", "+14:00"])
        fraction = chance.choice(["", ".5", ".123456"])
        texts.append(moment.strftime(f"%Y-%m-%dT%H:%M:%S{fraction}{zone}").zfill(19))
    texts = [f"{'0' * (4 - text.index('-'))}{text}" for text in texts]
    read, problems = Timestamp("at").read_column(pd.Series(texts))
    assert problems == {}
    for text, found in zip(texts, read, strict=True):
        moment = dt.datetime.fromisoformat(text)
        assert found == (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)), text


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-5-3 9:05", "2024-05-03T09:05"),
        ("2024/05/31 14:02:03,5", "2024-05-31T14:02:03.5"),
        ("31.5.2024 14:02", "2024-05-31T14:02"),
        ("31 May 2024", "2024-05-31"),
        ("Fri, 31 May 2024 14:02:00 +0200", "2024-05-31T12:02"),
        ("May 31st, 2024 12:05 a.m.", "2024-05-31T00:05"),
        ("31-DEC-2024 12:05 PM", "2024-12-31T12:05"),
        ("2024-05-31 14:02:00 UTC", "2024-05-31T14:02"),
        ("20240531T140200Z", "2024-05-31T14:02"),
        ("31/05/2024 14:02", "2024-05-31T14:02"),
        ("05-31-2024", "2024-05-31"),
    ],
)
def test_usual_ways_to_write_a_moment(text, moment):
    assert Timestamp("at").read(text) == pd.Timestamp(moment, tz="UTC")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (1527811200, "holds 1527811200, a bare number; give dates such as 2024-05-31 14:02"),
        (1527811200.5, "a bare number"),
        ("1527811200", "holds '1527811200', a bare number"),
        ("tomorrow", "holds 'tomorrow', which is not a date or time"),
        ("2023-02-29", "which is not a date or time"),
        ("2024-05-31 14:02 CEST", "which is not a date or time"),
        ("2024-05-31 25:00", "which is not a date or time"),
        ("05.31.2024", "which is not a date or time"),
        (True, "which is not a date or time"),
        ("2199-01-01", "holds 2199-01-01 00:00:00, which lies in the future"),
        (dt.datetime(9999, 1, 1), "which lies in the future"),
        ("03/04/2024", "whose day and month cannot be told apart; write dates such as 2024-05-31"),
    ],
)
def test_what_is_no_moment_is_said(value, sentence):
    with pytest.raises(InputError) as caught:
        Timestamp("at", future=False).read(value)
    assert sentence in str(caught.value)


def test_tomorrow_at_this_time_is_no_future_yet():
    soon = pd.Timestamp.now("UTC") + pd.Timedelta(hours=20)
    assert Timestamp("at", future=False).read(soon) == soon.floor("us")


def test_a_day_past_the_12th_tells_the_order_for_the_whole_column():
    column = pd.Series(["03/04/2024", "31/05/2024 10:00", "2024-01-02"])
    read, problems = Timestamp("at").read_column(column)
    assert problems == {}
    assert read[0] == pd.Timestamp("2024-04-03", tz="UTC")
    read, problems = Timestamp("at").read_column(pd.Series(["03/04/2024", "05/31/2024"]))
    assert problems == {}
    assert read[0] == pd.Timestamp("2024-03-04", tz="UTC")


def test_a_column_that_contradicts_itself_is_not_read_by_halves():
    column = pd.Series(["03/04/2024", "31/05/2024", "05/31/2024", "2024-01-02"])
    _, problems = Timestamp("at").read_column(column)
    assert list(problems) == [0, 1, 2]
    assert "cannot be told apart" in problems[1]


def test_what_the_first_rows_told_holds_for_the_later_ones():
    table = Table(Timestamp("at"))
    decided = table.decided(pd.DataFrame({"at": ["31/05/2024", "01/06/2024"]}))
    later = decided.read(pd.DataFrame({"at": ["03/04/2024", "05/31/2024"]}))
    assert later.rows["at"].to_list() == [pd.Timestamp("2024-04-03", tz="UTC")]
    assert later.problems == {1: "column 'at' holds '05/31/2024', which is not a date or time"}
    assert table.decided(pd.DataFrame({"at": ["03/04/2024"]})).fields == table.fields


def test_a_key_that_must_stand_alone_names_the_other_row():
    column = pd.Series(["a", "b", "a", None, "1.0", 1], index=[10, 11, 12, 13, 14, 15])
    read, problems = Key("id", unique=True, required=False).read_column(column)
    assert problems == {2: "holds 'a', as row 10 does", 5: "holds '1', as row 14 does"}
    assert read[[0, 1, 4]].tolist() == ["a", "b", "1"]


def test_a_third_truth_is_named():
    for column in (pd.Series([0, 1, 2]), pd.Series(["no", "yes", "2"]), pd.Series([0.0, 1.0, 2.0])):
        _, problems = Boolean("paid").read_column(column)
        assert list(problems) == [2]
        assert "which is neither true nor false" in problems[2]
    read, problems = Boolean("paid").read_column(pd.Series([1, 0]))
    assert read.dtype == bool
    read, _ = Boolean("paid", required=False).read_column(pd.Series(["y", None]))
    assert read.dtype == "boolean"


def test_a_comma_in_a_number_is_ambiguous_and_said_so():
    with pytest.raises(InputError, match=r"holds '1,234.50', whose comma may part thousands"):
        Number("amount").read("1,234.50")
    with pytest.raises(InputError, match="holds '12 €', which is not a number"):
        Number("amount").read("12 €")


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([Decimal("1.5"), None], dtype=object),
        pd.Series([1.5, None], dtype="Float64"),
        pd.Series(["1.5", None], dtype="category"),
        pd.Series([1.5, None], dtype="double[pyarrow]"),
        pd.Series([Decimal("1.5"), None], dtype=pd.ArrowDtype(pa.decimal128(9, 1))),
    ],
)
def test_numbers_of_every_kind_of_column(column):
    read, problems = Number("amount", required=False).read_column(column)
    assert problems == {}
    assert read.dtype == "float64"
    assert read[0] == 1.5
    assert np.isnan(read[1])


def test_a_moment_is_no_number():
    _, problems = Number("amount").read_column(pd.Series(pd.to_datetime(["2024-05-31"])))
    assert problems == {0: "holds '2024-05-31 00:00:00', which is not a number"}


def test_a_list_in_a_cell_is_one_sentence():
    for field in (Key("x"), Text("x"), Number("x")):
        _, problems = field.read_column(pd.Series([[1, 2], {"a": 1}]))
        assert problems[0] == "holds '[1, 2]', a list, where one value belongs"
        assert "an object with names" in problems[1]
