"""An evaluation on a page: figures with intervals, charts, downloads."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from deepfield.dashboard.words import plain
from deepfield.evaluation import Evaluation
from deepfield.evaluation.report import (
    FIGURE_WORDS,
    Found,
    as_html,
    charts_of,
    conditions,
    interval,
    number,
)

__all__ = ["charts", "downloads", "rows_aside", "show"]

MAIN = (
    "accuracy",
    "auc",
    "average_precision",
    "sensitivity",
    "specificity",
    "macro_f1",
    "answered",
)


def show(evaluation: Evaluation, key: str) -> None:
    """Show all that is known; ``key`` sets the widgets apart."""
    st.caption(
        f"{plain(evaluation.source)} · {plain(evaluation.model)} {evaluation.model_hash[:12]} · "
        f"{evaluation.rows:,} rows"
    )
    overall = {each.name: each for each in evaluation.figures if not each.of}
    main = [name for name in MAIN if name in overall]
    for place, name in zip(st.columns(len(main)), main, strict=True):
        each = overall[name]
        place.metric(FIGURE_WORDS[name].split(" (")[0], number(each.value))
        place.caption(interval(each))
    drawn = "whole groups" if evaluation.by_group else "the rows"
    st.caption(
        f"Under each figure its 95 % interval, from 1,000 bootstrap resamples of {drawn}; – where "
        "they tell none."
    )
    for note in (conditions(evaluation), *evaluation.notes):
        if note:
            st.info(plain(note), icon=":material/info:")
    charts(evaluation, key)
    with st.expander("All figures", icon=":material/table_rows:"):
        table = evaluation.table().replace({"figure": FIGURE_WORDS})
        st.dataframe(
            table[["figure", "class", "value"]].assign(
                **{"95 % interval": [interval(each) for each in evaluation.figures]}
            ),
            hide_index=True,
            key=f"{key}-figures",
            column_config={"value": st.column_config.NumberColumn("value", format="%.4f")},
        )
    rows_aside(evaluation.rejected, key)
    downloads(evaluation, key)


def charts(evaluation: Found, key: str) -> None:
    """Draw every chart, two beside each other."""
    found = list(charts_of(evaluation).items())
    for start in range(0, len(found), 2):
        for place, (name, (title, chart)) in zip(
            st.columns(2), found[start : start + 2], strict=False
        ):
            with place.container(border=True, height="stretch"):
                st.markdown(f"**{title}**")
                st.altair_chart(chart, key=f"{key}-{name}")


def rows_aside(rejected: pd.DataFrame, key: str) -> None:
    """Show the rows that were set aside, if there are any."""
    if len(rejected):
        with st.expander(f"{len(rejected):,} rows were set aside", icon=":material/block:"):
            st.dataframe(rejected.head(1000), hide_index=True, key=f"{key}-aside")


def downloads(evaluation: Found, key: str) -> None:
    """Offer the report and the figures as files."""
    with st.container(horizontal=True):
        stem = f"deepfield-{evaluation.domain}-{evaluation.model}-evaluation"
        st.download_button(
            "Report (HTML)",
            lambda: as_html(evaluation).encode(),
            file_name=f"{stem}.html",
            mime="text/html",
            icon=":material/download:",
            key=f"{key}-html",
            on_click="ignore",
        )
        st.download_button(
            "Figures (JSON)",
            lambda: json.dumps(evaluation.to_json(), indent=2, ensure_ascii=False).encode(),
            file_name=f"{stem}.json",
            mime="application/json",
            icon=":material/download:",
            key=f"{key}-json",
            on_click="ignore",
        )
