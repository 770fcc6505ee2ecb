"""``deepfield fit`` and ``deepfield evaluate`` from end to end, as processes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.usefixtures("flowers")

COMMAND = [sys.executable, "-c", "from deepfield.cli import main; main()"]


def run(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


def test_fit_then_use_the_model_everywhere_then_remove_it(irises, tmp_path):
    done = run("fit", "flowers", irises, "--name", "mine", "--steps", 3)
    assert done.returncode == 0, done.stderr
    assert "epoch 3  loss" in done.stderr
    assert "Fitted 'mine' to 102 rows" in done.stderr
    assert done.stdout == ""
    listed = json.loads(run("models", "flowers", "--json").stdout)
    assert [(each["model"], each["fitted"]) for each in listed] == [
        ("linear", False),
        ("mine", True),
    ]
    assert "## Figures" in run("models", "flowers", "--card", "mine").stdout
    rows = tmp_path / "rows.csv"
    pd.read_csv(irises).drop(columns="label").to_csv(rows, index=False)
    assert run("score", "flowers", rows, "-m", "mine", "-q").stdout.count("\n") == 151
    assert "ok      flowers/mine: 6 golden rows" in run("selftest", "flowers").stdout
    kept = run("models", "flowers", "--remove", "mine", input="n\n")
    assert kept.returncode == 130
    assert "Delete the fitted model 'mine'" in kept.stderr
    assert run("models", "flowers", "--remove", "mine", "--yes").returncode == 0
    assert len(json.loads(run("models", "flowers", "--json").stdout)) == 1


def test_fit_gives_json_for_programs_and_3_where_rows_were_set_aside(irises):
    irises.write_text(irises.read_text() + "x,1,1,1,setosa\n")
    done = run("fit", "flowers", irises, "--name", "mine", "--json", "-q")
    assert done.returncode == 3, done.stderr
    found = json.loads(done.stdout)
    assert found["rejected"] == 1
    assert found["evaluation"]["counts"] == {"setosa": 8, "versicolor": 8, "virginica": 8}


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--name", "linear"), 2, "is a model that flowers ships"),
        (("--name", "My Model"), 2, "cannot be named 'My Model'"),
        (("--name", "mine", "--steps", "0"), 2, "1<=x<=10000"),
        (("--name", "mine", "--label", "species"), 1, "has no column 'species'"),
        (("--name", "mine", "--group", "bed"), 1, "has no column 'bed'"),
        (("--name", "mine", "--base", "gru"), 2, "No model to start from"),
        ((), 2, "Missing option '--name'"),
    ],
)
def test_what_cannot_be_fitted_is_one_sentence(irises, arguments, code, sentence):
    done = run("fit", "flowers", irises, *arguments)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert sentence in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_a_fit_and_leaves_nothing(irises, home, number):
    process = subprocess.Popen(
        [*COMMAND, "fit", "flowers", irises, "--name", "mine", "--steps", "10000"],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not list(home.glob("fits/*/log.jsonl")):
        time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "stopped; nothing of it was kept" in said
    assert not (home / "models").exists()
    (status,) = [json.loads(each.read_text()) for each in home.glob("fits/*/status.json")]
    assert status["state"] == "stopped"
    assert not list(home.glob("fits/*/work"))


def test_a_signal_that_comes_in_garbage_collection_is_not_lost(irises, home):
    code = """if True:
        import signal
        from deepfield.cli import fit, main

        class Waste:
            def __del__(self):
                signal.raise_signal(signal.SIGINT)  # Python drops what this raises

        def figures_of(progress):
            Waste()
            return "an epoch"

        fit.figures_of = figures_of
        main()
        """
    done = subprocess.run(
        [sys.executable, "-c", code, "fit", "flowers", irises, "--name", "mine", "--steps", "500"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Exception ignored" in done.stderr
    assert done.returncode == 130, done.stderr
    assert done.stderr.count("an epoch") == 1
    assert not (home / "models").exists()


def test_evaluate_prints_figures_and_writes_a_report(irises, tmp_path):
    report = tmp_path / "report.html"
    done = run("evaluate", "flowers", irises, "--report", report)
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
    assert "0.960" in done.stdout
    assert f"Report -> {report}" in done.stderr
    assert "<svg" in report.read_text()
    again = run("evaluate", "flowers", irises, "--report", report)
    assert again.returncode == 2
    assert "exists already" in again.stderr
    found = json.loads(run("evaluate", "flowers", irises, "--json", "-q").stdout)
    assert found["confusion"]["rows"][0] == [50, 0, 0]


def test_labels_of_other_words_are_mapped_when_said(irises):
    irises.write_text(irises.read_text().replace("setosa", "Bristle"))
    wrong = run("evaluate", "flowers", irises)
    assert wrong.returncode == 1
    assert "knows setosa, versicolor, virginica" in wrong.stderr
    done = run("evaluate", "flowers", irises, "--map", "Bristle=setosa", "--json", "-q")
    assert json.loads(done.stdout)["counts"]["setosa"] == 50


def test_help_of_fit_imports_no_predictor(tmp_path: Path):
    code = (
        "import sys; from deepfield.cli import deepfield as command; "
        "command.main(['fit', '--help'], standalone_mode=False); "
        "heavy = {'torch', 'streamlit', 'deepfield_flowers.linear'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--group patient" in done.stdout
