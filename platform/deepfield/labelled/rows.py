"""Rows, what is true of each as far as it is known, and which belong together."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from deepfield.columns import in_their_words
from deepfield.table import Checked, Rejected, Table

__all__ = ["Labelled"]

PICTURES = 32
"""Rows that are read together where each is a picture to be decoded …"""
NUMBERS = 16_384
"""… and where none is."""


@dataclass(frozen=True)
class Labelled:
    """Rows, what is true of each, and which belong together."""

    name: str
    """What a person would call the source."""
    rows: pd.DataFrame
    """The input columns, with the row numbers as index."""
    labels: pd.Series
    """Text, with the same index; empty where nobody knows: such rows are others' history."""
    groups: pd.Series | None
    """Which rows share a patient, a machine, a site: text, with the same index."""
    rejected: tuple[Rejected, ...] = ()
    empty_folders: tuple[str, ...] = ()
    """Class folders that hold no picture."""
    reading: Mapping[str, Any] = field(default_factory=dict)
    """How the files were read, where not by default."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Field -> column of the table, for each that is called otherwise."""
    by_file: bool = False
    """Whether the groups are the files that pictures lie in, several in some: slices, frames."""

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rows each class has, by its name."""
        return {str(name): int(n) for name, n in self.labels.value_counts().sort_index().items()}

    @property
    def known(self) -> Labelled:
        """Return the rows alone whose truth is known."""
        there = self.labels.notna()
        return self if there.all() else self.part(self.rows.index[there])

    def part(self, rows: Any) -> Labelled:
        """Return the rows of these numbers alone, in their order."""
        return replace(
            self,
            rows=self.rows.loc[rows],
            labels=self.labels.loc[rows],
            groups=None if self.groups is None else self.groups.loc[rows],
        )

    def of(self, inputs: Table) -> Labelled:
        """Return the rows with the columns alone that ``inputs`` names.

        Raises:
            InputError: if a required one is missing.
        """
        inputs.check_columns(self.rows.columns)
        names = [name for name in inputs.names if name in self.rows.columns]
        return replace(self, rows=self.rows[names])

    def checked(
        self, inputs: Table, on_progress: Callable[[float], None] = lambda done: None
    ) -> Labelled:
        """Return the rows as a model reads them; those that cannot be read join ``rejected``.

        Args:
            on_progress: told the share that is read; what it raises ends the reading.
        """
        threads = os.cpu_count() or 1
        inputs = inputs.decided(self.rows)  # a piece by itself may not tell days from months
        size = NUMBERS if inputs.image is None else PICTURES
        parts: list[pd.DataFrame] = []
        rejected = list(self.rejected)
        waiting: deque[Future[Checked]] = deque()

        def take() -> None:
            found = waiting.popleft().result()
            parts.append(found.rows)
            for number, sentence in found.problems.items():
                reason = in_their_words(sentence, self.columns)
                rejected.append(Rejected(int(number), self.shown(number, inputs), reason))

        with ThreadPoolExecutor(threads, thread_name_prefix="deepfield-read") as pool:
            try:
                for start in range(0, len(self.rows), size):
                    waiting.append(pool.submit(inputs.read, self.rows.iloc[start : start + size]))
                    if len(waiting) > threads + 1:
                        take()
                        on_progress(start / len(self.rows))
                while waiting:
                    take()
            finally:
                pool.shutdown(cancel_futures=True)
        rows = pd.concat(parts) if parts else self.rows
        kept = self if len(rows) == len(self.rows) else self.part(rows.index)
        return replace(kept, rows=rows, rejected=tuple(sorted(rejected, key=lambda each: each.row)))

    def shown(self, number: Any, inputs: Table) -> str:
        """Return what a person calls the place that a row came from."""
        image = inputs.image
        return image.show(self.rows.at[number, image.name]) if image else self.name
