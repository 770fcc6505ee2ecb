"""An evaluation of lists on a page: figures with intervals, baselines, charts, downloads."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from deepfield.dashboard.evaluation_view import charts, downloads, rows_aside
from deepfield.dashboard.words import plain
from deepfield.evaluation import RankingEvaluation
from deepfield.evaluation.ranking.words import (
    beside_baselines,
    figure_words,
    own_figures,
    protocol,
)
from deepfield.evaluation.report import conditions, interval, number

__all__ = ["show"]

MAIN = ("ndcg", "recall", "hit", "mrr", "coverage", "answered")


def show(found: RankingEvaluation, key: str) -> None:
    """Show all that is known; ``key`` sets the widgets apart."""
    st.caption(
        f"{plain(found.source)} · {plain(found.model)} {found.model_hash[:12]} · "
        f"{found.rows:,} rows · {found.groups:,} lists"
    )
    words = figure_words(found)
    for place, name in zip(st.columns(len(MAIN)), MAIN, strict=True):
        each = found.figure(name)
        place.metric(words[name].split(" (")[0], number(each.value))
        place.caption(interval(each))
    st.caption(
        "Under each figure its 95 % interval, from 1,000 bootstrap resamples of whole groups; – "
        "where they tell none."
    )
    for note in (protocol(found), conditions(found), *found.notes):
        if note:
            st.info(plain(note), icon=":material/info:")
    st.markdown("**Beside the simplest baselines**")
    head = ["baseline", "figure", "value", "ahead by", "95 % interval"]
    st.dataframe(
        pd.DataFrame(beside_baselines(found), columns=head),
        hide_index=True,
        height="content",
        key=f"{key}-leads",
    )
    charts(found, key)
    with st.expander("All figures", icon=":material/table_rows:"):
        st.dataframe(
            pd.DataFrame(own_figures(found), columns=["figure", "value", "95 % interval"]),
            hide_index=True,
            key=f"{key}-figures",
        )
    rows_aside(found.rejected, key)
    downloads(found, key)
