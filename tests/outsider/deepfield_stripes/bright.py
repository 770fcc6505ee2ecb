"""Each grey that was learned is a stripe of its own; the brighter, the surer."""

from __future__ import annotations

import numpy as np
import pandas as pd
from safetensors.numpy import load_file

from deepfield import Explanation, Predictor


class BrightPredictor(Predictor):
    def __init__(self, greys: np.ndarray) -> None:
        self.greys = greys

    @classmethod
    def load(cls, folder, device="auto"):
        return cls(load_file(folder.weights)["greys"])

    def predict(self, rows, options):
        lines = [self._lines(picture, options.shift) for picture in rows["picture"]]
        sure = [min((each["confidence"] for each in found), default=0.0) for found in lines]
        trust = ["ok" if each > 0.7 else "unsure" for each in sure]
        return pd.DataFrame(
            {"stripes": pd.Series(lines, rows.index), "confidence": sure, "trust": trust},
            index=rows.index,
        )

    def explain(self, rows, options):
        return [Explanation("the grey of each stripe") for _ in rows.index]

    def _lines(self, picture, shift):
        found = []
        for grey in self.greys:
            y, x = np.nonzero(picture == grey)
            if len(y):
                points = np.column_stack([x + shift, y]).astype(float).tolist()
                found.append({"name": "", "confidence": grey / 255, "points": points})
        return found
