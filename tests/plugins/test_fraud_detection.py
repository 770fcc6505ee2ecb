"""What the shipped models of fraud answer, decide, explain, and take for unfamiliar."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import deepfield
from deepfield.errors import InputError, UsageError
from deepfield.loading import Model
from deepfield_fraud_detection import DECISIONS, FraudDetection, FraudOptions
from deepfield_fraud_detection.decisions import by_budget, by_cost
from deepfield_fraud_detection.encoding import Columns, learn_edges
from deepfield_fraud_detection.guard import RangeGuard

NAMES = ("mlp", "gru", "autoencoder")


@pytest.fixture(scope="module", params=NAMES)
def model(request: pytest.FixtureRequest) -> Model:
    return deepfield.load("fraud-detection", request.param)


@pytest.fixture(scope="module")
def mlp() -> Model:
    return deepfield.load("fraud-detection", "mlp")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return FraudDetection().samples()


# Answers.


def test_answers_lie_in_their_ranges_and_agree_with_each_other(model, rows):
    found = model.predict(rows)
    assert found["fraud"].between(0, 1).all()
    assert found["confidence"].between(0.5, 1).all()
    assert set(found["decision"]) <= set(DECISIONS)
    assert ((found["verdict"] == "fraud") == (found["fraud"] >= 0.5)).all()
    np.testing.assert_allclose(found["at_risk"], found["fraud"] * rows["amount"])
    np.testing.assert_allclose(found["confidence"], found["fraud"].map(lambda p: max(p, 1 - p)))


def test_known_fraud_is_given_far_more_than_genuine_rows(model, rows):
    found = model.predict(rows)["fraud"]
    fraud = rows["is_fraud"] == True  # noqa: E712  # what is not known is neither
    genuine = rows["is_fraud"] == False  # noqa: E712
    assert found[fraud].mean() > 5 * found[genuine].mean()


@pytest.mark.parametrize("name", ["mlp", "gru"])
def test_amounts_that_only_fraud_has_are_declined(name, rows):
    """In the simulated towns, as in the Handbook's, all that is over 220 is fraud."""
    large = rows.assign(amount=rows["amount"].where(rows.index % 10 != 9, 260.0))
    found = deepfield.load("fraud-detection", name).predict(large)[rows.index % 10 == 9]
    assert (found["decision"] == "decline").all()
    assert (found["verdict"] == "fraud").all()


def test_a_rows_own_label_changes_nothing_about_it(model, rows):
    told = rows.assign(is_fraud=rows["is_fraud"].astype("boolean").fillna(False))
    told.loc[rows.index[-1], "is_fraud"] = True
    others = told.assign(is_fraud=told["is_fraud"].where(told.index != rows.index[-1], False))
    pd.testing.assert_frame_equal(model.predict(told), model.predict(others))


def test_new_rows_after_remembered_ones_are_answered_as_in_one_table(model, rows):
    past = model.remember(rows[:-30])
    pd.testing.assert_frame_equal(
        model.predict(rows[-30:], past=past), model.predict(rows)[-30:], atol=1e-4
    )


# Decisions.


def test_the_cheapest_decision_worked_out_by_hand():
    options = FraudOptions(review_cost=5, false_alarm_cost=50)
    found = by_cost(
        # Approving costs 4, 6, 89 and 0; a review 5; declining 48, 47, 5.5 and 0.5.
        np.array([0.04, 0.06, 0.89, 0.99]),
        np.array([100.0, 100.0, 100.0, 0.0]),
        options,
    )
    assert found.tolist() == ["approve", "review", "review", "approve"]
    assert by_cost(np.array([0.95]), np.array([100.0]), options).tolist() == ["decline"]


def test_every_decision_is_the_cheapest_of_the_three(mlp, rows):
    costs = {"review_cost": 0.3, "false_alarm_cost": 20.0}
    found = mlp.predict(rows, **costs)
    fraud, amount = found["fraud"], rows["amount"]
    expected = pd.DataFrame(
        {"approve": fraud * amount, "review": 0.3, "decline": (1 - fraud) * 20.0}
    )
    assert (found["decision"] == expected.idxmin(axis=1)).all()
    assert set(found["decision"]) == set(DECISIONS)


def test_a_budget_reviews_the_cards_with_most_at_risk_each_day(model, rows):
    shuffled = rows.sample(frac=1, random_state=0)
    free, found = model.predict(shuffled), model.predict(shuffled, cards_a_day=2)
    assert (found["decision"] == "decline").equals(free["decision"] == "decline")
    frame = shuffled.assign(risk=found["at_risk"], decision=found["decision"])
    days = frame[frame["decision"] != "decline"].groupby(frame["time"].dt.date)
    for _, day in days:
        riskiest = day.groupby("card_id")["risk"].max().nlargest(2)
        assert set(day["card_id"][day["decision"] == "review"]) == set(riskiest.index)
        tops = day[day["risk"] == day["card_id"].map(riskiest)]
        assert (tops["decision"] == "review").all()


