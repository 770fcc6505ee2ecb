"""A person's own transactions in, a model of their own out; and any table with a label."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

import deepfield
from deepfield.domain import ModelSpec
from deepfield.errors import InputError, UsageError
from deepfield.evaluation import Survey
from deepfield.selftest import check_model
from deepfield.store import find_model, fitted_models
from deepfield_fraud_detection import FraudDetection
from deepfield_fraud_detection.own_tables import inputs_of, read_inputs, write_inputs

SMALL = {"epochs": 6, "hidden": 16, "members": 2, "learning_rate": 0.01}


def claims(rows: int = 1200, seed: int = 0) -> pd.DataFrame:
    """A table that knows nothing of cards: fraud hangs on a number and on a word."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": draw.normal(40, 12, rows).round(),
            "sum": draw.gamma(2, 500, rows),
            "channel": draw.choice(["web", "shop", "phone"], rows),
            "note": [f"claim {number}" for number in range(rows)],
        }
    )
    odds = (frame["sum"] - 1800) / 250 + 2.5 * (frame["channel"] == "phone")
    frame["is_fraud"] = (draw.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    frame.loc[draw.random(rows) < 0.05, ["age", "channel"]] = None
    return frame


def payments(rows: int = 700, seed: int = 1) -> pd.DataFrame:
    """Transactions of which those at a terminal that was broken into are fraud."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "time": pd.Timestamp("2025-01-01")
            + pd.to_timedelta(np.sort(draw.integers(0, 60 * 86_400, rows)), "s"),
            "amount": draw.gamma(9, 4, rows).round(2),
            "card_id": draw.integers(0, 30, rows),
            "terminal_id": draw.integers(0, 6, rows),
            "country": draw.choice(["DE", "FR"], rows),
        }
    )
    frame["is_fraud"] = (frame["terminal_id"] == 2) & (draw.random(rows) < 0.8)
    return frame


def fit(rows: pd.DataFrame, **named):
    return deepfield.fit("fraud-detection", rows, **{"name": "mine", "overwrite": True, **named})


def mine() -> ModelSpec:
    return find_model(FraudDetection(), "mine")


# A table of one's own.


def test_a_table_of_ones_own_is_learned_from_and_kept():
    fitted = fit(claims(), **SMALL)
    assert sum(fitted.sizes.values()) == 1200
    model = deepfield.load("fraud-detection", "mine")
    assert model.inputs.names == ["age", "sum", "channel"]  # a note names rows, and tells nothing
    new = claims(600, seed=5)
    found = model.predict(new.drop(columns="is_fraud"))
    precision = average_precision_score(new["is_fraud"], found["fraud"])
    assert precision > new["is_fraud"].mean() + 0.3
    assert found["fraud"].mean() == pytest.approx(new["is_fraud"].mean(), abs=0.08)
    again = deepfield.load("fraud-detection", "mine").predict(new)
    pd.testing.assert_frame_equal(found, again)
    assert check_model(FraudDetection(), mine()).passed
    # What a missed fraud costs is the same for every row of a table without amounts.
    np.testing.assert_allclose(found["at_risk"], found["fraud"] * 100.0)
    dear = model.predict(new, usual_amount=1000.0)
    np.testing.assert_allclose(dear["at_risk"], found["fraud"] * 1000.0)


def test_a_fitted_model_explains_by_the_tables_own_columns():
    fit(claims(), **SMALL)
    model = deepfield.load("fraud-detection", "mine")
    row = pd.DataFrame({"age": [40.0], "sum": [4000.0], "channel": ["web"]})
    found = model.predict(row, reasons="all")
    (explanation,) = model.explain(row)
    values = explanation.contributions.values
    assert max(values, key=values.get) == "sum"
    assert "Sum is 4,000" in found["reasons"][0]
    chance = found["fraud"][0]
    total = explanation.contributions.base + sum(values.values())
    assert total == pytest.approx(np.log(chance / (1 - chance)), abs=0.02)
    foreign = model.predict(row.assign(channel="pigeon"))["trust"]
    assert foreign.to_list() == ["unfamiliar"]


def test_labels_may_stand_in_another_column_and_in_words():
    rows = claims().rename(columns={"is_fraud": "bad"})
    fitted = fit(rows.assign(bad=rows["bad"].map({0: "no", 1: "Yes"})), label="bad", **SMALL)
    assert set(fitted.evaluation.counts) == {"genuine", "fraud"}
    assert "bad" not in deepfield.load("fraud-detection", "mine").inputs.names


def test_a_model_asks_for_the_columns_that_it_learned_from():
    fit(claims(), **{**SMALL, "epochs": 1})
    with pytest.raises(InputError, match="No column 'sum'"):
        deepfield.score("fraud-detection", claims(9).drop(columns="sum"), model="mine")


def test_inputs_are_written_and_read_again():
    domain = FraudDetection()
    for rows in (claims(), payments()):
        table = inputs_of(domain.inputs, rows.drop(columns="is_fraud"))
        again = read_inputs(write_inputs(table))
        assert again.names == table.names
        assert (again.group_by, again.order_by) == (table.group_by, table.order_by)
        assert [type(each) for each in again] == [type(each) for each in table]
    assert read_inputs(write_inputs(None)) is None


# Tables with a history.


def test_a_table_with_cards_and_terminals_uses_their_windows():
    rows = payments()
    fitted = fit(rows, **SMALL)
    model = deepfield.load("fraud-detection", "mine")
    assert model.inputs.group_by == ("card_id", "terminal_id")
    assert "country" in model.inputs.names
    numbers = model.folder.config["columns"]["numbers"]
    assert {"card_count_7d", "terminal_frauds_7d", "terminal_share_30d"} <= set(numbers)
    # The terminal's number is no column to learn from: only its past tells what it is.
    assert not {"terminal_id", "card_id"} & {
        *numbers,
        *model.folder.config["columns"]["categories"],
    }
    assert "is_fraud" in model.inputs.names  # what came out of older rows
    assert fitted.evaluation.figure("average_precision").value > 0.4
    last = rows[-105:]
    alone, whole = model.predict(last), model.predict(rows)[-105:]
    told = [average_precision_score(last["is_fraud"], each["fraud"]) for each in (alone, whole)]
    assert told[1] > told[0]


@pytest.mark.parametrize(
    ("base", "lacks", "group_by"),
    [
        ("mlp", ["amount", "country"], ("card_id", "terminal_id")),
        ("gru", ["amount", "country"], ("card_id", "terminal_id")),
        ("gru", ["card_id"], ("terminal_id",)),
        ("gru", ["time"], ()),
        ("autoencoder", ["amount", "terminal_id"], ("card_id",)),
        ("autoencoder", ["card_id", "terminal_id", "amount", "country"], ()),
    ],
)
def test_a_table_may_lack_what_transactions_have(base, lacks, group_by):
    rows = payments(400).drop(columns=lacks)
    fit(rows, base=base, epochs=1)
    model = deepfield.load("fraud-detection", "mine")
    assert model.inputs.group_by == group_by
    assert len(model.predict(rows)) == len(model.explain(rows)) == 400
    settled = model.predict(rows, cards_a_day=1)
    assert set(settled["decision"]) <= {"approve", "review", "decline"}


@pytest.mark.parametrize("base", ["mlp", "autoencoder"])
def test_a_table_of_words_alone_and_one_with_empty_columns_are_learned_from(base):
    rows = claims(400)
    for table in (
        rows[["channel", "is_fraud"]],
        rows.assign(same=5.0, always="k", never=np.nan),
    ):
        fit(table, base=base, epochs=1)
        found = deepfield.load("fraud-detection", "mine").predict(table)
        assert found["fraud"].between(0, 1).all()


# Without labels.


def test_planted_outliers_are_among_the_most_unusual_rows():
    rows = claims(800).drop(columns=["is_fraud", "note"]).fillna({"age": 40.0, "channel": "web"})
    planted = rows.index[100::120]
    # Each in a way of its own: what comes again and again in one way is not unusual.
    rows.loc[planted, "age"] = [-400.0, 300.0, 40.0, 900.0, -90.0, 40.0]
    rows.loc[planted, "sum"] = [900.0, 60_000.0, 2e6, 700.0, 50_000.0, 9e4]
    fitted = fit(rows, base="autoencoder", epochs=8, fraud_share=0.0075)
    assert isinstance(fitted.evaluation, Survey)
    found = deepfield.load("fraud-detection", "mine").predict(rows)["fraud"]
    others = found.drop(planted)
    assert found[planted].min() > others.quantile(0.97)
    assert found[planted].median() > others.quantile(0.995)
    assert others.mean() < 0.1
    assert check_model(FraudDetection(), mine()).passed


def test_labels_that_are_there_calibrate_the_model_that_needs_none():
    rows = claims(800)
    fitted = fit(rows, base="autoencoder", epochs=3)
    assert set(fitted.evaluation.counts) == {"genuine", "fraud"}
    found = deepfield.load("fraud-detection", "mine").predict(rows)["fraud"]
    assert found.mean() == pytest.approx(rows["is_fraud"].mean(), abs=0.08)


# What nothing can be learned from.


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda f: f.assign(is_fraud=np.arange(len(f)) % 3),
            r"column 'is_fraud' of 'DataFrame' holds 3 different values \('0', '1', '2'\), and '2' "
            "tells neither genuine nor fraud. Expected 0 or 1",
        ),
        (
            lambda f: f.assign(is_fraud=0),
            "All 60 rows with a label of 'DataFrame' are 'genuine' and none is 'fraud'; at least",
        ),
        (lambda f: f.assign(is_fraud=None), "No row of 'DataFrame' has a label"),
        (lambda f: f.head(1), "The one row with a label of 'DataFrame' is 'genuine'"),
        (lambda f: f.head(0), "'DataFrame'"),
        (
            lambda f: f.assign(is_fraud=[1] * 3 + [0] * 57),
            "Each class needs at least 5 rows, .*'fraud' has 3",
        ),
        (lambda f: f[["is_fraud"]], "There is no column to learn from.*Found: none"),
        (lambda f: f[["note", "is_fraud"]], "There is no column to learn from.*Found: note"),
        (
            lambda f: f[["is_fraud"]].assign(card_id=1, currency="EUR"),
            "There is no column to learn from.*Found: card_id, currency",
        ),
        (lambda f: f.assign(trust=1), "The column 'trust' bears the name of a result; rename it"),
        (lambda f: f.assign(time="2199-01-01"), "No row .* can be read.*lies in the future"),
        (lambda f: f.assign(time="2025-01-01"), "are of 1 moment, .* takes three at least"),
    ],
)
def test_what_cannot_be_learned_from_is_one_sentence(change, sentence):
    before = [each.name for each in fitted_models(FraudDetection())]
    with pytest.raises((InputError, UsageError), match=sentence):
        fit(change(claims(60)), name="never", epochs=1)
    assert [each.name for each in fitted_models(FraudDetection())] == before


def test_bad_rows_of_a_fit_are_set_aside_with_their_numbers():
    rows = payments(300).astype(object)
    rows.loc[4, "time"] = "soon"
    rows.loc[6, "amount"] = -1
    fitted = fit(rows, epochs=1)
    assert fitted.rejected == 2
    aside = pd.read_csv(fitted.folder.path / "rejected.csv")
    assert aside["row"].to_list() == [5, 7]
    assert "'soon', which is not a date or time" in aside["reason"][0]
    assert "holds -1; expected at least 0 EUR" in aside["reason"][1]
