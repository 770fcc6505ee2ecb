"""The house stands as docs/architecture.md says."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ROOT / "platform" / "deepfield"

FLOORS = {
    1: {
        "errors",
        "fields",
        "best",
        "frames",
        "table",
        "images",
        "recent",
        "explanation",
        "folders",
    },
    2: {
        "domain",
        "drawing",
        "video",
        "predictor",
        "models",
        "columns",
        "formats",
        "located",
        "grouping",
        "past",
        "changing",
        "store",
        "loading",
        "plugins",
        "hookspecs",
        "dataset",
        "views",
        "writers",
        "trust",
    },
    3: {
        "annotating",
        "sources",
        "sinks",
        "scoring",
        "tasks",
        "streaming",
        "staging",
        "batching",
        "collecting",
        "results",
        "history",
        "labelled",
        "evaluation",
        "suggestion",
        "fits",
        "fitting",
        "background",
        "generating",
        "selftest",
        "api",
        "testing",
    },
    4: {"cli", "dashboard"},
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms} | {"neural": 3}


def imported(file: Path, top_level_only: bool = False) -> set[str]:
    """Return the modules that a file imports, anywhere or when it is imported itself."""
    tree = ast.parse(file.read_text())
    nodes = tree.body if top_level_only else ast.walk(tree)
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def room_of(file: Path) -> str:
    return file.relative_to(CORE).parts[0].removesuffix(".py")


def test_every_room_has_a_floor_and_stands_in_the_docs():
    rooms = {room_of(file) for file in CORE.rglob("*.py")} - {"__init__"}
    assert rooms == set(FLOOR_OF)
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert rooms <= set(re.findall(r"`(\w+)`", page))


def test_a_room_imports_only_from_its_floor_or_below():
    for file in CORE.rglob("*.py"):
        room = room_of(file)
        if room == "__init__":
            continue
        for name in imported(file):
            if name.startswith("deepfield."):
                other = name.split(".")[1]
                assert FLOOR_OF[other] <= FLOOR_OF[room], f"{file.name} imports {name}"


def test_the_core_knows_no_domain():
    for file in CORE.rglob("*.py"):
        plugins = {name for name in imported(file) if name.startswith("deepfield_")}
        assert not plugins, f"{file} imports {plugins}"


def test_only_neural_imports_torch_and_only_the_dashboard_streamlit():
    for file in CORE.rglob("*.py"):
        roots = {name.partition(".")[0] for name in imported(file)}
        if room_of(file) != "neural":
            assert not roots & {"torch", "timm", "captum", "openvino"}, file
        if room_of(file) not in ("dashboard", "cli"):
            assert "streamlit" not in roots, file


def test_python_from_the_root_meets_no_trap():
    """Neither Python's platform module nor Hugging Face's datasets is hidden by our folders."""
    code = (
        "import platform, datasets; "
        "print(platform.python_implementation(), datasets.load_dataset.__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["CPython", "load_dataset"], done.stderr
