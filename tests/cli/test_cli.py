"""The command from end to end, as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

import deepfield
from deepfield_medical_imaging.synthesis import generators

COMMAND = [sys.executable, "-c", "from deepfield.cli import main; main()"]


def run(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


def test_help_teaches_by_example_and_loads_nothing_heavy():
    code = (
        "import sys; from deepfield.cli import deepfield as command; "
        "command.main(['--help'], standalone_mode=False); "
        "sys.exit(', '.join({'torch', 'pandas', 'streamlit', 'rich'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "deepfield score medical-imaging xrays/ --output scored.csv" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        "domains",
        "models",
        "datasets",
        "score",
        "explain",
        "fit",
        "evaluate",
        "runs",
        "selftest",
        "dashboard",
    ],
)
def test_each_command_has_help_with_an_example(command):
    done = run(command, "--help")
    assert done.returncode == 0
    assert f"deepfield {command}" in done.stdout
    assert "Example" in done.stdout


def test_domains_are_listed_for_people_and_for_programs():
    assert "medical-imaging" in run("domains").stdout
    found = json.loads(run("domains", "--json").stdout)
    (imaging,) = [each for each in found["domains"] if each["name"] == "medical-imaging"]
    assert imaging["options"]["properties"]["threshold"]["maximum"] == 0.99
    assert imaging["results"]["required"] == ["finding", "confidence", "trust"]


def test_models_are_listed_and_their_cards_printed():
    films, brains = json.loads(run("models", "medical-imaging", "--json").stdout)
    assert (films["model"], brains["model"]) == ("chest-xray", "brain-mri")
    assert films["technique"] == "CNN"
    assert {each["metric"] for each in films["figures"]} >= {"auc", "specificity", "ece"}
    assert {each["metric"] for each in brains["figures"]} >= {"accuracy", "macro_f1", "ece"}
    assert (
        "Intended use and limits" in run("models", "medical-imaging", "--card", "chest-xray").stdout
    )


def test_folder_to_csv_sets_bad_files_aside_with_code_3(films, tmp_path):
    (films / "a-text.png").write_text("not a picture")
    (films / "b-cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    (films / "c-empty.png").touch()
    output = tmp_path / "scored.csv"
    done = run("score", "medical-imaging", films, "--output", output)
    assert done.returncode == 3, done.stderr
    scored = pd.read_csv(output)
    assert scored["row"].to_list() == [4, 5, 6, 7]
    assert list(scored.columns) == [
        "row",
        "image",
        "finding",
        "pneumonia",
        "confidence",
        "trust",
    ]
    rejected = pd.read_csv(tmp_path / "scored.rejected.csv")
    assert rejected["row"].to_list() == [1, 2, 3]
    assert "is empty (0 bytes)" in rejected["reason"][2]
    assert "3 of 7 rows were set aside" in done.stderr


def test_python_and_command_line_give_identical_numbers(films, tmp_path):
    run("score", "medical-imaging", films, "-o", tmp_path / "scored.parquet", "-q")
    there = pd.read_parquet(tmp_path / "scored.parquet").set_index("row")
    pd.testing.assert_frame_equal(there, deepfield.score("medical-imaging", films).frame)


def test_results_go_to_stdout_and_all_else_to_stderr(films):
    done = run("score", "medical-imaging", str(films / "*-[12].png"))
    assert done.returncode == 0
    assert len(pd.read_csv(StringIO(done.stdout))) == 2
    lines = run("score", "medical-imaging", films, "--json").stdout.splitlines()
    assert [json.loads(line)["row"] for line in lines] == [1, 2, 3, 4]


def test_options_are_flags(films):
    strict = run("score", "medical-imaging", films, "--threshold", "0.01", "--json", "-q").stdout
    assert {json.loads(line)["finding"] for line in strict.splitlines()} >= {"pneumonia"}
    done = run("score", "medical-imaging", films, "--threshold", "2")
    assert done.returncode == 2
    assert "0.01<=x<=0.99" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("score", "medical-imagin", "x"), 2, "Did you mean 'medical-imaging'"),
        (("score", "medical-imaging", "nowhere/"), 1, "No file or folder 'nowhere/'."),
        (("score", "medical-imaging", ".", "-m", "brain"), 2, "No model of medical-imaging named"),
        (("score", "medical-imaging"), 2, "Missing argument 'SOURCE'"),
        (("score", "medical-imaging", "a", "--colour", "1"), 2, "No such option '--colour'"),
        (("runs", "zzz"), 2, "No run begins with 'zzz'"),
        (("models", "--card", "chest-xray"), 2, "--card needs the domain"),
        (("models", "--remove", "mine"), 2, "--remove needs the domain"),
        (("fit", "medical-imagin", "x"), 2, "Did you mean 'medical-imaging'"),
        (("evaluate", "medical-imaging", "nowhere/"), 1, "No file or folder 'nowhere/'."),
        (("evaluate", "medical-imaging", "."), 1, "no folder for each class"),
        (("evaluate", "medical-imaging", ".", "--map", "a"), 2, "not of the form LABEL=CLASS"),
        (("evaluate", "medical-imaging", ".", "--report", "a.pdf"), 2, "end it in .html or .png"),
        (("frobnicate",), 2, "No such command 'frobnicate'"),
    ],
)
def test_what_is_wrong_is_one_sentence_without_a_traceback(
    arguments, code, sentence, films, monkeypatch
):
    monkeypatch.chdir(films)
    done = run(*arguments)
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_folder_without_pictures_and_unreadable_file(tmp_path, films):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("x")
    done = run("score", "medical-imaging", tmp_path / "notes")
    assert done.returncode == 1
    assert "holds no pictures" in done.stderr
    locked = films / "synthetic-chest-xray-1-1.png"
    locked.chmod(0)
    if not os.access(locked, os.R_OK):  # root may read everything
        done = run("score", "medical-imaging", films, "-q", "-o", tmp_path / "out.csv")
        assert done.returncode == 3
        assert "permission denied" in (tmp_path / "out.rejected.csv").read_text()


def test_existing_output_is_not_replaced_unless_asked(films, tmp_path):
    output = tmp_path / "scored.csv"
    output.write_text("mine")
    done = run("score", "medical-imaging", films, "-o", output)
    assert done.returncode == 2
    assert "exists already" in done.stderr
    assert output.read_text() == "mine"
    assert run("score", "medical-imaging", films, "-o", output, "--overwrite").returncode == 0
    assert len(pd.read_csv(output)) == 4


def test_all_rows_bad_is_a_failure(tmp_path):
    (tmp_path / "a.png").write_text("x")
    assert run("score", "medical-imaging", tmp_path / "a.png").returncode == 1


def test_ctrl_c_leaves_a_usable_part(tmp_path):
    drawn = generators()[0].generate(1, seed=0)["image"][0]["bytes"]
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(6000):
            archive.writestr(f"{number:05}.png", drawn)
    output = tmp_path / "scored.csv"
    process = subprocess.Popen(
        [*COMMAND, "score", "medical-imaging", tmp_path / "many.zip", "--output", output],
        stderr=subprocess.PIPE,
        text=True,
    )
    part = output.with_name("scored.csv.part")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (part.exists() and part.stat().st_size > 1000):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Stopped after" in said
    scored = pd.read_csv(output)
    assert 0 < len(scored) < 6000
    assert scored["row"].to_list() == list(range(1, len(scored) + 1))
    (latest, *_) = json.loads(run("runs", "--json").stdout)
    assert (latest["status"], latest["rows_out"]) == ("stopped", len(scored))


def test_explain_says_and_draws(films, tmp_path):
    folder = tmp_path / "why"
    done = run("explain", "medical-imaging", films / "synthetic-chest-xray-1-2.png", "-o", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("row 1: Called ")
    again = run("explain", "medical-imaging", films / "synthetic-chest-xray-1-2.png", "-o", folder)
    assert again.returncode == 2
    assert "holds explanations already" in again.stderr
    record = json.loads((folder / "explanations.jsonl").read_text())
    assert len(record["heatmap"]) == len(record["heatmap"][0]) > 4
    assert (folder / "row-1.png").stat().st_size > 1000


def test_runs_are_listed_and_shown(films):
    assert "No runs yet" in run("runs").stdout
    run("score", "medical-imaging", films, "-q")
    (found,) = json.loads(run("runs", "--json").stdout)
    assert (found["face"], found["rows_out"], found["status"]) == ("command line", 4, "done")
    assert found["source"] in run("runs", found["id"][:5]).stdout
    assert run("runs", found["id"], "--forget").returncode == 0
    assert json.loads(run("runs", "--json").stdout) == []


def test_selftest_recomputes_golden_rows():
    done = run("selftest")
    assert done.returncode == 0, done.stdout
    assert "ok      medical-imaging/chest-xray" in done.stdout
    findings = json.loads(run("selftest", "--json").stdout)
    assert all(each["passed"] and each["rows"] for each in findings["models"])
    assert findings["failures"] == []


def test_closed_pipe_is_no_error(films):
    line = f'{sys.executable} -c "{COMMAND[2]}" score medical-imaging {films} | head -1'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("row,image")


def test_cached_start_needs_no_torch(films):
    """One picture is scored in seconds because nothing imports torch once the graph is cached."""
    run("score", "medical-imaging", films / "synthetic-chest-xray-1-1.png", "-q")
    code = (
        "import sys, deepfield; "
        f"deepfield.score('medical-imaging', {str(films / 'synthetic-chest-xray-1-1.png')!r}); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_installed_command_is_the_same():
    command = Path(sys.executable).with_name("deepfield")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"deepfield, version {deepfield.__version__}"


def test_a_table_is_generated_in_the_format_asked_for(tmp_path):
    command = ("generate", "synthetic-transactions", "--output", tmp_path)
    done = run(*command, "--format", "parquet", "--start", "2023-01-01", "--currency", "EUR")
    assert done.returncode == 0
    assert f"Made 10,000 rows -> {tmp_path / 'rows.parquet'}" in done.stderr
    made = pd.read_parquet(tmp_path / "rows.parquet")
    assert len(made) == 10_000
    assert made["time"].iloc[0].year == 2023
    again = run(*command, "--format", "parquet")
    assert again.returncode != 0
    assert "exists already" in again.stderr


def test_rows_that_cannot_be_generated_are_one_sentence_and_no_file(tmp_path):
    command = ("generate", "synthetic-transactions", "--output", tmp_path / "made")
    done = run(*command, "--rows", 50_000, "--customers", 3)
    assert done.returncode != 0
    assert "3 customers make about" in done.stderr
    assert not (tmp_path / "made").exists()
