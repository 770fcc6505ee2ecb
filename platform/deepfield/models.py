"""A model is a folder in the layout of the Hugging Face hub.

    README.md            the card: YAML metadata with model-index figures, then words
    config.json          what is needed to build the network
    model.safetensors    the weights
    calibration.json     temperature and abstention thresholds
    guard.safetensors    what familiar inputs look like (or guard.json, where ranges tell it)
    vocabulary.parquet   names of what the network knows by numbers
    golden/              inputs.parquet and the outputs.parquet that they must give

Only ``config.json`` and the weights are always there. Nothing in a folder is ever executed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet

from deepfield.errors import InputError

__all__ = ["ModelFolder"]


@dataclass(frozen=True)
class ModelFolder:
    """Read-only view of a model's files."""

    path: Path

    def __post_init__(self) -> None:
        if not (self.path / "config.json").is_file() or not self.weights.is_file():
            raise InputError(
                f"No model in {str(self.path)!r}: config.json and model.safetensors were expected. "
                "Was the model trained, and its folder copied whole?"
            )

    @property
    def weights(self) -> Path:
        return self.path / "model.safetensors"

    @cached_property
    def config(self) -> dict[str, Any]:
        return self.read_json("config.json")

    @cached_property
    def hash(self) -> str:
        """Return a SHA-256 over everything that decides what the model answers."""
        return self._digest(
            "config.json",
            "model.safetensors",
            "calibration.json",
            "guard.safetensors",
            "guard.json",
            "vocabulary.parquet",
        )

    @cached_property
    def network_hash(self) -> str:
        """Return a SHA-256 over the network alone: its shape and weights."""
        return self._digest("config.json", "model.safetensors")

    @property
    def card(self) -> str:
        """Return the model card as Markdown, without its YAML head."""
        text = self._card_file()
        if text.startswith("---"):
            return text.partition("\n---")[2].lstrip("-\n")
        return text

    @property
    def figures(self) -> list[dict[str, Any]]:
        """Return the card's model-index: dicts of dataset, metric and value."""
        from huggingface_hub import ModelCard  # takes half a second, and only cards need it

        if not (self.path / "README.md").is_file():
            return []
        data = ModelCard(self._card_file(), ignore_metadata_errors=True).data
        results = getattr(data, "eval_results", None) or []
        return [
            {
                "dataset": ", ".join(filter(None, (each.dataset_name, each.dataset_config))),
                "metric": each.metric_name or each.metric_type,
                "value": each.metric_value,
            }
            for each in results
        ]

    def file(self, name: str) -> Path:
        """Return the path of a file that this model cannot do without."""
        path = self.path / name
        if not path.is_file():
            raise InputError(f"The model folder {str(self.path)!r} lacks {name!r}; copy it whole.")
        return path

    def read_json(self, name: str) -> dict[str, Any]:
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError) as error:
            raise InputError(f"{str(self.path / name)!r} cannot be read: {error}") from error

    def golden(self) -> tuple[pd.DataFrame, pd.DataFrame] | None:
        """Return inputs and the outputs that they must give, or None if the folder has none."""
        inputs, outputs = (
            self.path / "golden" / f"{each}.parquet" for each in ("inputs", "outputs")
        )
        if not inputs.is_file() or not outputs.is_file():
            return None
        # What pandas noted of lists that are Arrow's it cannot read itself.
        answers = pyarrow.parquet.read_table(outputs).to_pandas(ignore_metadata=True)
        return pd.read_parquet(inputs), answers

    def write_golden(self, inputs: pd.DataFrame, outputs: pd.DataFrame) -> None:
        """Keep rows and their results, for ``deepfield selftest`` on any machine."""
        (self.path / "golden").mkdir(exist_ok=True)
        inputs.reset_index(drop=True).to_parquet(self.path / "golden" / "inputs.parquet")
        outputs.reset_index(drop=True).to_parquet(self.path / "golden" / "outputs.parquet")

    def _digest(self, *names: str) -> str:
        digest = hashlib.sha256()
        for name in names:
            file = self.path / name
            if file.is_file():
                digest.update(name.encode())
                digest.update(file.read_bytes())
        return digest.hexdigest()

    def _card_file(self) -> str:
        file = self.path / "README.md"
        return file.read_text(encoding="utf-8") if file.is_file() else "This model has no card."
