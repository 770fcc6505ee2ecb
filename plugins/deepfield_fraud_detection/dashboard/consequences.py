"""What a threshold would have done, in figures and as a table."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from deepfield_fraud_detection.costs import Consequences
from deepfield_fraud_detection.dashboard.words import count, euros, percent

__all__ = ["figures", "table"]


def figures(here: Consequences, nothing: Consequences, expected: bool) -> None:
    word = " (expected)" if expected else ""
    saved = here.cost - nothing.cost
    with st.container(horizontal=True):
        st.metric("Alerts a day", count(round(here.alerts_a_day, 1)), border=True)
        st.metric(f"Fraud caught{word}", percent(here.recall), border=True)
        st.metric(f"Fraud money caught{word}", percent(here.recall_of_money), border=True)
        st.metric(f"Alerts that are fraud{word}", percent(here.precision), border=True)
        st.metric(
            f"Cost{word}",
            euros(here.cost),
            f"{euros(saved, signed=True)} against reviewing nothing" if saved else None,
            delta_color="inverse",
            border=True,
        )


def table(scenarios: dict[str, Consequences]) -> pd.DataFrame:
    """Return what each would do, as words: a column each."""
    nothing, everything = scenarios["review nothing"], scenarios["review everything"]

    def column(each: Consequences) -> dict[str, str]:
        if each.threshold is None:
            threshold = "its own"
        else:
            threshold = "–" if math.isinf(each.threshold) else f"≥ {percent(each.threshold)}"
        return {
            "alert on": threshold,
            "alerts": count(each.alerts),
            "alerts a day": f"{each.alerts_a_day:,.1f}",
            "fraud caught": f"{count(each.caught)} · {percent(each.recall)}",
            "fraud caught, €": f"{euros(each.caught_amount)} · {percent(each.recall_of_money)}",
            "fraud missed": count(each.missed),
            "fraud missed, €": euros(each.missed_amount),
            "false alarms": count(each.false_alarms),
            "cost": euros(each.cost),
            "against reviewing nothing": euros(each.cost - nothing.cost, signed=True),
            "against reviewing everything": euros(each.cost - everything.cost, signed=True),
        }

    return pd.DataFrame({name: column(each) for name, each in scenarios.items()})
