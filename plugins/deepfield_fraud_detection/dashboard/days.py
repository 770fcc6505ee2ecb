"""Day by day: volumes, alerts, fraud, and the cards that were worth a look."""

from __future__ import annotations

import streamlit as st

from deepfield.dashboard.context import Context
from deepfield_fraud_detection import plots
from deepfield_fraud_detection.dashboard import kept

__all__ = ["cards", "volumes"]


def volumes(context: Context) -> None:
    """Show transactions, alerts and fraud, day by day."""
    days = kept.days(context.run.id, context.frame)
    with st.container(border=True):
        st.markdown("#### Day by day", help="days in UTC")
        charts = {
            "Transactions a day": plots.transactions_by_day(days),
            "Alerts a day": plots.alerts_by_day(days),
            "Share of fraud a day": plots.fraud_by_day(days),
        }
        for place, (title, chart) in zip(st.columns(3), charts.items(), strict=True):
            place.markdown(f"**{title}**")
            if title == "Alerts a day" and not days[["review", "decline"]].to_numpy().any():
                place.caption("No alerts.")
            else:
                place.altair_chart(chart, key=f"{context.key}-{title}")
        if days["known"].isna().all():
            st.caption("Expected: the mean of the calibrated probabilities. No label is known.")


@st.fragment
def cards(context: Context) -> None:
    """Show how many of the most suspicious cards of each day were truly compromised."""
    with st.container(border=True):
        st.markdown("#### Cards to look at each day")
        left, right = st.columns([1, 3], gap="large")
        k = left.number_input(
            "Cards a day",
            1,
            100_000,
            int(context.run.options.get("cards_a_day") or 100),
            key=f"{context.key}-cards-a-day",
            help="the cards with the highest probabilities of the day; one that was found is not "
            "looked at again",
        )
        days = kept.cards(context.run.id, int(k), context.frame)
        left.metric(f"Card precision@{k}", f"{days['precision'].mean():.3f}")
        left.caption(
            f"Of the {k:,} cards a day, the share that had fraud on that day: the mean over "
            f"{len(days):,} days. {days['compromised'].mean():,.1f} a day were there to be found."
        )
        right.altair_chart(plots.card_precision(days), key=f"{context.key}-cards")
