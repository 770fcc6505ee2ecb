"""A stranger's plugin, installed with pip into an environment of its own, is everywhere at once.

Beside it two that do not work: one raises at import, one claims a name that is taken.
"""

from __future__ import annotations

import json
import site
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

OUTSIDER = Path(__file__).parents[1] / "outsider"

BROKEN = "raise RuntimeError('this plugin needs a licence file')\n"
GREEDY = """
from deepfield import hookimpl
from deepfield_medical_imaging import MedicalImaging

@hookimpl
def register_domains():
    return [MedicalImaging()]
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the stranger's plugin and two broken ones."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    packages = next((folder / "lib").glob("python*/site-packages"))
    # What is installed here is seen there; what is installed there stays there.
    here = next(path for path in site.getsitepackages() if path.endswith("site-packages"))
    (packages / "here.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    python = folder / "bin" / "python"
    build = tmp_path_factory.mktemp("build") / "outsider"
    subprocess.run(["cp", "-r", OUTSIDER, build], check=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps",
         "--no-index", "--no-build-isolation", "--disable-pip-version-check", build],
        check=True,
    )  # fmt: skip
    for name, code in {"broken": BROKEN, "zz_greedy": GREEDY}.items():
        (packages / f"{name}.py").write_text(code)
        info = packages / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[deepfield]\n{name} = {name}\n")
    return python


@pytest.fixture(autouse=True)
def without_the_path_of_these_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin must be found because it is installed, not because the tests know its folder."""
    monkeypatch.delenv("PYTHONPATH", raising=False)


def test_it_appears_on_the_command_line_with_the_reasons_of_the_broken_ones(python):
    code = "from deepfield.cli import main; main()"
    done = subprocess.run(
        [python, "-c", code, "domains", "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    ours = {
        "chatbot", "fraud-detection", "intents", "lane-detection", "medical-imaging",
        "recommendations",
    }  # fmt: skip
    assert {each["name"] for each in found["domains"]} == {
        "flowers", "glossary", "reading", "visits", *ours,
    }  # fmt: skip
    reasons = {each["plugin"]: each["reason"] for each in found["failures"]}
    assert reasons["broken"] == "RuntimeError: this plugin needs a licence file"
    assert "is taken by plugin 'medical-imaging'" in reasons["zz_greedy"]
    listed = subprocess.run(
        [python, "-c", code, "domains"], capture_output=True, text=True, check=False
    )
    assert "this plugin needs a licence file" in listed.stderr


def test_it_scores_from_python(python, tmp_path):
    code = (
        "import deepfield, pandas as pd; "
        "from deepfield_flowers import Flowers; "
        "result = deepfield.score('flowers', Flowers().samples(), explain=True); "
        "print(result.frame['species'].to_list())"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "['setosa', 'versicolor', 'virginica']", done.stderr


@pytest.fixture(scope="module")
def address(python: Path, dashboard_home: Path, serve_dashboard) -> Iterator[str]:
    """The dashboard as ``deepfield dashboard`` starts it, from anywhere."""
    code = "from deepfield.cli import main; main()"
    command = [str(python), "-c", code, "dashboard", "--no-browser", "--port"]
    yield from serve_dashboard(command, Path("/"), dashboard_home)


@pytest.mark.browser
def test_it_has_a_card_and_a_page_and_broken_plugins_are_listed(page, address, tmp_path):
    page.goto(address)
    expect(page.get_by_text("Which iris is it").first).to_be_visible()
    expect(page.get_by_text("this plugin needs a licence file")).to_be_visible()
    expect(page.get_by_text("is taken by plugin 'medical-imaging'")).to_be_visible()
    page.get_by_role("link", name="Open flowers").click()
    page.get_by_role("button", name="Try the built-in example").click()
    # Its own view comes first, and has the width that the form took before.
    expect(page.get_by_role("radio", name="Petals")).to_be_checked()
    expect(page.get_by_text("Called setosa: petal width spoke most for it.")).to_be_visible()

    page.get_by_text("Score other data").click()
    rows = tmp_path / "rows.csv"
    rows.write_text(
        "sepal_length,sepal_width,petal_length,petal_width\n5,3.4,1.5,0.2\n5,x,1.5,0.2\n"
    )
    page.locator("input[type=file]").set_input_files(rows)
    expect(page.get_by_text("rows.csv").first).to_be_visible()
    page.get_by_role("button", name="Score").click()
    expect(page.get_by_text("1 of 2 rows were set aside")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
