"""What was scored before, by whichever face."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.navigation.page import StreamlitPage

from deepfield.dashboard.words import plain
from deepfield.errors import DeepfieldError
from deepfield.history import History, Run

__all__ = ["listing", "show"]


def show(pages: dict[str, StreamlitPage]) -> None:
    st.title(":material/history: Runs", anchor=False)
    st.markdown("Every run on this machine: of the dashboard, the command line and Python.")
    run = listing(None)
    if run is not None and run.domain in pages and run.result:
        st.page_link(
            pages[run.domain],
            label=f"Open the results of run {run.id}",
            icon=":material/arrow_forward:",
            query_params={"run": run.id},
        )


def listing(domain: str | None) -> Run | None:
    """Show the latest runs and return the one that was chosen."""
    try:
        found = History().list(domain, limit=200)
    except DeepfieldError as error:
        st.error(plain(error), icon=":material/error:")
        return None
    if not found:
        st.info(
            "No runs yet. What you score appears here and survives a reload.",
            icon=":material/history:",
        )
        return None
    frame = pd.DataFrame([vars(run) for run in found])
    frame["started"] = pd.to_datetime(frame["started"], utc=True)
    columns = [
        "started",
        "status",
        "face",
        "domain",
        "model",
        "source",
        "rows_out",
        "rows_rejected",
        "seconds",
        "id",
        "reason",
    ]
    event = st.dataframe(
        frame[columns if domain is None else [name for name in columns if name != "domain"]],
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"runs-{domain or 'all'}",
        column_config={
            "started": st.column_config.DatetimeColumn("started", format="distance"),
            "rows_out": st.column_config.NumberColumn("rows", format="localized"),
            "rows_rejected": st.column_config.NumberColumn("set aside", format="localized"),
            "seconds": st.column_config.NumberColumn("seconds", format="%.1f"),
            "id": "run",
        },
    )
    rows = event["selection"]["rows"]
    # Choosing without the table, by keyboard, is possible too.
    labels = {run.id: f"{run.id} · {run.source} · {run.rows_out:,} rows" for run in found}
    chosen = found[rows[0]].id if rows else None
    picked = st.selectbox(
        "Open a run",
        [run.id for run in found],
        rows[0] if rows else None,
        format_func=lambda id: labels[id],
        key=f"runs-{domain or 'all'}-open-{chosen}",
        placeholder="choose a run here or in the table",
    )
    run = next((each for each in found if each.id == picked), None)
    if run is not None and domain is not None:
        st.button(
            f"Show run {run.id}",
            icon=":material/open_in_full:",
            key=f"runs-{domain}-show",
            on_click=lambda: _reopen(domain, run.id),
        )
    return run


def _reopen(domain: str, run_id: str) -> None:
    st.session_state.pop(f"{domain}-work", None)
    st.query_params["run"] = run_id
