"""The numbers behind the fraud view: small cases worked out by hand, and scikit-learn."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from deepfield_fraud_detection.costs import Costs, Sweep, cost_curve, precision_recall
from deepfield_fraud_detection.daily import by_day, card_precision
from deepfield_fraud_detection.scored import Overview, Scored, known_fraud

ROWS = pd.DataFrame(
    {
        "time": ["2030-01-01 10:00", "2030-01-01 11:00", "2030-01-02 09:00", "2030-01-02 23:00"],
        "amount": [100.0, 20.0, 50.0, 10.0],
        "card_id": ["a", "b", "a", "c"],
        "fraud": [0.9, 0.2, 0.6, 0.05],
        "decision": ["decline", "approve", "review", "approve"],
        "at_risk": [90.0, 4.0, 30.0, 0.5],
        "is_fraud": [True, True, False, None],
    },
    index=pd.Index([1, 2, 3, 4], name="row"),
)


def many(rows: int, seed: int = 0, share: float = 0.02) -> Scored:
    """Return made-up scored transactions of 60 days."""
    draw = np.random.default_rng(seed)
    fraud = (draw.random(rows) < share).astype(float)
    odds = draw.normal(-4 + 4 * fraud, 1.5)
    probability = np.round(1 / (1 + np.exp(-odds)), 4)  # some of them alike
    return Scored(
        day=np.sort(draw.integers(20_000, 20_060, rows)),
        amount=draw.gamma(2, 30, rows),
        probability=probability,
        at_risk=np.zeros(rows),
        alert=probability > 0.3,
        declined=probability > 0.8,
        card=draw.integers(0, max(rows // 50, 1), rows),
        fraud=fraud,
    )


def test_overview_counts_what_is_known_apart():
    found = Overview.of(Scored.of(ROWS))
    assert (found.transactions, found.alerts, found.declined, found.cards) == (4, 2, 1, 1)
    assert found.at_risk == 120.0
    assert (found.labelled, found.labelled_alerts) == (3, 2)
    assert (found.frauds, found.caught) == (2, 1)
    assert (found.fraud_amount, found.caught_amount) == (120.0, 100.0)


@pytest.mark.parametrize(
    "values",
    [
        [True, False, None],
        ["True", "False", None],
        ["1", "0", ""],
        [1.0, 0.0, np.nan],
        pd.array([True, False, pd.NA], dtype="boolean"),
    ],
)
def test_labels_are_read_from_whatever_kind_of_file_they_were_in(values):
    found = known_fraud(pd.DataFrame({"is_fraud": values}))
    assert found.to_list()[:2] == [1.0, 0.0]
    assert np.isnan(found[2])


def test_no_column_of_labels_is_no_known_fraud():
    assert known_fraud(ROWS[["amount"]]).isna().all()


def test_consequences_of_a_threshold_worked_out_by_hand():
    sweep = Sweep.of(Scored.of(ROWS))
    assert not sweep.expected
    found = sweep.at(0.5, Costs(review=5, false_alarm=2, stopped=0.1))
    # Rows 1 and 3 are alerts; 1 was fraud, 3 was none, 2 is missed; nothing is known of row 4.
    assert (found.alerts, found.caught, found.missed, found.false_alarms) == (2, 1, 1, 1)
    assert (found.caught_amount, found.missed_amount) == (100.0, 20.0)
    assert found.cost == pytest.approx(2 * 5 + 1 * 2 + 0.1 * 50 + 20)
    assert found.precision == found.recall == 0.5
    assert found.recall_of_money == pytest.approx(100 / 120)
    assert found.alerts_a_day == 1.0


def test_nothing_and_everything_are_thresholds_too():
    sweep = Sweep.of(Scored.of(ROWS))
    nothing, everything = sweep.at(np.inf, Costs()), sweep.at(0.0, Costs())
    assert (nothing.alerts, nothing.cost) == (0, 120.0)
    assert (everything.alerts, everything.cost) == (3, 15.0)
    assert np.isnan(nothing.precision)
    assert everything.recall == 1.0


def test_the_runs_own_decisions_are_measured_by_the_same_costs():
    found = Sweep.of(Scored.of(ROWS)).as_decided(Costs())
    assert (found.alerts, found.caught, found.missed_amount) == (2, 1, 20.0)
    assert found.cost == 2 * 5 + 20
    assert found.threshold is None


@pytest.mark.parametrize("costs", [Costs(), Costs(review=60), Costs(1, 3, 0.5), Costs(10_000)])
def test_cheapest_threshold_is_the_cheapest_of_all(costs):
    scored = many(2_000)
    sweep = Sweep.of(scored)
    best = sweep.cheapest(costs)
    every = [sweep.at(each, costs).cost for each in [np.inf, *np.unique(scored.probability)]]
    assert best.cost == pytest.approx(min(every))
    assert sweep.at(best.threshold, costs) == best


def test_precision_and_recall_are_those_of_scikit_learn():
    scored = many(3_000)
    sweep = Sweep.of(scored)
    precision, recall, threshold = precision_recall_curve(scored.fraud, scored.probability)
    for each in range(0, len(threshold), 37):
        found = sweep.at(threshold[each], Costs())
        assert found.precision == pytest.approx(precision[each])
        assert found.recall == pytest.approx(recall[each])
    assert sweep.average_precision == pytest.approx(
        average_precision_score(scored.fraud, scored.probability)
    )
    curve = precision_recall(sweep)
    assert len(curve) <= 200
    assert curve["recall"].iloc[-1] == 1.0
    assert curve["recall"].diff().max() < 0.02


def test_without_known_fraud_the_probabilities_say_what_is_expected():
    sweep = Sweep.of(Scored.of(ROWS.drop(columns="is_fraud")))
    assert sweep.expected
    found = sweep.at(0.5, Costs())
    assert found.caught == pytest.approx(1.5)
    assert found.caught_amount == pytest.approx(0.9 * 100 + 0.6 * 50)
    assert found.missed == pytest.approx(0.25)
    assert found.cost == pytest.approx(10 + 0.2 * 20 + 0.05 * 10)


def test_expected_and_known_agree_where_probabilities_are_calibrated():
    draw = np.random.default_rng(3)
    probability = draw.beta(0.3, 8, 200_000)
    fraud = (draw.random(len(probability)) < probability).astype(float)
    known = replace(many(len(probability)), probability=probability, fraud=fraud)
    unknown = replace(known, fraud=np.full(len(known), np.nan))
    found, expected = (Sweep.of(each).at(0.1, Costs()) for each in (known, unknown))
    assert expected.caught == pytest.approx(found.caught, rel=0.03)
    assert expected.cost == pytest.approx(found.cost, rel=0.03)


def test_cost_curve_is_thin_and_keeps_the_cheapest():
    sweep = Sweep.of(many(20_000))
    curve = cost_curve(sweep, Costs())
    assert len(curve) <= 201
    assert curve["cost"].min() == sweep.cheapest(Costs()).cost
    assert curve["log_odds"].is_monotonic_decreasing


def test_days_count_and_share_fraud():
    found = by_day(Scored.of(ROWS)).set_index("day")
    assert found.index.astype(str).to_list() == ["2030-01-01", "2030-01-02"]
    assert found["transactions"].to_list() == [2, 2]
    assert found["review"].to_list() == [0, 1]
    assert found["decline"].to_list() == [1, 0]
    assert found["known"].to_list() == [1.0, 0.0]
    assert found["expected"].to_list() == pytest.approx([0.55, 0.325])


def test_day_without_labels_has_no_known_share():
    found = by_day(Scored.of(ROWS.assign(is_fraud=[None, None, True, False])))
    assert np.isnan(found["known"][0])
    assert found["known"][1] == 0.5


def test_card_precision_worked_out_by_hand():
    days = card_precision(Scored.of(ROWS), k=1)
    # Day 1: card a leads and was compromised. Day 2: a was found, c has no label, so none is left.
    assert days["precision"].to_list() == [1.0, 0.0]
    assert days["compromised"].to_list() == [2, 0]
    # With both cards of day 1 among the first two, both are found.
    assert card_precision(Scored.of(ROWS), k=2)["precision"].to_list() == [1.0, 0.0]


def test_card_precision_is_that_of_a_plain_loop_over_the_days():
    scored = many(5_000, share=0.05)
    frame = pd.DataFrame(
        {"day": scored.day, "card": scored.card, "p": scored.probability, "fraud": scored.fraud}
    )
    found: set[int] = set()
    expected = []
    for _, day in frame.groupby("day"):
        left = day[~day["card"].isin(found)].groupby("card").max()
        top = left.sort_values("p", ascending=False, kind="stable").head(10)
        caught = set(top.index[top["fraud"] == 1])
        found |= caught
        expected.append(len(caught) / 10)
    assert card_precision(scored, k=10)["precision"].to_list() == expected


def test_a_million_transactions_take_a_moment():
    scored = many(1_000_000)
    started = time.perf_counter()
    sweep = Sweep.of(scored)
    cost_curve(sweep, Costs())
    precision_recall(sweep)
    by_day(scored)
    card_precision(scored)
    Overview.of(scored)
    assert time.perf_counter() - started < 5  # about one second on a machine that is at rest
    started = time.perf_counter()
    sweep.at(0.2, Costs(3))
    sweep.cheapest(Costs(3))
    assert time.perf_counter() - started < 0.5
