"""Explain one row of a run when it is looked at: cheap for one, and never needed for most."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from deepfield.errors import DeepfieldError
from deepfield.explanation import Explanation
from deepfield.grouping import gathered_for
from deepfield.history import Run
from deepfield.loading import Model, parse_options
from deepfield.staging import kept_group

__all__ = ["explained", "group_of"]


def explained(
    model: Model, run: Run, frame: pd.DataFrame, number: int, pictures: Mapping[int, Any]
) -> Explanation | None:
    """Return what carried the answer of a row, or None where that cannot be told any more.

    Args:
        frame: all results of the run; inputs stand in them, and so do the histories of rows.
        pictures: those of the run that are still there, by row number.
    """
    store = st.session_state.setdefault("explanations", {})
    if (run.id, number) not in store:
        image = model.inputs.image
        if image is None:
            group = group_of(model, run, frame, number) if model.inputs.answer_per else frame
            if group is None:
                return None
            values = group
        elif number in pictures:
            picture = pd.Series([pictures[number]], [number], dtype=object)
            values = pd.DataFrame({image.name: picture})
        else:
            return None
        _, own = model.formats.split(run.options)
        with contextlib.suppress(DeepfieldError), st.spinner("Explaining …"):
            store[run.id, number] = _explain(model, values, number, own)
    return store.get((run.id, number))


def _explain(model: Model, rows: pd.DataFrame, number: int, options: dict[str, Any]) -> Explanation:
    if not model.inputs.group_by:
        return model.explain(rows.loc[[number]], **options)[0]
    parsed = parse_options(model.domain, options)
    row = gathered_for(model.predictor, model.inputs, rows, number, parsed)
    return model.predictor.explain(row, parsed)[0]


def group_of(model: Model, run: Run, frame: pd.DataFrame, number: int) -> pd.DataFrame | None:
    """Return the rows that an answer was made from, in order; None where they were not kept."""
    if not model.inputs.answer_per:
        return frame.loc[[number]]
    return kept_group(run.folder, model.inputs, frame.at[number, model.inputs.answer_per])
