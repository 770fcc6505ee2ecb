"""How a model's answers are spread over rows whose truth nobody knows, on a page."""

from __future__ import annotations

import json

import streamlit as st

from deepfield.dashboard.words import plain
from deepfield.evaluation import Survey

__all__ = ["show"]


def show(found: Survey, key: str) -> None:
    """Show all that is known; ``key`` sets the widgets apart."""
    st.caption(
        f"{plain(found.source)} · {plain(found.model)} {found.model_hash[:12]} · "
        f"{found.rows:,} rows"
    )
    st.info(
        "No label says what is true of these rows, so nothing tells how often the model is right. "
        + plain(found.words),
        icon=":material/info:",
    )
    st.markdown("The answers by mean, and by the value under which each share of the rows lies:")
    st.dataframe(found.scores, hide_index=True, key=f"{key}-scores")
    if len(found.rejected):
        with st.expander(f"{len(found.rejected):,} rows were set aside", icon=":material/block:"):
            st.dataframe(found.rejected.head(1000), hide_index=True, key=f"{key}-aside")
    st.download_button(
        "Figures (JSON)",
        lambda: json.dumps(found.to_json(), indent=2, ensure_ascii=False).encode(),
        file_name=f"deepfield-{found.domain}-{found.model}-survey.json",
        mime="application/json",
        icon=":material/download:",
        key=f"{key}-json",
        on_click="ignore",
    )
