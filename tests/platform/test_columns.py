"""Which column of a person's table fills which field."""

from __future__ import annotations

import pandas as pd
import pytest

from deepfield.columns import in_their_words, match_columns, read_columns, renamed
from deepfield.errors import InputError, UsageError
from deepfield.fields import Boolean, Key, Number
from deepfield.sources import open_source
from deepfield.table import Table

INPUTS = Table(
    Number("amount", aliases=("paid", "tx_amount")),
    Key("card", aliases=("customer",)),
    Boolean("is_fraud", required=False, aliases=("fraud",)),
)


@pytest.mark.parametrize(
    ("found", "mapped"),
    [
        (["amount", "card", "paid"], {}),
        (["TX_AMOUNT", "Customer"], {"amount": "TX_AMOUNT", "card": "Customer"}),
        (["Amount ", "card"], {"amount": "Amount "}),
        (["paid", "tx_amount", "card"], {"amount": "paid"}),
        (["amount", "card", "Fraud!"], {"is_fraud": "Fraud!"}),
        (["amount", "card", "fraudulent"], {}),
    ],
)
def test_own_names_come_first_then_the_earliest_alias(found, mapped):
    assert match_columns(found, INPUTS) == mapped


def test_what_a_person_says_comes_before_names_and_guesses():
    found = ["amount", "paid", "card", "fraud"]
    asked = {"amount": "paid", "is_fraud": ""}
    assert match_columns(found, INPUTS, asked) == asked
    rows = renamed(pd.DataFrame([[1, 2, "c", True]], columns=found), asked)
    assert rows.to_dict("list") == {"amount": [2], "card": ["c"], "fraud": [True]}


def test_two_columns_may_change_places():
    rows = pd.DataFrame({"amount": ["c"], "card": [5]})
    asked = {"amount": "card", "card": "amount"}
    changed = renamed(rows, match_columns(rows.columns, INPUTS, asked))
    assert changed.to_dict("list") == {"card": ["c"], "amount": [5]}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"amont": "paid"}, r"No field 'amont' .*did you mean 'amount'\?\); there are: amount"),
        ({"amount": "payed"}, r"No column 'payed' to be 'amount' \(did you mean 'paid'\?\)"),
        ({"amount": "paid", "card": "paid"}, "'paid' cannot be both 'amount' and 'card'"),
    ],
)
def test_what_cannot_be_followed_is_said(asked, sentence):
    with pytest.raises(UsageError, match=sentence):
        match_columns(["paid", "card"], INPUTS, asked)


def test_two_columns_that_could_be_one_field_are_not_chosen_between():
    with pytest.raises(UsageError, match="'Card' and 'CARD' could each be 'card'; say which"):
        match_columns(["amount", "Card", "CARD"], INPUTS)
    assert match_columns(["amount", "card", "Fraud", "FRAUD"], INPUTS) == {}


def test_a_table_of_another_kind_is_not_guessed_about():
    assert match_columns(["paid", "height"], INPUTS, whole=True) == {}
    assert match_columns(["paid", "customer"], INPUTS, whole=True) == {
        "amount": "paid",
        "card": "customer",
    }


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (["amount"], "'amount' is not FIELD=COLUMN"),
        (["amount=a", "amount=b"], "'amount' is mapped twice, to 'a' and to 'b'"),
    ],
)
def test_entries_that_say_nothing_or_twice_are_refused(entries, sentence):
    with pytest.raises(UsageError, match=sentence):
        read_columns(entries)


def test_a_column_may_hold_a_sign_of_equality():
    assert read_columns(["amount = a=b", "is_fraud="]) == {"amount": "a=b", "is_fraud": ""}


def test_problems_name_the_column_as_the_person_does():
    sentence = "column 'amount' holds 'x', which is not a number"
    told = in_their_words(sentence, {"amount": "TX"})
    assert told == "column 'TX' (amount) holds 'x', which is not a number"
    assert in_their_words(sentence, {"card": "TX"}) == sentence


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_sources_call_columns_like_fields(tmp_path, ending):
    rows = pd.DataFrame({"Paid": [1.5, 2.0], "Customer": ["a", "b"], "more": [0, 1]})
    file = tmp_path / f"rows.{ending}"
    if ending == "csv":
        rows.to_csv(file, index=False)
    elif ending == "parquet":
        rows.to_parquet(file)
    else:
        rows.to_json(file, orient="records", lines=True)
    for what in (file, rows):
        source = open_source(what, INPUTS)
        (chunk,) = source.chunks()
        assert source.columns == {"amount": "Paid", "card": "Customer"}
        assert list(chunk.rows.columns) == ["amount", "card", "more"]


def test_pictures_have_no_columns(tmp_path):
    from deepfield.fields import Image

    with pytest.raises(UsageError, match="holds pictures; there are no columns to map scan to"):
        open_source(tmp_path, Table(Image("scan")), columns={"scan": "file"})


def test_what_is_missing_says_how_to_name_it():
    with pytest.raises(InputError, match=r"No column 'card'.*--map card=COLUMN, or columns="):
        INPUTS.check_columns(["amount"])
