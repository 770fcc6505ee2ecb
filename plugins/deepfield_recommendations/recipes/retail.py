"""The log that the shipped models learn from, and the moments that it is cut at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepfield_datasets.online_retail import OnlineRetail
from deepfield_recommendations.histories import read_histories
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["FEWEST", "MONTH", "Cut", "basket_counts", "cut", "first_baskets", "read_log"]

MONTH = 30 * 86_400
FEWEST = 3
"""Earlier baskets of a customer whose next one is predicted."""


@dataclass(frozen=True)
class Cut:
    """A log up to a moment, and what some customers ordered first in the month after it."""

    before: Sequences
    histories: Sequences
    """Of the customers who are asked about: three earlier baskets, and one in the month after."""
    wanted: Sequences
    users: np.ndarray
    """Who they are, as places in ``before``."""
    after: Sequences
    """What all customers ordered in the month."""

    @property
    def wanted_of_all(self) -> Sequences:
        """Return ``wanted`` with a place for every customer of ``before``, most of them empty."""
        first = first_baskets(self.after)
        return first.where(np.isin(first.users, self.users))


def read_log(data: Path) -> tuple[Vocabulary, Sequences]:
    """Return the catalogue and what every customer ordered."""
    rows = OnlineRetail().load(data).sort_values(["user_id", "time"], kind="stable")
    vocabulary = Vocabulary.of(rows)
    return vocabulary, read_histories(rows, vocabulary).sequences


def cut(log: Sequences, moment: int) -> Cut:
    """Return what was known at a moment, and the next basket of each customer in the month after.

    Args:
        moment: seconds since 1970.
    """
    before = log.where(log.seconds < moment)
    after = log.where((log.seconds >= moment) & (log.seconds < moment + MONTH))
    users = np.flatnonzero((basket_counts(before) >= FEWEST) & (after.lengths > 0))
    wanted = first_baskets(after).take(users)
    return Cut(before, before.take(users), wanted, users, after)


def basket_counts(sequences: Sequences) -> np.ndarray:
    """Return how many baskets each user has."""
    new = np.diff(sequences.baskets, prepend=-1) > 0
    return np.bincount(sequences.users[new], minlength=len(sequences))


def first_baskets(sequences: Sequences) -> Sequences:
    """Return the events of each user's first moment."""
    if not len(sequences.items):
        return sequences
    first = sequences.seconds[np.minimum(sequences.starts[:-1], len(sequences.items) - 1)]
    return sequences.where(sequences.seconds == first[sequences.users])
