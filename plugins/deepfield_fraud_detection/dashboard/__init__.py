"""The view of a run's alerts: which to look at first, why, and what another threshold would do."""

from __future__ import annotations

import streamlit as st

from deepfield.dashboard.context import Context
from deepfield_fraud_detection.dashboard import alerts, days, kept, story, thresholds
from deepfield_fraud_detection.dashboard.words import euros, share
from deepfield_fraud_detection.scored import Overview

__all__ = ["show"]


def show(context: Context) -> None:
    """Show what came of a run of fraud detection."""
    if len(context.frame) == 1:
        with st.container(border=True):
            story.show(context, int(context.frame.index[0]))
        st.caption(
            ":material/info: Score the card's earlier transactions with it, and its history stands "
            "here, with thresholds, costs and days."
        )
        return
    found = kept.overview(context.run.id, context.frame)
    # A model that was fitted to a person's own table may know no times, amounts or cards.
    names = set(context.frame.columns)
    header(found, with_cards="card_id" in names)
    unknown = int((context.frame["trust"] == "unfamiliar").sum())
    if unknown:
        st.caption(
            f":material/report: {unknown:,} of {len(context.frame):,} transactions are unlike what "
            "the model was trained on; do not rely on their probabilities."
        )
    alerts.show(context)
    thresholds.show(context)
    if found.frauds and {"card_id", "time"} <= names:
        days.cards(context)
    if "time" in names:
        days.volumes(context)


def header(found: Overview, with_cards: bool) -> None:
    """Show what came of the run and, where labels are known, how good that was."""
    cards = ("Cards concerned", f"{found.cards:,}", "cards with at least one alert")
    cells(
        ("Transactions", f"{found.transactions:,}", None),
        ("Alerts", f"{found.alerts:,}", "to be reviewed, and declined"),
        ("Declined", f"{found.declined:,}", None),
        ("Money at risk", euros(found.at_risk), "amount × probability of fraud, of all alerts"),
        *([cards] if with_cards else []),
    )
    if found.frauds:
        cells(
            (
                "Fraud caught",
                share(found.caught, found.frauds),
                f"by alerts: {found.caught:,} of {found.frauds:,} that are known to be fraud",
            ),
            (
                "Fraud money caught",
                share(found.caught_amount, found.fraud_amount),
                f"{euros(found.caught_amount)} of {euros(found.fraud_amount)}",
            ),
            (
                "Alerts that are fraud",
                share(found.caught, found.labelled_alerts),
                f"precision: {found.caught:,} of the {found.labelled_alerts:,} labelled alerts",
            ),
        )


def cells(*figures: tuple[str, str, str | None]) -> None:
    with st.container(horizontal=True):
        for name, value, words in figures:
            st.metric(name, value, help=words, border=True)
