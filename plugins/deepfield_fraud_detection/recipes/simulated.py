"""The transactions that shipped models learn from, and are measured on: all from our simulator."""

from __future__ import annotations

import pandas as pd

from deepfield_datasets.synthetic_transactions import SyntheticTransactions, TransactionOptions
from deepfield_fraud_detection import VERDICTS
from deepfield_fraud_detection.features import by_card, by_terminal

__all__ = ["DELAY", "PARTS", "gathered", "part", "transactions"]

DELAY = 7.0
"""Days until a fraud is known."""

PARTS = {
    "training": ((1, 900_000, True), (2, 400_000, False)),
    "validation": ((3, 250_000, True), (4, 120_000, False)),
    "test": ((5, 500_000, True),),
    "test without labels": ((6, 500_000, False),),
}
"""Seed, rows, and whether labels of the past are known. Each seed is a town of its own, with other
customers and terminals. Where a bank brings no labels, the
model has learned to do without."""


def part(name: str) -> pd.DataFrame:
    """Return the rows of one part with what is gathered for them, and ``label``."""
    frames = [transactions(seed, rows, known) for seed, rows, known in PARTS[name]]
    return pd.concat(frames, ignore_index=True)


def transactions(seed: int, rows: int, known: bool) -> pd.DataFrame:
    """Return simulated rows with gathered features; ``known`` labels are inputs, too."""
    made = SyntheticTransactions().generate(rows, seed, TransactionOptions(currency="EUR"))
    labels = made["is_fraud"].map({False: VERDICTS[0], True: VERDICTS[1]})
    frame = made.drop(columns=["scenario", "transaction_id"]).assign(label=labels)
    if not known:
        frame["is_fraud"] = None
    return gathered(frame)


def gathered(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows with all features, and the latest events of their keys."""
    for key, by in (("card_id", by_card), ("terminal_id", by_terminal)):
        ordered = frame.sort_values([key, "time"], kind="stable")
        frame = frame.join(by(ordered, DELAY, events=True))
    return frame