def test_a_budget_of_one_day_worked_out_by_hand():
    cards = pd.Series(["a", "a", "b", "c", "d", "d"])
    risk = pd.Series([40.0, 6.0, 40.0, 30.0, 99.0, 1.0])
    decision = pd.Series(["review", "review", "review", "review", "decline", "approve"])
    found = by_budget(cards, risk, decision, FraudOptions(cards_a_day=2))
    # a and b lead; of a both are worth the five that a review costs.
    assert found.tolist() == ["review", "review", "review", "approve", "decline", "approve"]
    one = by_budget(cards, risk, decision, FraudOptions(cards_a_day=1))
    assert one.tolist() == ["review", "review", "approve", "approve", "decline", "approve"]


# Reasons and explanations.


def test_reasons_are_written_for_alerts_for_all_or_for_none(model, rows):
    rows = rows[-300:]
    alerts = model.predict(rows)
    written = alerts["reasons"] != ""
    assert written.equals(alerts["decision"] != "approve")
    assert written.any()
    assert (model.predict(rows, reasons="none")["reasons"] == "").all()
    every = model.predict(rows, reasons="all")["reasons"]
    assert (every != "").all()
    assert every[written].equals(alerts["reasons"][written])


def test_contributions_add_up_to_the_log_odds_of_the_answer(model, rows):
    rows = rows[-350:]
    probability = model.predict(rows)["fraud"].to_numpy()
    for each, chance in zip(model.explain(rows), probability, strict=True):
        parts = each.contributions
        total = parts.base + sum(parts.values.values())
        assert total == pytest.approx(np.log(chance / (1 - chance)), abs=0.02)
        assert f"{chance:.1%}" in each.summary


def test_an_unusual_amount_is_the_first_reason(mlp, rows):
    last = rows.index[-1]
    rows = rows.assign(amount=rows["amount"].where(rows.index != last, 900.0))
    (explanation,) = mlp.explain(rows)[-1:]
    values = explanation.contributions.values
    assert max(values, key=values.get) == "amount for this card"
    assert "900.00 EUR is" in mlp.predict(rows)["reasons"].iloc[-1]


# What a model knows.


def test_amounts_of_another_order_are_unfamiliar(model, rows):
    assert (model.predict(rows)["trust"] == "unfamiliar").mean() < 0.02
    found = model.predict(rows.assign(amount=rows["amount"] * 1000))
    assert (found["trust"] == "unfamiliar").all()


def test_another_currency_is_unfamiliar_and_none_is_not(model, rows):
    usual = model.predict(rows)["trust"]
    currency = rows["currency"].astype(object)
    currency[::2] = "JPY"
    found = model.predict(rows.assign(currency=currency))["trust"]
    assert (found[::2] == "unfamiliar").all()
    assert found[1::2].equals(usual[1::2])
    assert model.predict(rows.assign(currency="eur"))["trust"].equals(usual)
    assert model.predict(rows.drop(columns="currency"))["trust"].equals(usual)


def test_guard_knows_what_is_a_quarter_beyond_and_no_further():
    columns = Columns(("x",), {"kind": ("a", "b")})
    guard = RangeGuard.fit(np.array([[0, 1], [100, 2]], dtype=np.float32), columns)
    rows = pd.DataFrame(
        {"x": [124.0, 126.0, -26.0, np.nan, 5.0], "kind": ["a", "b", "a", None, "z"]}
    )
    foreign = guard.score(columns.encode(rows), columns, rows)
    assert (foreign > 1).tolist() == [False, True, True, False, True]


def test_guard_knows_a_year_around_its_rows():
    columns = Columns(("x",), {})
    guard = RangeGuard.fit(
        np.zeros((2, 1)), columns, None, "2025-01-01 00:00Z", "2025-03-01 00:00Z"
    )
    times = pd.to_datetime(["2023-06-01", "2024-06-01", "2026-02-01", "2026-06-01"], utc=True)
    rows = pd.DataFrame({"x": 0.0, "time": times})
    found = guard.score(columns.encode(rows), columns, rows)
    assert (found > 1).tolist() == [True, False, False, True]


# Encoding.


def test_unseen_values_share_a_code_and_missing_numbers_stay_missing():
    rows = pd.DataFrame({"x": [1.0, np.nan, 3.0, 4.0], "kind": ["a", "a", "a", "b"]})
    columns = Columns.learn(rows, ["x"], ["kind"])
    assert columns.categories["kind"] == ("a",)  # b is there too seldom
    assert columns.sizes == (2,)
    new = pd.DataFrame({"kind": ["a", "b", "new", None], "x": [7.0, np.nan, 0.0, 1.0]})
    array = columns.encode(new)
    assert array[:, 1].tolist() == [1, 0, 0, 0]
    assert array[:, 0].tolist() == pytest.approx([7, np.nan, 0, 1], nan_ok=True)
    assert Columns.from_json(columns.to_json()) == columns


