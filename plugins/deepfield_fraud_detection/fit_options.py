"""What a person may set when fitting to their own transactions, or to any table with a label."""

from __future__ import annotations

from pydantic import Field

from deepfield.domain import Options

__all__ = ["FraudFitOptions", "TableFitOptions", "UnusualFitOptions"]


class TableFitOptions(Options):
    """Of every network for tables."""

    epochs: int = Field(
        0,
        ge=0,
        le=500,
        title="Epochs",
        description="how often every row is seen; 0 chooses by their number, and stops early when "
        "held-out rows gain no more",
    )
    learning_rate: float = Field(
        2e-3, ge=1e-5, le=1e-1, title="Learning rate", description="the highest, after warm-up"
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed", description="of all that is drawn")


class UnusualFitOptions(TableFitOptions):
    """Of the autoencoder, which needs no labels."""

    fraud_share: float = Field(
        0.01,
        ge=1e-5,
        le=0.5,
        title="Expected share of fraud",
        description="without labels, the share of rows that you expect to be fraud: the most "
        "unusual ones are taken for it",
    )


class FraudFitOptions(TableFitOptions):
    """Of the networks that learn from labels."""

    hidden: int = Field(
        64, ge=8, le=512, title="Width", description="units in each layer of the perceptrons"
    )
    members: int = Field(4, ge=1, le=32, title="Members", description="perceptrons in the ensemble")
    dropout: float = Field(
        0.1, ge=0, le=0.8, title="Dropout", description="share of units left out while learning"
    )
    weight_decay: float = Field(
        0.02, ge=0, le=1, title="Weight decay", description="how strongly weights are held small"
    )
