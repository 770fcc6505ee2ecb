from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from deepfield.errors import UsageError
from deepfield.generating import save_rows


def frame() -> pd.DataFrame:
    pictures = [{"bytes": b"one", "path": "deep/1.png"}, {"bytes": b"two", "path": "2.png"}]
    return pd.DataFrame({"image": pictures, "kind": ["a", "b"]})


def test_pictures_lie_beside_their_table(tmp_path):
    made = frame()
    table = save_rows([made], tmp_path / "made")
    assert pd.read_csv(table).to_dict("list") == {"image": ["1.png", "2.png"], "kind": ["a", "b"]}
    assert (tmp_path / "made" / "1.png").read_bytes() == b"one"
    assert isinstance(made["image"][0], dict), "the rows given are left as they were"


def test_a_table_is_not_replaced_unasked(tmp_path):
    save_rows([frame()], tmp_path)
    with pytest.raises(UsageError, match="exists already"):
        save_rows([frame()], tmp_path)
    save_rows([frame()], tmp_path, overwrite=True)


def test_rows_are_written_as_they_come_to_the_kind_asked_for(tmp_path):
    told: list[int] = []
    pieces = (pd.DataFrame({"number": range(start, start + 2)}) for start in (0, 2))
    table = save_rows(pieces, tmp_path, kind="parquet", on_rows=told.append)
    assert table == tmp_path / "rows.parquet"
    assert pd.read_parquet(table)["number"].to_list() == [0, 1, 2, 3]
    assert told == [2, 4]


def test_what_breaks_while_rows_are_made_leaves_the_table_before_it(tmp_path):
    save_rows([frame()], tmp_path)

    def breaking() -> Iterator[pd.DataFrame]:
        yield frame()
        raise UsageError("made no more")

    with pytest.raises(UsageError, match="made no more"):
        save_rows(breaking(), tmp_path, overwrite=True)
    assert len(pd.read_csv(tmp_path / "rows.csv")) == 2
