"""What every source gives: chunks of rows, numbered from 1."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from deepfield.table import Rejected

__all__ = ["Chunk", "Source"]


@dataclass(frozen=True)
class Chunk:
    """Some rows, with their numbers as index, and those that could not even be parsed."""

    rows: pd.DataFrame
    rejected: list[Rejected] = field(default_factory=list)
    held: Sequence[object] = ()
    """What is to be kept while these rows are in work: decoded frames. Few such chunks may wait."""


class Source(ABC):
    """Rows in order, never all in memory unless they came from there."""

    name: str
    """What a person would call it: a path, mostly."""
    total: int | None = None
    """How many rows there are, as far as is known: a file that holds several adds them late."""
    left_alone: int = 0
    """Files beside the rows that are no rows."""
    options: Mapping[str, Any] = MappingProxyType({})
    """How a person wanted the files read."""
    columns: Mapping[str, str] = MappingProxyType({})
    """Field -> column, for each column of a table that is called otherwise than its field."""

    @abstractmethod
    def chunks(self) -> Iterator[Chunk]:
        """Yield every row once. Closing the iterator closes the files.

        Called twice where rows have a history; the second time gives the same rows.
        """
