"""The simulator makes what the Handbook describes, at any size."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from deepfield.domain import read_options
from deepfield.errors import InputError, UsageError
from deepfield_datasets.synthetic_transactions import (
    SyntheticTransactions,
    TransactionOptions,
    populate,
)
from deepfield_datasets.transaction_days import Calendar, Compromises

DATASET = SyntheticTransactions()


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    """Two hundred thousand transactions of half a year."""
    return DATASET.generate(200_000, seed=1)


@pytest.mark.parametrize("rows", [1, 2, 8, 1_000, 140_000])
def test_as_many_rows_come_as_are_asked_for(rows):
    frame = DATASET.generate(rows)
    assert frame["transaction_id"].to_list() == list(range(rows))
    assert frame["time"].is_monotonic_increasing
    assert frame["amount"].ge(0).all()


def test_columns_are_the_ones_of_the_real_set(many):
    assert many.columns.to_list() == [
        "transaction_id", "time", "card_id", "terminal_id", "amount", "is_fraud", "scenario",
    ]  # fmt: skip
    assert str(many["time"].dtype) == "datetime64[us, UTC]"
    assert many["is_fraud"].equals(many["scenario"] > 0)
    assert many["amount"].equals(many["amount"].round(2))
    assert many["time"].max() < pd.Timestamp("2024-10-15", tz="UTC"), "all of it is past"


def test_the_same_seed_makes_the_same_rows_and_another_makes_others():
    first = DATASET.generate(2_000, seed=3)
    pd.testing.assert_frame_equal(first, DATASET.generate(2_000, seed=3))
    assert not first.equals(DATASET.generate(2_000, seed=4))


def test_chunks_are_the_same_rows_and_bounded(many):
    chunks = list(DATASET.chunks(200_000, seed=1))
    assert len(chunks) > 1
    assert max(map(len, chunks)) < 140_000
    pd.testing.assert_frame_equal(pd.concat(chunks, ignore_index=True), many)


def test_fraud_is_as_frequent_as_in_the_handbook(many):
    assert 0.006 < many["is_fraud"].mean() < 0.011
    share = many["scenario"].value_counts(normalize=True)
    assert 0.0003 < share[1] < 0.0009
    assert 0.004 < share[2] < 0.0065
    assert 0.0015 < share[3] < 0.0035


def test_customers_spend_as_described(many):
    genuine = many[many["scenario"] < 2]
    assert 50 < genuine["amount"].mean() < 57
    days = genuine["time"].dt.date.nunique()
    cards = genuine.groupby("card_id")["amount"].agg(["mean", "std", "count"])
    assert 335 < len(many) / many["card_id"].nunique() < 370
    assert cards["count"].max() < 4 * days * 1.1
    usual = cards[cards["count"] > 300]
    assert usual["mean"].min() > 4
    assert usual["mean"].max() < 112
    # Half the mean, less what the redrawing of negative amounts takes away.
    assert (usual["std"] / usual["mean"]).median() == pytest.approx(0.475, abs=0.015)
    seconds = (many["time"] - many["time"].dt.floor("D")).dt.total_seconds()
    assert seconds.mean() == pytest.approx(43_200, rel=0.01)
    assert seconds.std() == pytest.approx(18_300, rel=0.02), "20,000 but for the day's ends"


def test_every_large_amount_is_fraud_and_every_first_scenario_is_large(many):
    assert many["is_fraud"][many["amount"] > 220].all()
    assert many["amount"][many["scenario"] == 1].gt(220).all()


def test_a_terminal_in_wrong_hands_makes_nothing_but_fraud_for_28_days(many):
    """Where it is taken anew meanwhile, for longer; a card's own fraud counts as the card's."""
    day = (many["time"] - many["time"].iloc[0].floor("D")).dt.days
    taken = many[many["scenario"] == 2].assign(day=day).groupby("terminal_id")["day"]
    spans = (taken.max() - taken.min() + 1)[taken.min() < 150]
    assert spans.between(15, 28).mean() > 0.9
    for terminal, begin, end in zip(taken.min().index, taken.min(), taken.max(), strict=True):
        if end - begin < 28:
            inside = many[(many["terminal_id"] == terminal) & day.between(begin, end)]
            assert inside["is_fraud"].all()


def test_a_card_in_wrong_hands_spends_five_times_as_much_in_a_third_of_14_days(many):
    day = (many["time"] - many["time"].iloc[0].floor("D")).dt.days
    taken = many[many["scenario"] == 3].assign(day=day)
    spans = taken.groupby("card_id")["day"].agg(["min", "max", "count"])
    once = spans[spans["max"] - spans["min"] < 14]
    assert len(once) > 0.75 * len(spans)
    often = once[once["count"] >= 5]
    inside = [
        many["scenario"][(many["card_id"] == card) & day.between(row["min"], row["max"])].eq(3)
        for card, row in often.iterrows()
    ]
    assert np.concatenate(inside).mean() == pytest.approx(0.38, abs=0.07), (
        "of a window's inner part"
    )
    usual = many[many["scenario"] == 0].groupby("card_id")["amount"].mean()
    factor = (taken["amount"] / taken["card_id"].map(usual)).median()
    assert factor == pytest.approx(5, rel=0.15)


def test_windows_end_on_their_day():
    random = np.random.default_rng(0)
    state = Compromises(50, 50, terminals_a_day=0.5, cards_a_day=0.5, phases=(0.5, 0.5))
    state.next_day(random)
    (terminal,), (card,) = np.flatnonzero(state.terminal_until), np.flatnonzero(state.card_hits)
    state.terminals_a_day = state.cards_a_day = 0
    state.phases = (0, 0)
    left = {"terminal": 0, "card": 0}
    while state.terminal_taken(np.array([terminal]))[0]:
        left["terminal"] += 1
        left["card"] += int(state.card_hits[card])
        state.next_day(random)
    assert left == {"terminal": 28, "card": 14}


def test_compromises_are_spread_as_evenly_as_whole_ones_can_be():
    random = np.random.default_rng(0)
    state = Compromises(10_000, 5_000, terminals_a_day=2, cards_a_day=0.25, phases=(0.9, 0.3))
    cards = []
    for day in range(40):
        state.next_day(random)
        assert (state.terminal_until == day + 28).sum() == 2
        cards.append(len(state.under_way[-1]))
    assert sum(cards) == 10
    assert max(cards) == 1


@pytest.mark.parametrize("radius", [0.2, 5])
def test_every_customer_stays_within_the_radius(radius):
    options = TransactionOptions(radius=radius)
    random = np.random.default_rng(0)
    population = populate(50_000, options, Calendar(options.start), random)
    cards = np.repeat(np.arange(len(population.customers)), 50)
    terminals = population.choose_terminals(cards, random)
    away = population.customers[cards] - population.terminals[terminals]
    assert np.hypot(*away.T).max() <= radius
    if radius == 5:
        counts = np.diff(population.first)
        assert counts.max() > 30, "a customer has many terminals to choose from"
        assert pd.Series(terminals).groupby(cards).nunique().mean() > 20


def test_a_handbook_of_rows_gives_a_handbook_of_customers_and_terminals():
    options = TransactionOptions()
    population = populate(1_754_155, options, Calendar(options.start), np.random.default_rng(0))
    assert len(population.customers) == pytest.approx(5_000, rel=0.02)
    assert population.terminals.max() == pytest.approx(100, rel=0.02)


def test_options_change_what_they_say():
    options = TransactionOptions(
        start=date(2023, 1, 2), days=28, weekly=1, currency="USD", compromised_terminals=0,
        compromised_cards=0,
    )  # fmt: skip
    frame = DATASET.generate(20_000, 0, options)
    assert frame["currency"].eq("USD").all()
    assert set(frame["scenario"]) == {0, 1}
    per_day = frame["time"].dt.day_of_week.value_counts()
    assert per_day[5] > 3 * per_day[0]
    assert frame["time"].min().date() == options.start
    assert frame["time"].max().date() <= date(2023, 1, 31)


def test_seasons_and_holidays_move_how_busy_a_day_is():
    calendar = Calendar(date(2024, 1, 1), yearly=0.5, holidays=0.9)
    busy = [calendar.busyness(day) for day in range(366)]
    assert np.mean(busy) == pytest.approx(1, abs=0.02)
    assert busy[0] < 0.2, "New Year's Day"
    assert busy[348] > 1.45, "the middle of December"
    assert busy[166] < 0.55, "the middle of June"
    assert Calendar(date(2024, 1, 1)).busyness(0) == 1


def test_usual_amounts_drift_where_they_are_asked_to():
    options = TransactionOptions(customers=40, drift=0.8)
    frame = DATASET.generate(10_000, 0, options)
    month = frame["time"].dt.month
    means = frame[frame["scenario"] == 0].groupby(["card_id", month])["amount"].mean().unstack()
    strayed = np.log(means.iloc[:, -1] / means.iloc[:, 0]).std()
    still = DATASET.generate(10_000, 0, TransactionOptions(customers=40))
    means = still[still["scenario"] == 0].groupby(["card_id", month])["amount"].mean().unstack()
    assert strayed > 3 * np.log(means.iloc[:, -1] / means.iloc[:, 0]).std()


def test_what_cannot_be_made_is_one_sentence():
    with pytest.raises(InputError, match=r"3 customers make about \d+ transactions in 183 days"):
        DATASET.generate(100_000, 0, TransactionOptions(customers=3))
    with pytest.raises(InputError, match="Set a smaller radius or fewer terminals"):
        DATASET.generate(100_000, 0, TransactionOptions(customers=100_000, radius=50))
    with pytest.raises(UsageError, match="expected three capital letters, such as EUR"):
        read_options(TransactionOptions, {"currency": "euro"}, "the dataset")


def test_rows_are_written_without_holding_them_all(tmp_path):
    DATASET.write(tmp_path / "made.parquet", 150_000, seed=2)
    written = pd.read_parquet(tmp_path / "made.parquet")
    made = DATASET.generate(150_000, seed=2)
    pd.testing.assert_frame_equal(written, made, check_dtype=False)
