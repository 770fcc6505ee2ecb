"""Would another model of the domain know rows that this one calls unfamiliar?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from deepfield.errors import DeepfieldError
from deepfield.loading import Model

__all__ = ["MOST_TRIED", "Suggestion", "suggest"]

MOST_TRIED = 12
"""Rows that other models are tried on: enough to tell, few enough to be done at once."""


@dataclass(frozen=True)
class Suggestion:
    """The model whose guard knows the most of some rows."""

    model: str
    known: int
    tried: int


def suggest(rows: pd.DataFrame, others: Iterable[Model]) -> Suggestion | None:
    """Return which of ``others`` to use instead, or None if none knows at least half of the rows.

    Args:
        rows: raw rows that a model called unfamiliar; the first twelve are tried.
        others: the domain's other models; one that fails on the rows is passed over.
    """
    rows = rows.head(MOST_TRIED)
    found = []
    for model in others:
        try:
            trust = model.predict(rows)["trust"]
        except DeepfieldError:  # this model cannot read them: then it is not the one
            continue
        found.append(Suggestion(model.spec.name, int((trust != "unfamiliar").sum()), len(rows)))
    best = max(found, key=lambda each: each.known, default=None)
    return best if best and 2 * best.known >= best.tried > 0 else None
