"""``deepfield evaluate`` and ``fit`` where what a group took next is the truth, as processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from deepfield_reading import simulate

pytestmark = pytest.mark.usefixtures("flowers")

COMMAND = [sys.executable, "-c", "from deepfield.cli import main; main()"]


def run(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    place = tmp_path / "log.csv"
    simulate(300, seed=4).to_csv(place, index=False)
    return place


def test_evaluate_prints_figures_beside_baselines_and_writes_a_report(log, tmp_path):
    done = run("evaluate", "reading", log, "--report", tmp_path / "report.html")
    assert done.returncode == 0, done.stderr
    for words in ("NDCG@5", "hit rate@5", "most recently taken", "model ahead by"):
        assert words in done.stdout
    assert "300 hidden rows of 300 reader groups" in done.stderr
    assert "NDCG@5" in (tmp_path / "report.html").read_text()
    asked = run("evaluate", "reading", log, "--json", "--books", 3, "--quiet")
    found = json.loads(asked.stdout)
    assert (found["k"], found["groups"], found["options"]) == (3, 300, {"books": 3})
    assert asked.stderr == ""


def test_no_labels_are_asked_for(log):
    words = " ".join(run("evaluate", "reading", "--help").stdout.split())
    assert "--label" not in words
    assert "--group" not in words
    assert "LABEL=CLASS" not in words
    assert "which book each reader took last is the truth" in words
    assert "it may lack time" in words
    done = run("evaluate", "reading", log, "--label", "book")
    assert done.returncode == 2
    assert "No such option '--label'" in done.stderr or "No such option: --label" in done.stderr


def test_fit_then_use_the_model(log, tmp_path):
    done = run("fit", "reading", log, "--name", "mine", "--fewest", 2)
    assert done.returncode == 0, done.stderr
    assert "Fitted 'mine' to" in done.stderr
    assert "ahead of the best baseline, most popular, not taken before, by " in done.stderr
    assert "Measured before it learned from the held-out moments" in done.stderr
    assert "NDCG@5" in run("models", "reading", "--card", "mine").stdout
    assert run("score", "reading", log, "-m", "mine", "-q").stdout.count("\n") == 301
    assert run("selftest", "reading").returncode == 0
    again = run("fit", "reading", log, "--name", "other", "--json", "--quiet")
    found = json.loads(again.stdout)
    assert found["evaluation"]["leads"]
    assert sum(found["rows"].values()) == len(log.read_text().splitlines()) - 1


def test_fit_asks_for_no_labels_and_says_what_is_missing(log):
    words = " ".join(run("fit", "reading", "--help").stdout.split())
    assert "--label" not in words
    assert "Of each reader with three moments or more the last is held out" in words
    short = log.with_name("short.csv")
    short.write_text("reader,book\nada,x\nben,y\n")
    done = run("fit", "reading", short, "--name", "mine")
    assert done.returncode == 1
    assert "has rows of two moments" in done.stderr
    assert "Traceback" not in done.stderr
