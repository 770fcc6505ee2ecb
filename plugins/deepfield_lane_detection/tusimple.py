"""Answers as the TuSimple benchmark takes them: one line of JSON for each picture."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepfield.evaluation.polylines import sampled
from deepfield.fields import Polylines

__all__ = ["TuSimpleFile", "heights_of"]

BENCHMARK_HEIGHT = 720


class TuSimpleFile:
    """``raw_file``, ``lanes``, ``h_samples`` and ``run_time`` of each row.

    Heights are every tenth pixel from 160 on in a picture of 720, and in proportion in others.
    ``run_time`` is how many milliseconds a picture of its batch took from source to file.
    """

    def __init__(self, path: Path, model: Any) -> None:
        self.file = path.open("w", encoding="utf-8")
        self.lanes = next(each for each in model.outputs if isinstance(each, Polylines))
        self.before = time.monotonic()

    def write(self, frame: pd.DataFrame) -> None:
        now = time.monotonic()
        took = (now - self.before) * 1000 / len(frame)
        self.before = now
        for row in frame.to_dict("records"):
            heights = heights_of(row["picture_height"])
            lines = [
                np.rint(sampled(each["points"], heights, row["picture_width"])).astype(int).tolist()
                for each in self.lanes.read(row["lanes"])
            ]
            record = {
                "raw_file": str(row["image"]),
                "lanes": lines,
                "h_samples": heights.tolist(),
                "run_time": round(took, 1),
            }
            self.file.write(json.dumps(record, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self.file.close()


def heights_of(height: float) -> np.ndarray:
    """Return the heights at which lines of a picture are told, in its pixels."""
    return np.rint(np.arange(160, BENCHMARK_HEIGHT, 10) * (height / BENCHMARK_HEIGHT)).astype(int)
