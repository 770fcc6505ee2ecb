"""An evaluation of lines on a page: figures with intervals, charts, the worst pictures."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from deepfield.dashboard.evaluation_view import charts, downloads, rows_aside
from deepfield.dashboard.words import plain
from deepfield.evaluation import PolylineEvaluation
from deepfield.evaluation.polylines.drawings import LEGEND
from deepfield.evaluation.polylines.words import (
    FIGURE_WORDS,
    own_figures,
    protocol,
    worst_rows,
)
from deepfield.evaluation.report import conditions, interval, number

__all__ = ["show"]

MAIN = ("accuracy", "f1", "precision", "recall", "answered")


def show(found: PolylineEvaluation, key: str) -> None:
    """Show all that is known; ``key`` sets the widgets apart."""
    st.caption(
        f"{plain(found.source)} · {plain(found.model)} {found.model_hash[:12]} · "
        f"{found.rows:,} pictures · {found.labelled:,} lines"
    )
    for place, name in zip(st.columns(len(MAIN)), MAIN, strict=True):
        each = found.figure(name)
        place.metric(FIGURE_WORDS[name].split(" (")[0], number(each.value))
        place.caption(interval(each))
    drawn = "whole groups" if found.by_group else "the pictures"
    st.caption(
        f"Under each figure its 95 % interval, from 1,000 bootstrap resamples of {drawn}; – where "
        "they tell none."
    )
    for note in (protocol(found), conditions(found), *found.notes):
        if note:
            st.info(plain(note), icon=":material/info:")
    charts(found, key)
    with st.expander("All figures", icon=":material/table_rows:"):
        st.dataframe(
            pd.DataFrame(own_figures(found), columns=["figure", "value", "95 % interval"]),
            hide_index=True,
            key=f"{key}-figures",
        )
    worst(found, key)
    rows_aside(found.rejected, key)
    downloads(found, key)


def worst(found: PolylineEvaluation, key: str) -> None:
    """Show the worst pictures, if any has a flaw."""
    rows = worst_rows(found)
    if not rows:
        return
    with st.expander("The worst pictures", icon=":material/image_search:"):
        if found.drawings:
            st.caption(LEGEND)
        for start in range(0, len(found.drawings), 2):
            shown = found.drawings[start : start + 2]
            for place, each in zip(st.columns(2), shown, strict=False):
                place.image(each.jpeg, caption=plain(each.title))
        st.dataframe(
            pd.DataFrame(rows, columns=["picture", "labelled", "drawn", "accuracy", "FP", "FN"]),
            hide_index=True,
            key=f"{key}-worst",
        )
