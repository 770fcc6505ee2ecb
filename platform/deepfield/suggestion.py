"""Would another model of the domain know rows that this one calls unfamiliar?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from deepfield.loading import Model
from deepfield.store import list_models

__all__ = ["MOST_TRIED", "Suggestion", "suggest"]

log = logging.getLogger(__name__)

MOST_TRIED = 12
"""Rows that other models are tried on: enough to tell, few enough to be done at once."""
MOST_ASKED = 8
"""Models that are asked, the shipped ones first: each has to be loaded."""


@dataclass(frozen=True)
class Suggestion:
    """The model whose guard knows the most of some rows."""

    model: str
    known: int
    tried: int


def suggest(model: Model, rows: pd.DataFrame, load: Callable[[str], Model]) -> Suggestion | None:
    """Return which of the domain's models to use instead, or None.

    None, too, if no other knows at least half of the rows, or if rows have a history: by themselves
    they are no longer what they were.

    Args:
        rows: as they came, which ``model`` called unfamiliar; the first twelve are tried.
        load: gives another model of the domain by its name.
    """
    rows = rows.head(MOST_TRIED)
    if rows.empty or model.inputs.group_by:
        return None
    found = []
    others = [spec for spec in list_models(model.domain) if spec.name != model.spec.name]
    for spec in others[:MOST_ASKED]:
        try:
            trust = load(spec.name).predict(rows)["trust"]
        except Exception as error:  # a plugin may raise anything; advice must not end a run
            log.info("The model %s was not asked: %s: %s", spec.name, type(error).__name__, error)
            continue
        found.append(Suggestion(spec.name, int((trust != "unfamiliar").sum()), len(rows)))
    best = max(found, key=lambda each: each.known, default=None)
    return best if best and 2 * best.known >= best.tried else None
