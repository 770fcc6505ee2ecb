"""What a person may set when a network learns from their own log."""

from __future__ import annotations

from pydantic import Field

from deepfield.domain import Options

__all__ = ["NetworkFitOptions", "TowerFitOptions"]


class NetworkFitOptions(Options):
    """All have defaults that are chosen by the size of the log."""

    epochs: int = Field(
        0,
        ge=0,
        le=1000,
        title="Epochs",
        description="how often the log is read; 0 chooses by its size, and stops early when what "
        "was held back is foretold no better",
    )
    width: int = Field(
        0, ge=0, le=512, title="Width", description="numbers in each vector; 0 chooses by the log"
    )
    length: int = Field(
        0,
        ge=0,
        le=1000,
        title="Length",
        description="how many of the latest purchases are read; 0 chooses by the log",
    )
    learning_rate: float = Field(
        0.0, ge=0, le=0.1, title="Learning rate", description="the highest; 0 chooses"
    )
    dropout: float = Field(
        -0.1,
        ge=-0.1,
        le=0.9,
        title="Dropout",
        description="share of units left out while learning; below 0 chooses by the log",
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed", description="of all that is drawn")


class TowerFitOptions(NetworkFitOptions):
    """Of two towers, which rank what nobody took yet."""

    catalogue: str = Field(
        "",
        max_length=4096,
        title="Catalogue",
        description="a table of items (item_id, title, category, price), also of those that nobody "
        "took yet: they are recommended by their words",
    )
