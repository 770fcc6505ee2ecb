"""``deepfield fit`` of a domain that learns from documents, as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from deepfield.cli import main; main()"]


@pytest.fixture(autouse=True)
def glossary(tmp_path, monkeypatch) -> None:
    """Make the plugin look installed: an entry point on the path is all that it takes."""
    info = tmp_path / "installed" / "glossary-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: glossary\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[deepfield]\nglossary = deepfield_glossary\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(info.parent), os.environ["PYTHONPATH"]]))


@pytest.fixture
def handbook(tmp_path) -> Path:
    folder = tmp_path / "handbook"
    (folder / "garden").mkdir(parents=True)
    (folder / "words.txt").write_text("stove: where we cook\npantry: where food lies\n")
    (folder / "garden" / "words.txt").write_text("compost: what becomes soil\n")
    return folder


def run(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


def test_help_speaks_of_documents_and_no_columns():
    told = run("fit", "glossary", "--help")
    assert told.returncode == 0, told.stderr
    assert "from your own documents" in told.stdout
    assert ".txt, .terms" in told.stdout
    assert "--add" in told.stdout
    assert not [each for each in ("--label", "--group", "--map") if each in told.stdout]


def test_fit_add_and_use_the_model_everywhere(handbook, tmp_path):
    done = run("fit", "glossary", handbook, "--name", "house")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "Fitted 'house': 2 files were read; the model holds 2 documents, 3 terms." in done.stderr
    assert "no figure says how often it is right" in done.stderr
    more, other = tmp_path / "more.txt", tmp_path / "picture.png"
    more.write_text("attic: under the roof\n")
    other.write_text("x")
    again = run("fit", "glossary", more, other, "--name", "house", "--add", "--json")
    assert again.returncode == 3, again.stderr
    assert "picture.png: is of no kind that is read" in again.stderr
    found = json.loads(again.stdout)
    assert (found["files"], found["rejected"]) == (1, 1)
    assert found["evaluation"]["counts"] == {"documents": 3, "terms": 4}
    assert "rows" not in found
    listed = json.loads(run("models", "glossary", "--json").stdout)
    assert [(each["model"], each["fitted"]) for each in listed] == [
        ("letters", False),
        ("house", True),
    ]
    assert "Nothing was held out" in run("models", "glossary", "--card", "house").stdout
    rows = tmp_path / "rows.csv"
    rows.write_text("term\nattic\ncompost\n")
    scored = run("score", "glossary", rows, "-m", "house", "-q").stdout
    assert "under the roof" in scored
    assert "garden/words.txt" in scored
    assert "ok      glossary/house: 4 golden rows" in run("selftest", "glossary").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--name", "letters"), 2, "is a model that glossary ships"),
        (("--name", "house", "--add"), 2, "No fitted model of glossary to change named 'house'"),
        (
            ("--name", "house", "--add", "--overwrite"),
            2,
            "adding, removing and overwriting exclude",
        ),
        (("--name", "house", "--label", "x"), 2, "No such option '--label'"),
        ((), 2, "Missing option '--name'"),
    ],
)
def test_what_cannot_be_fitted_is_one_sentence(handbook, arguments, code, sentence):
    done = run("fit", "glossary", handbook, *arguments)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert sentence in done.stderr


def test_documents_are_taken_out_by_name(handbook):
    alone = run("fit", "glossary", "--name", "house", "--remove", "words.txt")
    assert alone.returncode == 2
    assert "No fitted model of glossary to change named 'house'" in alone.stderr
    assert run("fit", "glossary", handbook, "--name", "house", "-q").returncode == 0
    nothing = run("fit", "glossary", "--name", "house")
    assert (nothing.returncode, "Missing argument 'SOURCE'" in nothing.stderr) == (2, True)
    wrong = run("fit", "glossary", "--name", "house", "--remove", "attic.txt")
    assert wrong.returncode == 2
    assert "No document named 'attic.txt'" in wrong.stderr
    done = run("fit", "glossary", "--name", "house", "--remove", "words.txt")
    assert done.returncode == 0, done.stderr
    assert "1 file was removed" in done.stdout + done.stderr


def test_a_name_that_is_taken_and_a_folder_of_nothing(handbook, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run("fit", "glossary", empty, "--name", "house")
    assert done.returncode == 1
    assert "holds no file that is read: .txt, .terms." in done.stderr
    assert run("fit", "glossary", handbook, "--name", "house", "-q").returncode == 0
    again = run("fit", "glossary", handbook, "--name", "house")
    assert again.returncode == 2
    assert "has a fitted model 'house' already" in again.stderr


def test_evaluate_is_one_sentence(tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("term,label\nattic,x\n")
    done = run("evaluate", "glossary", rows)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert "tells no classes apart" in done.stderr


def test_ctrl_c_ends_a_fit_and_leaves_nothing(home, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(3_000):
        (folder / f"{number}.txt").write_text(f"term{number}: meaning\n" * 20)
    process = subprocess.Popen(
        [*COMMAND, "fit", "glossary", folder, "--name", "house"],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not list(home.glob("fits/*/work/model")):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "stopped; nothing of it was kept" in said
    assert not (home / "models").exists()
    assert not list(home.glob("fits/*/work"))
