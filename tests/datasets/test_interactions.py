"""The two logs of what people took: files of our own making in their published form."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from deepfield.errors import InputError
from deepfield_datasets.movielens_1m import MovieLens1M
from deepfield_datasets.online_retail import OnlineRetail


def invoices() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "InvoiceNo": ["7", "5", "5", "6"],
            "StockCode": ["A1", "A1", "B2", "A1"],
            "Description": ["RED MUG", "red mug", "BLUE BOWL", "RED MUG"],
            "Quantity": [2, 1, 6, 12],
            "InvoiceDate": pd.to_datetime(["2010-02-03 10:00", *["2010-01-05 09:30"] * 3]),
            "UnitPrice": [1.5, 1.25, 3.0, 1.25],
            "CustomerID": [12, 34, 34, 12],
            "Country": ["France"] * 4,
        }
    )


def test_invoices_are_read_in_time_order_under_our_names(tmp_path):
    invoices().to_parquet(tmp_path / "online_retail.parquet")
    frame = OnlineRetail().load(tmp_path)
    assert frame.columns.to_list() == [
        "basket_id", "time", "user_id", "item_id", "title", "quantity", "price", "country",
    ]  # fmt: skip
    assert frame["basket_id"].to_list() == ["5", "5", "6", "7"]
    assert frame["item_id"].to_list() == ["A1", "B2", "A1", "A1"]
    assert frame["title"].to_list() == ["RED MUG", "BLUE BOWL", "RED MUG", "RED MUG"]
    assert str(frame["time"].dtype) == "datetime64[us, UTC]"


def test_a_folder_without_invoices_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"a Parquet file 'online_retail.parquet' was expected"):
        OnlineRetail().load(tmp_path)
    invoices().drop(columns="UnitPrice").to_parquet(tmp_path / "online_retail.parquet")
    with pytest.raises(
        InputError, match="lacks the columns UnitPrice: it is not the published file"
    ):
        OnlineRetail().load(tmp_path)


def test_sequences_keep_the_order_of_the_file(tmp_path):
    with gzip.open(tmp_path / "ml-1m_sas.txt.gz", "wt") as file:
        file.write("1 3\n1 1\n2 2\n1 2\n")
    frame = MovieLens1M().load(tmp_path)
    assert frame["item_id"].to_list() == [3, 1, 2, 2]
    assert frame["place"].to_list() == [1, 2, 1, 3]
    films = pd.DataFrame({"sas_item": [1, 2, 3], "title": list("abc"), "genres": ["x", "y", "z"]})
    films.to_csv(tmp_path / "sas_item_to_movie.csv.gz", index=False)
    assert MovieLens1M().load(tmp_path)["title"].to_list() == ["c", "a", "b", "b"]


def test_a_folder_without_sequences_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="holds no sequences of MovieLens-1M"):
        MovieLens1M().load(tmp_path)
    for broken in (b"no gzip", gzip.compress(b"one two\n")):
        (tmp_path / "ml-1m_sas.txt.gz").write_bytes(broken)
        with pytest.raises(InputError, match="holds no sequences of MovieLens-1M"):
            MovieLens1M().load(tmp_path)
