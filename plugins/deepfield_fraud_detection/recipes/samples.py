"""Make the built-in example anew: ``python -m deepfield_fraud_detection.recipes.samples``."""

from __future__ import annotations

from pathlib import Path

from deepfield_datasets.synthetic_transactions import SyntheticTransactions, TransactionOptions

__all__ = ["main"]

FILE = Path(__file__).parents[1] / "samples" / "transactions.csv"
ROWS, SEED = 700, 13


def main() -> None:
    """Write seven weeks of a small town in which more goes wrong than in most."""
    options = TransactionOptions.model_validate(
        {
            "days": 49,
            "terminals": 8,
            "compromised_terminals": 14.0,
            "compromised_cards": 25.0,
            "currency": "EUR",
        }
    )
    rows = SyntheticTransactions().generate(ROWS, SEED, options).drop(columns="scenario")
    for name, letter in (("card_id", "C"), ("terminal_id", "T")):
        rows[name] = letter + rows[name].astype(str).str.zfill(3)
    # Of the last week nothing is known yet, as in life.
    known = rows["time"] < rows["time"].max() - (rows["time"].max() - rows["time"].min()) / 7
    rows["is_fraud"] = rows["is_fraud"].astype("boolean").where(known)
    FILE.parent.mkdir(exist_ok=True)
    rows.to_csv(FILE, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
    print(f"{len(rows):,} rows, {int(rows['is_fraud'].sum())} known frauds -> {FILE}")


if __name__ == "__main__":
    main()
