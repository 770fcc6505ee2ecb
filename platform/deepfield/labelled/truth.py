"""The truth in a model's own words, where it is an input too and a table says it as yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from deepfield.errors import InputError
from deepfield.fields import Boolean, printable

__all__ = ["Truth", "words"]

SHOWN = 6
"""Values that a sentence quotes."""


@dataclass(frozen=True)
class Truth:
    """The input that holds what came out of older rows, and how models call its no and yes."""

    name: str
    values: tuple[str, str]
    meant: Mapping[str, str] = field(default_factory=dict)
    """What words of a source stand for, beyond no and yes and the values themselves."""

    def read(self, column: pd.Series, source: str) -> pd.Series:
        """Return the model's word for each row; None where nobody knows.

        Raises:
            InputError: naming the values, if one means neither.
        """
        texts = words(column)
        known = {text: self._value(text) for text in texts.dropna().unique()}
        strange = sorted(text for text, value in known.items() if value is None)
        if strange:
            every = sorted(known)
            listed = ", ".join(map(repr, every[:SHOWN])) + (" …" if len(every) > SHOWN else "")
            raise InputError(
                f"The column {column.name!r} of {source!r} holds {len(every):,} different values "
                f"({listed}), and {strange[0]!r} tells neither {self.values[0]} nor "
                f"{self.values[1]}. Expected 0 or 1, no or yes, or nothing where it is not known."
            )
        return texts.map(known).astype(object).where(texts.notna(), None)

    def filled(self, labels: pd.Series) -> pd.Series:
        """Return the labels as the input holds them: False, True or None."""
        no, yes = self.values
        return labels.map({no: False, yes: True}).astype(object).where(labels.notna(), None)

    def _value(self, text: str) -> str | None:
        text = self.meant.get(text, text)
        if text in self.values:
            return text
        answer = Boolean.words.get(text.strip().lower())
        return None if answer is None else self.values[answer]


def words(column: pd.Series) -> pd.Series:
    """Return plain text, whatever kind of column it was, and None where it is empty.

    Each different value is turned into text once: a table may have a million rows.
    """
    column = column.astype(object)
    try:
        codes, found = pd.factorize(column)
    except TypeError:  # a list, which JSON allows in a cell
        codes, found = pd.factorize(column.map(printable, na_action="ignore"))
    texts = [printable(value) for value in found]
    # The last stands where the code is -1, for an empty cell.
    table = pd.Series([*(text or None for text in texts), None], dtype=object).to_numpy()
    return pd.Series(table[codes], column.index, dtype=object, name=column.name)
