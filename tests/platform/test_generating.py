from __future__ import annotations

import pandas as pd
import pytest

from deepfield.errors import UsageError
from deepfield.generating import save_rows


def frame() -> pd.DataFrame:
    pictures = [{"bytes": b"one", "path": "deep/1.png"}, {"bytes": b"two", "path": "2.png"}]
    return pd.DataFrame({"image": pictures, "kind": ["a", "b"]})


def test_pictures_lie_beside_their_table(tmp_path):
    made = frame()
    table = save_rows(made, tmp_path / "made")
    assert pd.read_csv(table).to_dict("list") == {"image": ["1.png", "2.png"], "kind": ["a", "b"]}
    assert (tmp_path / "made" / "1.png").read_bytes() == b"one"
    assert isinstance(made["image"][0], dict), "the rows given are left as they were"


def test_a_table_is_not_replaced_unasked(tmp_path):
    save_rows(frame(), tmp_path)
    with pytest.raises(UsageError, match="exists already"):
        save_rows(frame(), tmp_path)
    save_rows(frame(), tmp_path, overwrite=True)
