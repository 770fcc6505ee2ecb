"""What scoring is about: the task, the batches that come of it, and how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from pydantic import BaseModel

from deepfield.columns import in_their_words
from deepfield.explanation import Explanation
from deepfield.fields import printable
from deepfield.loading import Model
from deepfield.sources import Source
from deepfield.table import Checked, Rejected, Table

__all__ = ["Batch", "Progress", "Task", "refused"]


@dataclass(frozen=True)
class Batch:
    """Some rows that went through together."""

    rows: pd.DataFrame
    """As the source gave them; only those that could be read."""
    results: pd.DataFrame
    """Inputs, outputs, confidence and trust, with the row numbers as index."""
    rejected: list[Rejected] = field(default_factory=list)
    explanations: dict[int, Explanation] = field(default_factory=dict)
    """By row number."""
    unread_history: list[Rejected] = field(default_factory=list)
    """Earlier rows that could not be read: they give no row its past."""
    others: int = 0
    """Rows of the source that were read and get no answer of their own: a group has one."""
    held: Sequence[object] = ()
    """Decoded frames that the rows' pictures show as long as this batch is kept."""


@dataclass(frozen=True)
class Progress:
    """How far a job is. Rows count whether they were served or set aside."""

    done: int = 0
    """Where all rows are read before any is answered: as many as the work done is worth."""
    rejected: int = 0
    total: int | None = None
    seconds: float = 0.0
    stage: str = "scoring"
    """What is being done, in a word or two."""

    @property
    def rate(self) -> float:
        """Return rows a second since the start."""
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Return the time left at the rate so far, where the total is known."""
        return (self.total - self.done) / self.rate if self.total and self.rate else None


@dataclass(frozen=True)
class Task:
    """What is to be scored, by what and how; the ways of scoring turn it into batches."""

    model: Model
    source: Source
    options: BaseModel
    report: Callable[[str, int], None]
    """Told the stage, and how many rows are done."""
    history: Source | None = None
    """Earlier rows: they give others their past, and are not answered themselves."""
    explain: bool = False
    batch_size: int | None = None
    groups: Path | None = None
    """Where to keep the groups that were answered, for those who later ask why."""
    cancelled: threading.Event = field(default_factory=threading.Event)


def refused(rows: pd.DataFrame, checked: Checked, source: Source, inputs: Table) -> list[Rejected]:
    """Return the rows of a source that could not be read, by number, each with its reason."""
    image = inputs.image
    return [
        Rejected(
            int(number),
            image.show(rows.at[number, image.name]) if image else printable(source.name),
            in_their_words(sentence, source.columns),
        )
        for number, sentence in sorted(checked.problems.items())
    ]
