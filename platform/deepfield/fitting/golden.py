"""Golden rows of a fitted model: a few rows with its answers, for ``selftest``."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from deepfield.evaluation.ranking import Moments
from deepfield.labelled import Labelled
from deepfield.loading import Model

__all__ = ["write_golden_groups", "write_golden_rows", "write_golden_samples"]

MOST = 6
GROUPS = 4
EARLIEST = 15
"""Rows of a group: its earliest are a history by themselves."""


def write_golden_rows(model: Model, labelled: Labelled, test: pd.Index) -> None:
    """Keep a few rows and what the model answers.

    At most six that were held out, of as many classes as there are; where rows have a history,
    four groups from their beginning, for the answers depend on it.
    """
    asked = labelled.part(test)
    if model.inputs.group_by:
        rows = _histories(model, labelled, asked)
    else:
        rows = model.inputs.read(asked.rows.loc[_turns(asked.labels)[:MOST]]).rows
    inputs = pd.DataFrame({name: rows[name].map(_storable) for name in rows.columns})
    model.folder.write_golden(inputs, model.predict(inputs))


def write_golden_groups(model: Model, moments: Moments, test: np.ndarray) -> None:
    """Keep a few whole groups that were measured on, small ones, and what the model answers.

    Args:
        test: (n,) bool: the rows that were held out.
    """
    sizes = np.bincount(moments.groups)
    held = np.unique(moments.groups[test])
    chosen = held[np.argsort(sizes[held], kind="stable")[:GROUPS]]
    first = np.searchsorted(moments.groups, chosen)
    places = [
        np.arange(start, start + min(sizes[group], EARLIEST))
        for group, start in zip(chosen, first, strict=True)
    ]
    rows = moments.rows.take(np.concatenate(places))
    model.folder.write_golden(rows, model.predict(rows))


def write_golden_samples(model: Model) -> None:
    """Keep the domain's own samples and what the model answers, where no rows were learned from."""
    rows = model.inputs.read(model.domain.samples()).rows
    inputs = pd.DataFrame({name: rows[name].map(_storable) for name in rows.columns})
    if len(inputs):
        model.folder.write_golden(inputs, model.predict(inputs))


def _turns(labels: pd.Series) -> pd.Index:
    """Return the row numbers so that classes take turns."""
    turns = labels.fillna("").groupby(labels.fillna("")).cumcount()
    return turns.sort_values(kind="stable").index


def _histories(model: Model, labelled: Labelled, asked: Labelled) -> pd.DataFrame:
    """Return whole groups of the last key, small ones first, in the order of time.

    Of each class the smallest groups of two rows and more that a held-out row of it is in.
    """
    inputs = model.inputs
    key = inputs.group_by[-1]
    keys = labelled.rows[key].astype(object).map(str)
    sizes = keys.map(keys.value_counts())
    fit = sizes.loc[asked.rows.index]
    fit = fit[fit > 1].sort_values(kind="stable") if (fit > 1).any() else fit
    turns = _turns(asked.labels.loc[fit.index])
    chosen = keys.loc[turns].drop_duplicates().iloc[:GROUPS]
    rows = inputs.read(labelled.rows[keys.isin(chosen)][_names(model, labelled)]).rows
    rows = rows.sort_values(inputs.order_by, kind="stable")
    return rows.groupby(rows[key], sort=False).head(EARLIEST)


def _names(model: Model, labelled: Labelled) -> list[str]:
    return [name for name in model.inputs.names if name in labelled.rows.columns]


def _storable(value: Any) -> Any:
    """Return a picture as the PNG bytes that hold just its pixels, anything else as it is."""
    if not isinstance(value, np.ndarray):
        return value
    file = BytesIO()
    Image.fromarray(value).save(file, "PNG")
    return file.getvalue()
