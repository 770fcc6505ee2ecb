"""Logistic regression on an event's own numbers and on its machine's past."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from safetensors.numpy import load_file, save_file

from deepfield import Options, Predictor, Table
from deepfield.fields import Number
from deepfield.trust import trust_labels
from deepfield_events import VERDICTS, Events


class LogisticFitOptions(Options):
    pass


class Logistic(Predictor):
    FitOptions = LogisticFitOptions

    def __init__(self, names: tuple[str, ...], weights: dict[str, np.ndarray]) -> None:
        self.names = names  # of what was learned from, in the order of the weights
        self.weights = weights
        self.inputs = table_of(names)

    @classmethod
    def load(cls, folder, device="auto"):
        return cls(tuple(folder.config["names"]), load_file(folder.weights))

    def gather(self, rows, key, options):
        was = rows["was_fault"] if "was_fault" in rows else pd.Series(None, rows.index)
        fault = (was == True).astype(float)  # noqa: E712  (what is not known is not True)
        groups = rows[key]
        before = groups.groupby(groups, sort=False).cumcount()
        faults = fault.groupby(groups, sort=False).cumsum() - fault
        return pd.DataFrame({"past_share": (faults + 0.05) / (before + 1)}, index=rows.index)

    def predict(self, rows, options):
        logits = (self._numbers(rows, self.names) - self.weights["mean"]) / self.weights["spread"]
        fault = 1 / (1 + np.exp(-(logits @ self.weights["kernel"] + self.weights["bias"])))
        confidence = np.maximum(fault, 1 - fault)
        return pd.DataFrame(
            {
                "verdict": np.where(fault >= 0.5, VERDICTS[1], VERDICTS[0]),
                "fault": fault,
                "confidence": confidence,
                "trust": trust_labels(confidence, 0.6, np.zeros(len(rows))),
            },
            index=rows.index,
        )

    def explain(self, rows, options):
        return []

    @classmethod
    def fit_inputs(cls, inputs, options, sample):
        """Learn from every further column of numbers; do without machines where there are none."""
        numbers = [
            name
            for name in sample.columns
            if name not in inputs.names
            and pd.to_numeric(sample[name], errors="coerce").notna().all()
        ]
        past = ["past_share"] if "machine" in sample.columns else []
        return table_of(("load", *numbers, *past))

    @classmethod
    def fit(cls, training, validation, folder, *, base, options, report, device="auto"):
        from sklearn.linear_model import LogisticRegression

        left_out = ("label", "time", "machine")
        names = tuple(name for name in training.columns if name not in left_out)
        numbers = cls._numbers(training, names)
        mean, spread = numbers.mean(axis=0), numbers.std(axis=0) + 1e-9
        network = LogisticRegression(max_iter=1000)
        network.fit((numbers - mean) / spread, training["label"] == VERDICTS[1])
        report(1.0, {"epoch": 1, "rows": len(training)})
        weights = {"kernel": network.coef_[0], "bias": network.intercept_}
        weights |= {"mean": mean, "spread": spread}
        save_file(weights, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps({"names": names}))

    @staticmethod
    def _numbers(rows, names):
        return rows[list(names)].to_numpy(dtype=float)


def table_of(names: tuple[str, ...]) -> Table:
    """Return the inputs of a model that learned from these numbers."""
    known = {each.name: each for each in Events.inputs}
    past = "past_share" in names
    fields = [known["time"], known["load"]]
    fields += [Number(name) for name in names if name not in ("load", "past_share")]
    fields += [known["machine"]] if past else []
    return Table(*fields, known["was_fault"], group_by="machine" if past else (), order_by="time")
