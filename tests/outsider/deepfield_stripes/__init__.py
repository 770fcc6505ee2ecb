"""A domain of a stranger that draws lines: where are the stripes in a grey picture?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pydantic import Field

from deepfield import Domain, ModelSpec, Options, Table
from deepfield.fields import Image, Polylines

SIZE = (60, 120)
HEIGHTS = list(range(20, 60, 2))  # 20 heights


class StripesOptions(Options):
    shift: float = Field(0, description="pixels to the right that every line is moved by")


class Stripes(Domain):
    name = "stripes"
    title = "Stripes"
    question = "Where are the stripes in a grey picture?"
    icon = ":material/line_style:"
    inputs = Table(Image("picture", mode="L"))
    outputs = Table(Polylines("stripes", of="picture"))
    Options = StripesOptions
    models = (
        ModelSpec("bright", technique="ANN", predictor="deepfield_stripes.bright:BrightPredictor"),
    )

    def samples(self) -> pd.DataFrame:
        return pd.DataFrame({"picture": [drawn({250: 30, 200: 80})]})


def drawn(stripes: dict[int, int]) -> np.ndarray:
    """Return a picture with an upright stripe of each grey at an x."""
    picture = np.zeros(SIZE, dtype=np.uint8)
    for grey, x in stripes.items():
        picture[:, x] = grey
    return picture
