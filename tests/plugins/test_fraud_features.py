"""What a transaction takes from its past, against a plain loop over the rows before it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import deepfield
from deepfield_fraud_detection import FraudDetection, FraudOptions
from deepfield_fraud_detection.features import (
    BY_CARD,
    BY_TERMINAL,
    EVENT_COLUMNS,
    EVENTS,
    by_card,
    by_terminal,
    moment,
)
from deepfield_fraud_detection.windows import Groups

DAY = 86_400


def made_up(seed: int, rows: int = 220) -> pd.DataFrame:
    """Transactions of a few cards and terminals, many at the same second, in order of time."""
    draw = np.random.default_rng(seed)
    # Hours rather than seconds, so that several fall on one, and on the ends of windows.
    hours = np.sort(draw.integers(0, 50 * 24, rows // 2)).repeat(2)
    return pd.DataFrame(
        {
            "time": pd.Timestamp("2026-01-05", tz="UTC") + pd.to_timedelta(hours, "h"),
            "amount": np.where(draw.random(rows) < 0.1, 9, 1) * draw.gamma(9, 5, rows).round(2),
            "card_id": draw.choice(["a", "b", "c", "d"], rows),
            "terminal_id": draw.choice(["x", "y", "z"], rows),
            "is_fraud": pd.array(draw.choice([True, False, False, None], rows), dtype="boolean"),
        }
    )


def found(rows: pd.DataFrame, delay: float = 7.0) -> pd.DataFrame:
    """Gather as the platform does: by card, then by terminal, each sorted by key and time."""
    for key, by in (("card_id", by_card), ("terminal_id", by_terminal)):
        rows = rows.join(by(rows.sort_values([key, "time"], kind="stable"), delay, events=True))
    return rows


def seconds_of(rows: pd.DataFrame) -> np.ndarray:
    return rows["time"].dt.tz_localize(None).to_numpy().astype("M8[s]").astype(np.int64)


def stands_out(rows: pd.DataFrame) -> np.ndarray:
    """Say of each row whether it is over two and a half times the mean of three or more before."""
    seconds, cards, amounts = seconds_of(rows), rows["card_id"].to_numpy(), rows["amount"]
    out = []
    for now, card, amount in zip(seconds, cards, amounts, strict=True):
        before = amounts[(cards == card) & (seconds < now)]
        out.append(len(before) >= 3 and amount > 2.5 * before.mean())
    return np.array(out)


def share(values: pd.Series) -> float:
    known = values.dropna()
    return float(known.mean()) if len(known) else np.nan


def card_features(rows: pd.DataFrame, row: int, delay: float) -> dict[str, float]:
    seconds, amount = seconds_of(rows), rows["amount"].iloc[row]
    age = (seconds[row] - seconds) / DAY
    rows = rows.assign(age=age, out=stands_out(rows))
    past = rows[(rows["card_id"] == rows["card_id"].iloc[row]) & (age > 0)]
    usual = past["amount"][~past["out"]]
    enough, mean = len(usual) >= 3, usual.mean()
    told = {
        "card_count": min(len(past), 30),
        "card_usual_mean": mean,
        "amount_to_usual": np.log((amount + 0.01) / (mean + 0.01)) if enough else np.nan,
        "amount_deviation": (amount - mean) / (usual.std() + 0.05 * mean + 0.01)
        if enough
        else np.nan,
        "amount_to_largest": np.log((amount + 0.01) / (past["amount"].max() + 0.01)),
        "card_hours_since": min(past["age"].min(), 60) * 24,
    }
    for days in (1, 7, 30):
        amounts = [*past["amount"][past["age"] <= days], amount]
        told |= {f"card_count_{days}d": len(amounts), f"card_mean_{days}d": np.mean(amounts)}
    for days in (1, 7, 14):
        told[f"card_unusual_{days}d"] = past["out"][past["age"] <= days].sum()
    known = past[past["age"] >= delay]
    for days in (14, 30):
        told[f"card_frauds_{days}d"] = known["is_fraud"][known["age"] <= days].sum()
    return told


def terminal_features(rows: pd.DataFrame, row: int, delay: float) -> dict[str, float]:
    seconds = seconds_of(rows)
    age = (seconds[row] - seconds) / DAY
    rows = rows.assign(age=age, out=stands_out(rows))
    past = rows[(rows["terminal_id"] == rows["terminal_id"].iloc[row]) & (age > 0)]
    old = past[past["age"] >= delay]
    fraud = old["is_fraud"].fillna(False).astype(bool)
    genuine = ~old["is_fraud"].fillna(True).astype(bool)
    told = {"terminal_unusual_7d": past["out"][past["age"] <= 7].sum()}
    for days in (1, 7, 30):
        window = old[old["age"] <= delay + days]
        told |= {
            f"terminal_count_{days}d": (past["age"] <= days).sum() + 1,
            f"terminal_known_{days}d": window["is_fraud"].notna().sum(),
            f"terminal_frauds_{days}d": window["is_fraud"].sum(),
            f"terminal_share_{days}d": share(window["is_fraud"]),
        }
        if days > 1:
            told[f"terminal_quiet_{days}d"] = window["is_fraud"][~window["out"]].sum()
    for name, which in (("fraud", fraud), ("quiet", fraud & ~old["out"]), ("genuine", genuine)):
        told[f"terminal_days_since_{name}"] = min(old["age"][which].min(), 60) if any(which) else 60
    return told


@pytest.mark.parametrize("delay", [7.0, 0.0, 2.5])
def test_windows_are_those_of_a_plain_loop(delay):
    rows = made_up(seed=int(delay))
    gathered = found(rows, delay)
    for row in range(0, len(rows), 5):
        told = card_features(rows, row, delay) | terminal_features(rows, row, delay)
        for name, value in told.items():
            got = gathered[name].iloc[row]
            assert got == pytest.approx(value, rel=1e-4, abs=1e-4, nan_ok=True), (row, name)


def test_the_loop_knows_every_feature_but_those_of_the_latest_rows():
    told = card_features(made_up(0), 9, 7) | terminal_features(made_up(0), 9, 7)
    latest = {name for name in BY_TERMINAL if name.endswith(("_run", "_last_3", "_last_5"))}
    assert told.keys() | latest == {*BY_CARD, *BY_TERMINAL}


def one_terminal(*labels: bool | None, gap: str = "1D") -> pd.DataFrame:
    """Transactions of one terminal, one a day, of a card each."""
    count = len(labels)
    return pd.DataFrame(
        {
            "time": pd.date_range("2026-01-05", periods=count, freq=gap, tz="UTC"),
            "amount": 10.0,
            "card_id": [f"c{number}" for number in range(count)],
            "terminal_id": "x",
            "is_fraud": pd.array(labels, dtype="boolean"),
        }
    )


def test_latest_known_rows_of_a_terminal_by_hand():
    rows = one_terminal(True, False, True, None, True, True, None, False, None)
    gathered = found(rows, delay=3)
    last = gathered.iloc[-1]  # on day 8 it knows of days 0 to 5
    assert last["terminal_fraud_run"] == last["terminal_quiet_run"] == 3
    assert last["terminal_share_last_3"] == 1.0  # fraud, fraud and one of which nothing is known
    assert last["terminal_share_last_5"] == 0.75
    assert last[[f"terminal_fraud_{back}" for back in range(1, 7)]].to_list() == [
        1,
        1,
        0.5,
        1,
        0,
        1,
    ]
    assert last["terminal_hours_1"] == 3 * 24
    assert np.isnan(last["terminal_hours_7"])
    first = gathered.iloc[2]  # nothing is three days old on day 2
    assert np.isnan(first[["terminal_share_last_3", "terminal_fraud_1"]].astype(float)).all()
    assert first["terminal_fraud_run"] == 0


def test_a_fraud_of_an_amount_that_stands_out_is_no_quiet_one():
    rows = one_terminal(*[False] * 6, None, gap="1D")
    rows["card_id"] = ["a"] * 6 + ["b"]
    rows.loc[[4, 5], "is_fraud"] = True
    rows.loc[4, "amount"] = 99.0
    last = found(rows, delay=0).iloc[-1]
    assert (last["terminal_frauds_7d"], last["terminal_quiet_7d"]) == (2, 1)
    assert (last["terminal_fraud_run"], last["terminal_quiet_run"]) == (2, 1)
    assert last["terminal_unusual_7d"] == 1


def test_what_stood_out_is_left_out_of_what_is_usual():
    rows = one_terminal(*[None] * 6)
    rows["card_id"] = "a"
    rows["amount"] = [10.0, 20.0, 30.0, 500.0, 20.0, 40.0]
    last = found(rows).iloc[-1]
    assert last["card_usual_mean"] == 20.0
    assert last["amount_to_usual"] == pytest.approx(np.log(2), abs=1e-3)
    assert last["card_unusual_7d"] == 1
    assert last[["card_amount_1", "card_amount_2"]].to_list() == pytest.approx(
        np.log1p([20, 500]).tolist()
    )


def test_rows_of_one_second_do_not_see_each_other():
    rows = made_up(3, 60).assign(time=pd.Timestamp("2026-01-05 12:00:00.25", tz="UTC"))
    rows.loc[30:, "time"] += pd.Timedelta("0.5s")
    gathered = found(rows, delay=0)
    assert (gathered["card_count"] == 0).all()
    assert (gathered[["card_count_1d", "terminal_count_30d"]] == 1).all(axis=None)
    assert gathered[list(EVENT_COLUMNS)].isna().all(axis=None)


def test_nothing_after_a_moment_changes_what_was_gathered_before():
    rows = made_up(4)
    whole = found(rows, delay=0)
    draw = np.random.default_rng(4)
    for row in draw.choice(len(rows), 12, replace=False):
        later = rows["time"] > rows["time"].iloc[row]
        others = rows.copy()
        for name in ("amount", "card_id", "terminal_id", "is_fraud"):
            others.loc[later, name] = draw.permutation(rows[name][later].to_numpy())
        others.loc[later, "amount"] *= 7
        pd.testing.assert_frame_equal(whole[~later], found(others, delay=0)[~later])
        pd.testing.assert_frame_equal(whole[~later], found(rows[~later], delay=0))


def test_labels_younger_than_the_delay_change_nothing():
    rows = made_up(5)
    young = rows["time"] > rows["time"].iloc[-1] - pd.Timedelta(days=7)
    others = rows.assign(is_fraud=rows["is_fraud"].mask(young, ~rows["is_fraud"].fillna(False)))
    features = [*BY_CARD, *BY_TERMINAL, *EVENT_COLUMNS]
    pd.testing.assert_frame_equal(found(rows)[features], found(others)[features])
    at_once = (found(rows, 0)[features] - found(others, 0)[features]).abs().max()
    assert at_once["terminal_frauds_7d"] > 0


def test_the_order_of_rows_of_one_second_does_not_matter():
    rows = made_up(6)
    gathered = found(rows)
    for seed in range(4):
        shuffled = found(rows.sample(frac=1, random_state=seed))
        pd.testing.assert_frame_equal(gathered, shuffled.loc[rows.index], atol=1e-4)


def test_without_labels_nothing_is_known():
    rows = made_up(7).drop(columns="is_fraud")
    gathered = found(rows)
    assert (gathered["terminal_known_30d"] == 0).all()
    assert gathered["terminal_share_30d"].isna().all()
    assert (gathered[["card_frauds_30d", "terminal_fraud_run"]] == 0).all(axis=None)
    assert set(gathered["terminal_fraud_1"].dropna()) == {0.5}


def test_moments_are_utc():
    time = pd.Series(pd.to_datetime(["2026-01-02T05:30Z", "2026-01-03T23:00Z"]))  # Friday, Saturday
    assert moment(time).tolist() == [[5.5, 1, 0], [23, 0, 1]]
    shifted = pd.Series(pd.to_datetime(["2026-01-03T01:00+02:00"], utc=True))
    assert moment(shifted).tolist() == [[23, 0, 0]]


def test_no_rows_have_no_features():
    empty = found(made_up(0).head(0))
    assert len(empty) == 0
    assert {*BY_CARD, *BY_TERMINAL} <= set(empty.columns)
    assert len(Groups(np.array([]), np.array([], dtype=np.int64)).end) == 0


def test_each_key_has_eight_events_of_three_values():
    assert EVENTS == 8
    assert len(EVENT_COLUMNS) == 2 * 8 * 3


@pytest.mark.parametrize("name", ["mlp", "gru"])
def test_a_model_answers_the_same_whatever_the_order_of_rows(name):
    model = deepfield.load("fraud-detection", name)
    rows = FraudDetection().samples()
    # Rounded to hours, so that many rows are of one second.
    rows["time"] = rows["time"].dt.floor("h")
    there, back = model.predict(rows), model.predict(rows.sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(there, back.loc[rows.index], atol=1e-4)


def test_the_delay_is_an_option():
    model = deepfield.load("fraud-detection", "mlp")
    rows = FraudDetection().samples()
    assert FraudOptions().label_delay_days == 7.0
    usual, at_once = model.predict(rows), model.predict(rows, label_delay_days=0.0)
    assert (usual["fraud"] - at_once["fraud"]).abs().max() > 0.1
