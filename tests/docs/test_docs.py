"""The guide says what the code does."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pandas as pd
import pluggy

import deepfield
from deepfield import hookspecs
from deepfield_fraud_detection import FraudDetection
from deepfield_recommendations import Recommendations

ROOT = Path(__file__).parents[2]


def build_module():
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def hooks() -> set[str]:
    manager = pluggy.PluginManager("deepfield")
    manager.add_hookspecs(hookspecs)
    return {name for name in vars(manager.hook) if name.startswith("register_")}


def test_code_in_the_guide_is_the_code_that_is_tested():
    assert build_module().stale() == []


def test_every_hook_has_a_paragraph_and_a_test_of_its_name():
    guide = (ROOT / "docs" / "write-a-plugin.md").read_text()
    tests = (ROOT / "tests" / "platform" / "test_plugins.py").read_text()
    assert set(re.findall(r"^### (register_\w+)$", guide, re.M)) == hooks()
    assert set(re.findall(r"^def test_(register_\w+)\(", tests, re.M)) == hooks()


def test_links_between_pages_lead_somewhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_python_of_the_readme_runs(films, home, monkeypatch):
    readme = (ROOT / "README.md").read_text()
    first, second, third, fourth, fifth = re.findall(r"```python\n(.*?)```", readme, re.S)
    monkeypatch.chdir(films.parent)
    films.rename(films.parent / "xrays")
    names: dict[str, object] = {}
    exec(compile(first, "README.md", "exec"), names)
    assert len(names["result"].frame) == 4
    names["frame"] = pd.DataFrame({"image": sorted((films.parent / "xrays").iterdir())})
    exec(compile(second, "README.md", "exec"), names)
    assert names["answers"].index.equals(names["frame"].index)
    samples = FraudDetection().samples()
    names["last_months"], names["new_payment"] = samples[:-1], samples[-1:]
    exec(compile(third, "README.md", "exec"), names)
    whole = deepfield.load("fraud-detection").predict(samples)
    pd.testing.assert_frame_equal(names["answer"], whole[-1:], rtol=1e-4)
    names["orders"] = Recommendations().samples()
    exec(compile(fourth, "README.md", "exec"), names)
    assert len(names["lists"]) == names["orders"]["user_id"].nunique()
    (films.parent / "handbook").mkdir()
    (films.parent / "handbook" / "travel.md").write_text("# Travel\n\nTrains are booked by you.\n")
    (films.parent / "leave.md").write_text("# Leave\n\nA parent gets 30 days of leave.\n")
    exec(compile(fifth, "README.md", "exec"), names)
    assert names["answers"]["document"].to_list() == ["leave.md"]


def test_containers_are_no_packages():
    """``platform/__init__.py`` would replace Python's own module of that name."""
    for container in ("platform", "plugins", "datasets", "tests", "benchmarks"):
        assert not (ROOT / container / "__init__.py").exists()


def test_both_ways_to_start_the_dashboard_set_the_same():
    from deepfield.cli.dashboard import settings

    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    written = {
        f"{part}_{name}": value for part, each in config.items() for name, value in each.items()
    }
    written["theme_base"] = str(ROOT / written["theme_base"])
    assert written == settings()
