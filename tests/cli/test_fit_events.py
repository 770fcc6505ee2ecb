"""``deepfield fit`` and ``evaluate`` for rows that have a history, as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from deepfield_events import simulate

COMMAND = [sys.executable, "-c", "from deepfield.cli import main; main()"]


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of events, and the plugin that knows them."""
    info = tmp_path / "installed" / "events-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: events\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[deepfield]\nevents = deepfield_events\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(info.parent), os.environ["PYTHONPATH"]]))
    place = tmp_path / "events.csv"
    simulate(600).to_csv(place, index=False)
    return place


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_fit_and_evaluate_take_the_truth_for_the_label(events):
    done = run("fit", "events", events, "--name", "mine")
    assert done.returncode == 0, done.stderr
    assert "Fitted 'mine' to 420 rows, chose by 90, measured on 90" in done.stderr
    assert "average precision: 0." in done.stderr
    found = json.loads(run("evaluate", "events", events, "-m", "mine", "--json", "-q").stdout)
    assert found["rows"] == 600
    assert found["precision_recall"][-1]["recall"] == 1.0


def test_fit_without_labels_says_how_the_answers_are_spread(events):
    done = run("fit", "events", events, "--name", "odd", "--base", "distance", "--label", "")
    assert done.returncode == 0, done.stderr
    assert "No label says what is true of them. Of 90 held-out rows: " in done.stderr
    again = run("fit", "events", events, "--name", "odd-2", "--base", "distance", "--label", "",
                "--json", "-q")  # fmt: skip
    found = json.loads(again.stdout)["evaluation"]
    assert sum(found["called"].values()) == 90
    assert "figures" not in found
    card = run("models", "events", "--card", "odd").stdout
    assert "nothing tells how often the model is right" in card


def test_help_says_which_column_is_the_label_and_who_needs_none(events):
    text = " ".join(run("fit", "events", "--help").stdout.split())
    assert "distance learns without, '' for none" in text
    assert "[default: was_fault]" in text
    assert "held out to measure on: the last ones, by time." in text
    assert "columns time, load, machine and was_fault" in text


def test_a_label_of_three_values_is_one_sentence(events):
    events.write_text(events.read_text().replace("True", "perhaps", 1))
    for arguments in (("fit", "events", events, "--name", "mine"), ("evaluate", "events", events)):
        done = run(*arguments)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
        assert "holds 3 different values ('False', 'True', 'perhaps')" in done.stderr
