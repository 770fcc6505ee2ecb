"""``deepfield score fraud-detection`` and ``fit``, on files that are not as they should be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepfield_fraud_detection import FraudDetection

COMMAND = [sys.executable, "-c", "from deepfield.cli import main; main()"]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def payments(tmp_path: Path) -> Path:
    """A file with a row that is bad in each way, the latest row first."""
    rows = FraudDetection().samples()[:200].astype(object)
    rows["time"] = [f"{each:%Y-%m-%d %H:%M:%S}" for each in rows["time"]]
    rows.loc[0, "time"] = "soon"
    rows.loc[1, "time"] = "2199-01-01 00:00"
    rows.loc[2, "amount"] = -5
    rows.loc[3, "amount"] = None
    rows.loc[4, "transaction_id"] = 5
    rows.loc[6, "time"] = "2024-04-01T12:00:00+02:00"
    place = tmp_path / "payments.csv"
    rows.iloc[::-1].to_csv(place, index=False)
    return place


def test_bad_payments_are_set_aside_and_the_others_scored(payments, tmp_path):
    out = tmp_path / "scored.csv"
    done = run("score", "fraud-detection", payments, "-o", out)
    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
    assert len(pd.read_csv(out)) == 195
    aside = pd.read_csv(tmp_path / "scored.rejected.csv").set_index("row")["reason"]
    assert aside.to_dict() == {
        196: "column 'transaction_id' holds '5', as row 195 does",
        197: "column 'amount' is empty",
        198: "column 'amount' holds -5; expected at least 0 EUR",
        199: "column 'time' holds 2199-01-01 00:00:00, which lies in the future",
        200: "column 'time' holds 'soon', which is not a date or time",
    }


def test_a_fit_to_what_cannot_be_learned_from_is_one_sentence(tmp_path):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"x": draw.normal(size=80), "outcome": draw.integers(0, 3, 80)})
    place = tmp_path / "table.csv"
    frame.to_csv(place, index=False)
    done = run("fit", "fraud-detection", place, "--name", "never", "--label", "outcome")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "holds 3 different values ('0', '1', '2'), and '2' tells neither" in done.stderr


def test_a_table_of_ones_own_is_fitted_and_scored(tmp_path):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"x": draw.normal(size=200), "kind": draw.choice(["a", "b"], 200)})
    frame["outcome"] = np.where(frame["x"] > 1, "fraud", "genuine")
    place, out = tmp_path / "table.csv", tmp_path / "scored.csv"
    frame.to_csv(place, index=False)
    done = run("fit", "fraud-detection", place, "--name", "cli-table", "--label", "outcome",
               "--epochs", 2)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Fitted 'cli-table' to 140 rows, chose by 30, measured on 30" in done.stderr
    done = run("score", "fraud-detection", place, "-m", "cli-table", "-o", out)
    assert done.returncode == 0, done.stderr
    assert pd.read_csv(out)["fraud"].between(0, 1).all()
    frame.drop(columns="x").to_csv(place, index=False)
    done = run("score", "fraud-detection", place, "-m", "cli-table", "-o", tmp_path / "none.csv")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "No column 'x', and the model learned from it" in " ".join(done.stderr.split())
    assert not (tmp_path / "none.csv").exists()
