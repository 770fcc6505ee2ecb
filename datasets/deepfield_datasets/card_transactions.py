"""Card transactions of the Fraud Detection Handbook, read from a folder that a person names.

Rows, in time order: ``transaction_id``, ``time`` (UTC), ``card_id`` (the customer, who has one
card), ``terminal_id``, ``amount`` (EUR), ``is_fraud`` and ``scenario`` (0 if genuine, else how the
fraud came about). The scenario says the answer: it is for analysis and never a feature.

The Handbook publishes a pickle for each day. Nothing is unpickled here: one Parquet file is read,
with the same columns.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from deepfield.dataset import DatasetCard, RealDataset
from deepfield_datasets.published import read_published

__all__ = ["CardTransactions"]

FILE = "transactions.parquet"
COLUMNS = {
    "TRANSACTION_ID": "transaction_id",
    "TX_DATETIME": "time",
    "CUSTOMER_ID": "card_id",
    "TERMINAL_ID": "terminal_id",
    "TX_AMOUNT": "amount",
    "TX_FRAUD": "is_fraud",
    "TX_FRAUD_SCENARIO": "scenario",
}


class CardTransactions(RealDataset):
    name = "card-transactions"
    card = DatasetCard(
        title="Card transactions of the Fraud Detection Handbook",
        summary="Simulated card payments of 5,000 customers at 10,000 terminals over 183 days from "
        "April 2018; 0.84 % of them fraud, in three scenarios.",
        license="none stated",
        source="https://github.com/Fraud-Detection-Handbook/simulated-data-raw",
        citation="Le Borgne, Siblini, Lebichot, Bontempi, Reproducible Machine Learning for Credit "
        "Card Fraud Detection: Practical Handbook, Université Libre de Bruxelles (2022)",
        traps=(
            "The scenario says the answer: it is never a feature.",
            "A label is known only some days after its transaction: whatever is computed from "
            "labels, such as a terminal's share of frauds, must look back past that delay.",
            "Transactions of one card or one terminal depend on each other: split by time, with "
            "the delay between training and test, never at random.",
            "Every amount above 220 is fraud, and no card or terminal is ever closed: figures say "
            "how methods compare, not how much fraud a bank would find.",
        ),
    )

    def load(self, folder: Path) -> pd.DataFrame:
        path = self.folder(folder) / FILE
        frame = read_published(path, COLUMNS, "card transactions", self.card.source)
        frame["is_fraud"] = frame["is_fraud"].astype(bool)
        frame["scenario"] = frame["scenario"].astype("int8")
        return frame.sort_values(["time", "transaction_id"], ignore_index=True)
