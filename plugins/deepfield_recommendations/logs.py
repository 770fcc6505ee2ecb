"""A person's log as fits see it: what to learn from, and what came after it to choose by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from deepfield.errors import InputError
from deepfield_recommendations.histories import read_histories
from deepfield_recommendations.repeats import repeated_share
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["AGAIN", "Logs", "read_logs"]

AGAIN = 0.05
"""From this share of events on that repeat an earlier one, what was taken is recommended again."""


@dataclass(frozen=True)
class Logs:
    """What people took, and what the same people took next."""

    vocabulary: Vocabulary
    learned: Sequences
    wanted: Sequences
    """Of the same users, in their order; nothing where nothing was held back."""
    share: float
    """Of events that are of an item which the same user took before."""
    facts: dict[str, Any]

    @property
    def again(self) -> bool:
        """Return whether people take the same again here."""
        return self.share >= AGAIN

    @property
    def ends(self) -> int:
        """Return the second of the last event."""
        return int(self.learned.seconds.max(initial=0))

    @property
    def asked(self) -> np.ndarray:
        """Return the users of whom it is known both what they took and what came next."""
        return np.flatnonzero((self.learned.lengths > 0) & (self.wanted.lengths > 0))


def read_logs(
    training: pd.DataFrame, validation: pd.DataFrame, catalogue: pd.DataFrame | None = None
) -> Logs:
    """Return a log in codes. The items are those of ``training``, and of a catalogue if given.

    Raises:
        InputError: if nothing can be learned from it.
    """
    rows = _in_order(training)
    vocabulary = Vocabulary.of(rows)
    if catalogue is not None:
        vocabulary = vocabulary.with_catalogue(catalogue)
    learned = read_histories(rows, vocabulary)
    if len(vocabulary) < 2:
        raise InputError(
            f"The log is of {len(vocabulary)} item: there is nothing to choose between."
        )
    if not len(learned.sequences.items):
        raise InputError("Nothing was kept that was taken: every row is a return.")
    users = rows["user_id"].loc[learned.index].to_numpy(dtype=object)
    wanted = learned.sequences.where(np.zeros(len(learned.sequences.items), dtype=bool))
    if len(validation):
        later = _in_order(validation)
        found = read_histories(later, vocabulary)
        place = pd.Index(users).get_indexer(later["user_id"].loc[found.index].to_numpy(object))
        owner = place[found.sequences.users]
        known = owner >= 0
        wanted = Sequences.of(
            owner[known], found.sequences.items[known], found.sequences.seconds[known], len(users)
        )
    share = repeated_share(learned.sequences)
    facts = {
        "users": len(users),
        "items": len(vocabulary),
        "events": len(learned.sequences.items),
        "repeated share": round(share, 4),
        "rows of returns": int(learned.returned.sum()),
    }
    return Logs(vocabulary, learned.sequences, wanted, share, facts)


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    names = ["user_id", *(name for name in ["time"] if name in rows.columns)]
    return rows.sort_values(names, kind="stable", ignore_index=True)
