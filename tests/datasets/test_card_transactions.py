from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from deepfield.errors import InputError
from deepfield_datasets.card_transactions import CardTransactions
from deepfield_datasets.prequential import TEST_FOLDS, VALIDATION_FOLDS, Fold


def as_published() -> pd.DataFrame:
    """Three rows of our own making under the Handbook's names, out of order."""
    return pd.DataFrame(
        {
            "TRANSACTION_ID": [2, 0, 1],
            "TX_DATETIME": pd.to_datetime(
                ["2018-04-02 08:00", "2018-04-01 09:00", "2018-04-01 10:00"]
            ),
            "CUSTOMER_ID": [7, 8, 7],
            "TERMINAL_ID": [1, 2, 3],
            "TX_AMOUNT": [221.5, 3.0, 40.25],
            "TX_TIME_SECONDS": [115200, 32400, 36000],
            "TX_TIME_DAYS": [1, 0, 0],
            "TX_FRAUD": [1, 0, 0],
            "TX_FRAUD_SCENARIO": [1, 0, 0],
        }
    )


def test_the_handbooks_file_is_read_in_time_order_under_our_names(tmp_path):
    as_published().to_parquet(tmp_path / "transactions.parquet")
    frame = CardTransactions().load(tmp_path)
    assert frame.columns.to_list() == [
        "transaction_id", "time", "card_id", "terminal_id", "amount", "is_fraud", "scenario",
    ]  # fmt: skip
    assert frame["transaction_id"].to_list() == [0, 1, 2]
    assert str(frame["time"].dtype) == "datetime64[us, UTC]"
    assert frame["is_fraud"].to_list() == [False, False, True]


def test_a_folder_without_transactions_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="a Parquet file 'transactions.parquet' was expected"):
        CardTransactions().load(tmp_path)
    (tmp_path / "transactions.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match="holds no card transactions"):
        CardTransactions().load(tmp_path)
    as_published().drop(columns="TX_FRAUD").to_parquet(tmp_path / "transactions.parquet")
    with pytest.raises(
        InputError, match="lacks the columns TX_FRAUD: it is not the published file"
    ):
        CardTransactions().load(tmp_path)


def days(*rows: tuple[str, str, bool]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["time", "card_id", "is_fraud"])
    frame["time"] = pd.to_datetime(frame["time"], utc=True)
    return frame


def test_a_fold_trains_on_a_week_waits_a_week_and_tests_on_a_week():
    frame = days(*((f"2018-07-{day:02} 23:59:59", "a", False) for day in range(1, 32)))
    fold = Fold(date(2018, 7, 3))
    assert frame["time"][fold.training(frame)].dt.day.to_list() == [3, 4, 5, 6, 7, 8, 9]
    assert frame["time"][fold.test(frame)].dt.day.to_list() == [17, 18, 19, 20, 21, 22, 23]


def test_a_card_leaves_the_test_when_its_fraud_is_known():
    frame = days(
        ("2018-07-02", "before", True),  # before the training: not looked at
        ("2018-07-03", "trained", True),
        ("2018-07-12", "delay", True),  # known from the 20th on
        ("2018-07-16", "late", True),  # known from the 24th on: after the test
        ("2018-07-17", "before", False),
        ("2018-07-17", "trained", False),
        ("2018-07-19", "delay", True),
        ("2018-07-20", "delay", True),
        ("2018-07-23", "late", True),
    )
    test = frame[Fold(date(2018, 7, 3)).test(frame)]
    assert test["card_id"].to_list() == ["before", "delay", "late"]
    assert test["time"].dt.day.to_list() == [17, 19, 23]


def test_the_days_lengths_of_a_fold_can_be_set():
    frame = days(*((f"2018-07-{day:02}", "a", False) for day in range(1, 10)))
    fold = Fold(date(2018, 7, 1), days=2, delay=3)
    assert frame["time"][fold.training(frame)].dt.day.to_list() == [1, 2]
    assert frame["time"][fold.test(frame)].dt.day.to_list() == [6, 7]


def test_no_validation_day_is_a_day_of_a_test():
    last = max(fold.start for fold in VALIDATION_FOLDS)
    first = min(fold.start for fold in TEST_FOLDS)
    assert len(VALIDATION_FOLDS) == len(TEST_FOLDS) == 4
    assert (first - last).days == 14, "validation ends before the first test week begins"
