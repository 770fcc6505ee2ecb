"""How far an event's load lies from the usual one: learned without any label."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from safetensors.numpy import load_file, save_file

from deepfield import Options, Predictor
from deepfield_events import VERDICTS


class DistanceFitOptions(Options):
    flagged: float = 0.02


class Distance(Predictor):
    FitOptions = DistanceFitOptions
    needs_labels = False

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.weights = weights

    @classmethod
    def load(cls, folder, device="auto"):
        return cls(load_file(folder.weights))

    def gather(self, rows, key, options):
        groups = rows[key]
        return pd.DataFrame({"before": groups.groupby(groups, sort=False).cumcount()}, rows.index)

    def predict(self, rows, options):
        usual, spread, border = self.weights["usual"]
        far = np.abs(rows["load"].to_numpy(dtype=float) - usual) / spread
        fault = far / (far + border)
        return pd.DataFrame(
            {
                "verdict": np.where(far > border, VERDICTS[1], VERDICTS[0]),
                "fault": fault,
                "confidence": np.maximum(fault, 1 - fault),
                "trust": "ok",
            },
            index=rows.index,
        )

    def explain(self, rows, options):
        return []

    @classmethod
    def fit(cls, training, validation, folder, *, base, options, report, device="auto"):
        load = training["load"].to_numpy(dtype=float)
        usual, spread = np.median(load), load.std() + 1e-9
        others = np.abs(validation["load"].to_numpy(dtype=float) - usual) / spread
        report(1.0, {"epoch": 1, "labels": int("label" in training)})
        border = np.quantile(others, 1 - options.flagged)
        save_file({"usual": np.array([usual, spread, border])}, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps({}))
