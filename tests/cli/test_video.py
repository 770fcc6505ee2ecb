"""``deepfield score`` of a video, as a process: rows of frames, and the video drawn over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

COMMAND = [sys.executable, "-c", "from deepfield.cli import main; main()"]

PLUGIN = """
from deepfield import hookimpl
from deepfield_stripes import Stripes

class Filmed(Stripes):
    name = "filmed"
    formats = ("video",)

@hookimpl
def register_domains():
    return [Filmed()]
"""


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture(autouse=True)
def filmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a plugin that takes videos look installed."""
    info = tmp_path / "installed" / "filmed-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: filmed\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[deepfield]\nfilmed = filmed\n")
    (info.parent / "filmed.py").write_text(PLUGIN)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(info.parent), os.environ["PYTHONPATH"]]))


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    path = tmp_path / "drive.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.height, stream.width, stream.pix_fmt = 60, 120, "yuv420p"
        for number in range(20):
            picture = np.zeros((60, 120, 3), np.uint8)
            picture[:, 30 + number : 34 + number] = 250
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path


def test_a_video_is_scored_and_drawn_over(drive, tmp_path):
    drawn, scored = tmp_path / "drawn.mp4", tmp_path / "scored.jsonl"
    done = run("score", "filmed", drive, "--output", scored, "--annotated", drawn, "--every", 2)
    assert done.returncode == 0, done.stderr
    assert f"Drawn over the pictures: {drawn}" in done.stderr
    rows = [json.loads(line) for line in scored.read_text().splitlines()]
    assert [(row["frame"], row["seconds"]) for row in rows[:3]] == [(0, 0.0), (2, 0.2), (4, 0.4)]
    assert rows[0]["picture"].endswith("drive.mp4 [0]")
    with av.open(str(drawn)) as container:
        assert sum(1 for _ in container.decode(video=0)) == len(rows) == 10
    again = run("score", "filmed", drive, "--annotated", drawn)
    assert again.returncode == 2
    assert "exists already" in again.stderr
    summary = run(
        *("score", "filmed", drive, "--annotated", drawn, "--overwrite", "--end", 0.5),
        *("--json", "--output", scored, "--quiet"),
    )
    assert json.loads(summary.stdout)["annotated"] == str(drawn)
    assert json.loads(summary.stdout)["rows_out"] == 5


def test_what_cannot_be_drawn_over_is_not_offered():
    assert "--annotated" not in run("score", "medical-imaging", "--help").stdout
    assert "--annotated" in run("score", "filmed", "--help").stdout
