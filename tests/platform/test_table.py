from __future__ import annotations

import pandas as pd
import pytest

from deepfield.errors import ContractError, InputError
from deepfield.fields import Image, Key, Number
from deepfield.table import Table

TABLE = Table(Key("card"), Number("amount"), Number("age", required=False))


def test_missing_column_is_named_with_what_was_found():
    with pytest.raises(InputError, match=r"No column 'amount'\. Found: card, total\. Needed: card"):
        TABLE.read(pd.DataFrame({"card": ["a"], "total": [1]}))


def test_bad_rows_are_set_aside_and_the_index_is_kept():
    rows = pd.DataFrame({"card": ["a", "b", None], "amount": ["1", "x", "3"]}, index=[5, 6, 7])
    before = rows.copy()
    checked = TABLE.read(rows)
    assert checked.rows.index.to_list() == [5]
    assert checked.problems == {
        6: "column 'amount' holds 'x', which is not a number",
        7: "column 'card' is empty",
    }
    pd.testing.assert_frame_equal(rows, before)


def test_two_fields_of_one_name_break_the_contract():
    with pytest.raises(ContractError, match="'a' does not stand alone"):
        Table(Key("a"), Number("a"))


def test_replace_keeps_the_order():
    table = Table(Key("id"), Image("scan")).replace(Image("scan", mode="L"))
    assert table.names == ["id", "scan"]
    assert table.image == Image("scan", mode="L")


def test_a_table_with_two_pictures_has_no_single_one():
    assert Table(Image("left"), Image("right")).image is None
