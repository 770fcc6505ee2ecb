"""Earlier rows on the command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest
from deepfield_visits import Visits

from deepfield.loading import load_model

COMMAND = [sys.executable, "-c", "from deepfield.cli import main; main()"]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def parted(tmp_path, flowers):
    """Six visits: four of before, two of today, and a spoilt one among the earlier ones."""
    samples = Visits().samples().astype(object)
    before = pd.concat([samples[:4], samples[:1].assign(receipt="r0", spend="much")])
    before.to_csv(tmp_path / "before.csv", index=False)
    samples[4:].to_json(tmp_path / "today.jsonl", orient="records", lines=True)
    return tmp_path


def test_earlier_rows_give_the_others_their_past(parted):
    output = parted / "scored.parquet"
    done = run("score", "visits", parted / "today.jsonl", "--history", parted / "before.csv",
               "--output", output)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Scored 2 rows" in done.stderr
    assert "1 row of the history could not be read" in done.stderr
    assert "row 5, column 'spend' holds 'much'" in done.stderr
    scored = pd.read_parquet(output)
    assert scored["row"].to_list() == [1, 2]
    expected = load_model(Visits()).predict(Visits().samples())["returns"][4:]
    assert scored["returns"].to_list() == pytest.approx(expected.to_list())


def test_explanations_know_the_past_too(parted):
    done = run("explain", "visits", parted / "today.jsonl", "--history", parted / "before.csv",
               "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = [json.loads(line)["summary"] for line in done.stdout.splitlines()]
    assert told == ["Visit number 3 of this person.", "Visit number 1 of this person."]


def test_only_rows_with_a_past_have_the_flag(flowers):
    assert "those that share shop or person" in " ".join(
        run("score", "visits", "-h").stdout.split()
    )
    assert "--history" not in run("score", "flowers", "-h").stdout


def test_a_missing_history_is_one_sentence(parted):
    done = run("score", "visits", parted / "today.jsonl", "--history", parted / "nowhere.csv")
    assert done.returncode == 1
    assert "No file or folder" in done.stderr
