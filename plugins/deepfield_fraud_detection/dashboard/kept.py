"""What is computed once for a run, however often a page is drawn; shared by all who look at it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from deepfield_fraud_detection.costs import Sweep
from deepfield_fraud_detection.daily import by_day, card_precision
from deepfield_fraud_detection.scored import Overview, Scored

__all__ = ["cards", "days", "overview", "ranked", "scored", "sweep"]

# Arrays are kept as resources: data would be copied out of the cache at every click.


@st.cache_resource(show_spinner="Adding up …", max_entries=8)
def scored(run: str, _frame: pd.DataFrame) -> Scored:
    return Scored.of(_frame)


@st.cache_resource(show_spinner="Trying every threshold …", max_entries=8)
def sweep(run: str, _frame: pd.DataFrame) -> Sweep:
    return Sweep.of(scored(run, _frame))


@st.cache_resource(show_spinner="Sorting …", max_entries=16)
def ranked(run: str, decisions: tuple[str, ...], _frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of those decisions, by money at risk."""
    kept = _frame[_frame["decision"].isin(decisions)]
    return kept.sort_values("at_risk", ascending=False, kind="stable")


@st.cache_data(show_spinner=False, max_entries=32)
def overview(run: str, _frame: pd.DataFrame) -> Overview:
    return Overview.of(scored(run, _frame))


@st.cache_data(show_spinner=False, max_entries=32)
def days(run: str, _frame: pd.DataFrame) -> pd.DataFrame:
    return by_day(scored(run, _frame))


@st.cache_data(show_spinner="Ranking cards …", max_entries=32)
def cards(run: str, k: int, _frame: pd.DataFrame) -> pd.DataFrame:
    return card_precision(scored(run, _frame), k)
