"""What a model that learned from files holds: nothing was held out, so nothing is measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

__all__ = ["Inventory"]


@dataclass(frozen=True)
class Inventory:
    """Which files were read, which were set aside, and what the model holds now."""

    domain: str
    model: str
    model_hash: str
    source: str
    files: int
    """Files that were read in this fit."""
    added: bool
    """Whether they were added to what the model held before."""
    counts: dict[str, int]
    """What the model holds now, in its predictor's words: documents, passages …"""
    left_alone: int
    """Files beside them in folders and archives that are of no kind that is read."""
    rejected: pd.DataFrame
    """Files set aside: row (the place in the source, from 1), source, reason."""
    removed: int = 0
    """Files that it held before, of which it holds nothing now."""

    @property
    def words(self) -> str:
        """Return what was read and what the model holds, in one sentence."""
        held = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        return f"{self.done}; the model holds {held}." if held else f"{self.done}."

    @property
    def done(self) -> str:
        """Return how many files were read, and how many removed."""
        counts = {"added" if self.added else "read": self.files, "removed": self.removed}
        told = [
            f"{count:,} {'file was' if count == 1 else 'files were'} {what}"
            for what, count in counts.items()
            if count
        ]
        return ", ".join(told) or "no file was read"

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers, lists and text."""
        return {**vars(self), "rejected": json.loads(self.rejected.to_json(orient="records"))}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Inventory:
        """Return what ``to_json`` wrote down."""
        return cls(**{**values, "rejected": pd.DataFrame(values["rejected"])})
