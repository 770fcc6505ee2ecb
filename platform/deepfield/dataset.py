"""What a dataset is: a card that says where it comes from, and rows."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import BaseModel

from deepfield.domain import Options
from deepfield.errors import InputError

__all__ = ["Dataset", "DatasetCard", "RealDataset", "SimulatedDataset", "fingerprint"]


@dataclass(frozen=True)
class DatasetCard:
    """Where rows come from and what may be done with them."""

    title: str
    summary: str
    license: str
    source: str
    """A web address, or the module that makes the rows."""
    citation: str = ""
    traps: tuple[str, ...] = ()
    """What is known to mislead: shortcuts, duplicates, shifts."""


class Dataset(ABC):
    """A named source of labelled rows, registered with ``register_datasets``."""

    name: str
    card: DatasetCard


class RealDataset(Dataset):
    """Rows that somebody measured. Deepfield ships none of them: a person names the folder."""

    @abstractmethod
    def load(self, folder: Path) -> pd.DataFrame:
        """Return one row an example, with the columns that the module documents.

        Raises:
            InputError: if ``folder`` does not hold this dataset.
        """

    def folder(self, path: Path) -> Path:
        """Return ``path`` if it is a folder, or say where to get the data."""
        if not Path(path).is_dir():
            raise InputError(
                f"No folder {str(path)!r} for the dataset {self.name!r}. "
                f"Get it from {self.card.source} and name the folder that holds it."
            )
        return Path(path)


class SimulatedDataset(Dataset):
    """Rows that Deepfield makes itself; the same seed gives the same rows."""

    domain: str = ""
    """The domain whose models read such rows, if there is one: its page offers to make some."""
    Options: type[BaseModel] = Options
    """What a person may set, beside how many rows and the seed."""
    usual_rows: int = 8
    """How many are made unless a person says otherwise."""
    most_rows: int = 64
    """How many a page makes at once; the command line makes any number."""

    @abstractmethod
    def generate(self, rows: int, seed: int = 0, options: BaseModel | None = None) -> pd.DataFrame:
        """Return ``rows`` made-up examples, as ``options`` or their defaults say."""

    def chunks(
        self, rows: int, seed: int = 0, options: BaseModel | None = None
    ) -> Iterator[pd.DataFrame]:
        """Yield the same rows piece by piece; override it where they may outgrow memory."""
        yield self.generate(rows, seed, options)


def fingerprint(files: Iterable[Path]) -> str:
    """Return one SHA-256 over the names and bytes of ``files``, whatever their order."""
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda file: file.name):
        digest.update(path.name.encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
