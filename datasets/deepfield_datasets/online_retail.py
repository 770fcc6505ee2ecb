"""Invoices of a wholesaler of gifts, read from a folder that a person names.

Rows, in time order: ``basket_id`` (the invoice), ``time`` (UTC), ``user_id`` (the customer),
``item_id`` (the stock code), ``title``, ``quantity``, ``price`` (GBP a piece) and ``country``. A
stock code whose name was written in several ways has the one that stands most often.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from deepfield.dataset import DatasetCard, RealDataset
from deepfield_datasets.published import read_published

__all__ = ["OnlineRetail"]

FILE = "online_retail.parquet"
COLUMNS = {
    "InvoiceNo": "basket_id",
    "InvoiceDate": "time",
    "CustomerID": "user_id",
    "StockCode": "item_id",
    "Description": "title",
    "Quantity": "quantity",
    "UnitPrice": "price",
    "Country": "country",
}


class OnlineRetail(RealDataset):
    name = "online-retail"
    card = DatasetCard(
        title="Online Retail II",
        summary="Invoices of a British wholesaler of gifts from December 2009 on: what each "
        "customer ordered, when, how much of it and at what price.",
        license="CC BY 4.0",
        source="https://archive.ics.uci.edu/dataset/502/online+retail+ii",
        citation="Chen, Online Retail II, UCI Machine Learning Repository (2019), "
        "doi:10.24432/C5CG6D",
        traps=(
            "Many customers are shops that order the same again: compare with what they bought "
            "before, or any figure looks good.",
            "An invoice's lines bear one time and no order: what stands next to each other in it "
            "was not taken one after the other. Predict the next invoice, not the next line.",
            "The season decides: split by time, never at random.",
            "A stock code's name changes, and one code may be sold under several.",
            "Rows that are alike are lines of one invoice, not mistakes of reading: counting both "
            "or one is a choice, say which.",
        ),
    )

    def load(self, folder: Path) -> pd.DataFrame:
        path = self.folder(folder) / FILE
        frame = read_published(path, COLUMNS, "invoices", self.card.source)
        for name in ("basket_id", "user_id", "item_id", "title"):
            frame[name] = frame[name].astype("str")
        frame["title"] = frame["item_id"].map(_usual_titles(frame))
        return frame.sort_values(["time", "basket_id"], kind="stable", ignore_index=True)


def _usual_titles(frame: pd.DataFrame) -> pd.Series:
    """Return the title of each item that stands most often; of two the first in the alphabet."""
    counts = frame.groupby(["item_id", "title"], observed=True).size().reset_index(name="lines")
    counts = counts.sort_values(["lines", "title"], ascending=[False, True])
    return counts.drop_duplicates("item_id").set_index("item_id")["title"]
