"""What a DICOM file gives: its rows, its pixels, or the reason why it gives none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from dicoms import (
    FORMATS,
    PICTURES,
    encoded,
)

from deepfield.errors import InputError
from deepfield.images import read_picture
from deepfield.sources import open_source


@pytest.fixture
def rows(tmp_path):
    """Return the rows that a data set, or the bytes of a file, gives."""

    def read(what, **options) -> pd.DataFrame:
        path = tmp_path / "scan.dcm"
        path.write_bytes(what if isinstance(what, bytes) else encoded(what))
        return next(open_source(path, PICTURES, FORMATS, options).chunks()).rows

    return read


@pytest.fixture
def pixels(rows):
    def read(what, mode="L") -> np.ndarray:
        return read_picture(rows(what)["image"][1], mode)

    return read


@pytest.fixture
def reason(rows):
    def read(what) -> str:
        with pytest.raises(InputError) as caught:
            read_picture(rows(what)["image"][1])
        return str(caught.value)

    return read
