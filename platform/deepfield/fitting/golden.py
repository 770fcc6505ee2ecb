"""Golden rows of a fitted model: a few held-out rows with its answers, for ``selftest``."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from deepfield.labelled import Labelled
from deepfield.loading import Model

__all__ = ["write_golden_rows"]

MOST = 6


def write_golden_rows(model: Model, test: Labelled) -> None:
    """Keep at most six rows, of as many classes as there are, and what the model answers."""
    turns = test.labels.groupby(test.labels).cumcount().sort_values(kind="stable")
    rows = model.inputs.read(test.rows.loc[turns.index[:MOST]]).rows
    inputs = pd.DataFrame({name: rows[name].map(_storable) for name in rows.columns})
    model.folder.write_golden(inputs, model.predict(inputs))


def _storable(value: Any) -> Any:
    """Return a picture as the PNG bytes that hold just its pixels, anything else as it is."""
    if not isinstance(value, np.ndarray):
        return value
    file = BytesIO()
    Image.fromarray(value).save(file, "PNG")
    return file.getvalue()
