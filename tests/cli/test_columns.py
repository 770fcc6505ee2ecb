"""Tables whose columns are called otherwise, at the command line."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from deepfield_fraud_detection import FraudDetection

COMMAND = [sys.executable, "-c", "from deepfield.cli import main; main()"]
THEIRS = {"time": "TX_DATETIME", "amount": "paid in €", "card_id": "CUSTOMER_ID"}


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "payments.csv"
    FraudDetection().samples().rename(columns=THEIRS).to_csv(file, index=False)
    return file


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, words)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", ["score", "explain"])
def test_a_guess_is_said_and_what_a_person_says_is_followed(table, tmp_path, command):
    columns = ["--map", "amount=paid in €"]
    done = run(command, "fraud-detection", table, "-o", tmp_path / "out.csv", *columns)
    assert done.returncode == 0, done.stderr
    assert "Columns: amount = paid in €, time = TX_DATETIME, card_id = CUSTOMER_ID." in done.stderr


def test_a_table_without_rows_is_said(table):
    pd.read_csv(table).head(0).to_csv(table, index=False)
    done = run("score", "fraud-detection", table, "--map", "amount=paid in €")
    assert done.returncode == 0, done.stderr
    assert "payments.csv has no rows below its header: there was nothing to score." in done.stderr


def test_answers_are_the_same_by_any_name(table, tmp_path):
    output = tmp_path / "out.csv"
    run("score", "fraud-detection", table, "-o", output, "--map", "amount=paid in €")
    own = tmp_path / "own.csv"
    FraudDetection().samples().to_csv(own, index=False)
    again = tmp_path / "again.csv"
    run("score", "fraud-detection", own, "-o", again)
    pd.testing.assert_frame_equal(pd.read_csv(output), pd.read_csv(again))


def test_evaluate_tells_columns_from_labels(table):
    rows = pd.read_csv(table)
    words = rows["is_fraud"].map({True: "bad", False: "good"})
    rows.drop(columns="is_fraud").assign(outcome=words).to_csv(table, index=False)
    maps = [f"--map={each}" for each in ("amount=paid in €", "bad=fraud", "good=genuine")]
    done = run("evaluate", "fraud-detection", table, "--label", "outcome", *maps)
    assert done.returncode == 0, done.stderr
    assert "Columns: amount = paid in €" in done.stderr