def test_the_hour_is_told_from_the_time_unless_a_table_has_its_own():
    rows = pd.DataFrame({"time": pd.to_datetime(["2026-01-03T05:30Z"]), "night": [7.0]})
    array = Columns(("hour", "night", "weekend"), {}).encode(rows)
    assert array.tolist() == [[5.5, 7.0, 1.0]]


def test_edges_rise_and_few_values_are_edges_themselves():
    draw = np.random.default_rng(0)
    numbers = np.stack(
        [draw.normal(size=2000), draw.integers(0, 3, 2000), np.full(2000, np.nan)], axis=1
    )
    edges = learn_edges(numbers, 24, numbers[:, 0] > 2)
    assert edges.shape == (3, 25)
    assert (np.diff(edges, axis=1) >= 0).all()
    assert edges[1, :4].tolist() == [0, 1, 2, 2]
    assert (edges[2] == 0).all()
    assert np.abs(edges[0] - 2).min() < 0.05  # where fraud begins


# Bad rows.


@pytest.fixture
def written(rows) -> pd.DataFrame:
    """The rows as a person's file would have them."""
    return rows.assign(time=rows["time"].dt.strftime("%Y-%m-%d %H:%M:%S")).astype(object)[:60]


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("time", "soon", "column 'time' holds 'soon', which is not a date or time"),
        ("time", 1711939228, "column 'time' holds 1711939228, a bare number; give dates such as"),
        ("time", "2199-01-01", "column 'time' holds 2199-01-01 00:00:00, which lies in the future"),
        ("time", None, "column 'time' is empty"),
        ("amount", -5, "column 'amount' holds -5; expected at least 0 EUR"),
        ("amount", None, "column 'amount' is empty"),
        ("amount", "twelve", "column 'amount' holds 'twelve', which is not a number"),
        ("amount", "1,234.50", "column 'amount' holds '1,234.50', whose comma may part"),
        ("amount", float("inf"), "column 'amount' holds inf, which is not a finite number"),
        ("card_id", " ", "column 'card_id' is empty"),
        ("is_fraud", "maybe", "column 'is_fraud' holds 'maybe', which is neither true nor false"),
        ("transaction_id", 2, "column 'transaction_id' holds '2', as row 3 does"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason_and_the_others_served(
    mlp, written, column, value, sentence
):
    written.loc[3, column] = value
    result = deepfield.score(mlp, written)
    assert result.rejected["row"].to_list() == [4]
    assert result.rejected["reason"][0].startswith(sentence)
    assert result.frame["fraud"].notna().sum() == 59
    rest = mlp.predict(written.drop(index=3))
    np.testing.assert_allclose(result.frame["fraud"], rest["fraud"], atol=1e-4)
    with pytest.raises(InputError, match=r"^Row 3: column .* 1 of 60 rows cannot be read"):
        mlp.predict(written)


def test_times_with_and_without_an_offset_may_stand_together(mlp, written):
    """Without an offset a time is UTC; with one it is the same moment, said otherwise."""
    others = written.copy()
    shifted = pd.to_datetime(written["time"]) + pd.Timedelta("2h")
    others.loc[::2, "time"] = shifted.dt.strftime("%Y-%m-%dT%H:%M:%S+02:00")
    found = deepfield.score(mlp, others)
    assert len(found.rejected) == 0
    pd.testing.assert_frame_equal(mlp.predict(others), mlp.predict(written))


def test_one_row_none_and_unsorted_rows_are_served(model, written):
    assert len(model.predict(written.head(1))) == 1
    assert len(model.predict(written.head(0))) == 0
    assert len(deepfield.score(model, written.head(1), explain=True).frame) == 1
    back = deepfield.score(model, written.iloc[::-1]).frame
    np.testing.assert_allclose(back["fraud"][::-1], model.predict(written)["fraud"], atol=1e-4)


def test_rows_that_are_all_bad_are_all_set_aside(mlp, written):
    result = deepfield.score(mlp, written.assign(amount="x"))
    assert (len(result.frame), len(result.rejected)) == (0, 60)


def test_a_column_that_is_missing_or_there_twice_is_one_sentence(mlp, written):
    with pytest.raises(InputError, match="No column 'amount'. Found: .*transaction_id"):
        deepfield.score(mlp, written.drop(columns="amount"))
    twice = pd.concat([written, written[["amount"]]], axis=1)
    for refused in (lambda: mlp.predict(twice), lambda: deepfield.score(mlp, twice)):
        with pytest.raises(InputError, match="The column 'amount' is there twice; rename one"):
            refused()


def test_options_out_of_range_are_one_sentence(mlp, written):
    for options in ({"review_cost": -1}, {"cards_a_day": -1}, {"reasons": "some"}, {"cost": 1}):
        with pytest.raises(UsageError, match=next(iter(options))):
            mlp.predict(written, **options)
