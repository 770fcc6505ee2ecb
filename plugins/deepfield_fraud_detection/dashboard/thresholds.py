"""A threshold to move, and what it would have done in rows and in euros."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from deepfield.dashboard.context import Context
from deepfield_fraud_detection import threshold_plots
from deepfield_fraud_detection.costs import (
    Consequences,
    Costs,
    Sweep,
    cost_curve,
    log_odds,
    precision_recall,
)
from deepfield_fraud_detection.dashboard import kept
from deepfield_fraud_detection.dashboard.consequences import figures, table
from deepfield_fraud_detection.dashboard.words import percent

__all__ = ["nearest", "show"]

STEPS = [
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05,
    0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98,
    0.99, 0.995, 0.999,
]  # fmt: skip
"""Thresholds of the slider: about even in log-odds, for fraud is rare."""


@st.fragment
def show(context: Context) -> None:
    """Show the curves, the threshold and its consequences."""
    sweep = kept.sweep(context.run.id, context.frame)
    with st.container(border=True):
        st.markdown("#### What another threshold would do")
        notes(context, sweep)
        if not sweep.sums.caught[-1]:
            st.info("Every probability is 0: no threshold would catch anything.")
            return
        costs = ask_costs(context)
        cheapest = sweep.cheapest(costs)
        threshold = ask_threshold(context, cheapest)
        here = sweep.at(threshold, costs)
        nothing, everything = sweep.at(math.inf, costs), sweep.at(0.0, costs)
        figures(here, nothing, sweep.expected)
        scenarios = {
            "this threshold": here,
            "cheapest": cheapest,
            "this run's decisions": sweep.as_decided(costs),
        }
        curves(context, sweep, costs, scenarios, nothing.cost)
        scenarios |= {"review nothing": nothing, "review everything": everything}
        st.dataframe(
            table(scenarios).reset_index(names=" "),
            hide_index=True,
            height="content",
            column_config={" ": st.column_config.TextColumn(width="medium", pinned=True)},
            key=f"{context.key}-consequences",
        )


def curves(
    context: Context,
    sweep: Sweep,
    costs: Costs,
    marked: dict[str, Consequences],
    nothing: float,
) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        rare = sweep.sums.caught[-1] / sweep.sums.alerts[-1]
        quality = "" if sweep.expected else f" · average precision {sweep.average_precision:.3f}"
        st.markdown(
            f"**Precision and recall**{quality}",
            help=f"{percent(rare)} of all is fraud: the precision of alerts by chance",
        )
        chart = threshold_plots.precision_recall(precision_recall(sweep), marked)
        st.altair_chart(chart, key=f"{context.key}-precision-recall")
    with right:
        st.markdown("**Cost**", help="dashed: what it costs to review nothing")
        chart = threshold_plots.cost(cost_curve(sweep, costs), marked, nothing)
        st.altair_chart(chart, key=f"{context.key}-cost")


def notes(context: Context, sweep: Sweep) -> None:
    """Say what the figures stand on."""
    found = kept.overview(context.run.id, context.frame)
    if found.labelled and sweep.expected:
        st.info(
            f"None of the {found.labelled:,} labelled transactions is fraud, so nothing can be "
            "measured. What follows is **expected**, from the calibrated probabilities.",
            icon=":material/calculate:",
        )
    elif sweep.expected:
        st.info(
            "No labels: the table has no column *is_fraud* with values. What follows is "
            "**expected**, from the calibrated probabilities, and only as good as they are.",
            icon=":material/calculate:",
        )
    elif found.labelled < found.transactions:
        st.caption(
            f"Over the {found.labelled:,} of {found.transactions:,} transactions whose label is "
            f"known; {found.frauds:,} of them are fraud."
        )


def ask_costs(context: Context) -> Costs:
    left, middle, right = st.columns(3)
    review = left.number_input(
        "A review costs (€)",
        0.0,
        value=float(context.run.options.get("review_cost", Costs.review)),
        step=1.0,
        key=f"{context.key}-review-cost",
        help="of each alert",
    )
    alarm = middle.number_input(
        "A false alarm costs (€)",
        0.0,
        value=Costs.false_alarm,
        step=1.0,
        key=f"{context.key}-alarm-cost",
        help="of each alert that was no fraud, beside its review",
    )
    stopped = right.number_input(
        "Business lost by a false alarm (%)",
        0.0,
        100.0,
        value=100 * Costs.stopped,
        step=1.0,
        key=f"{context.key}-stopped",
        help="of the amount of an alert that was no fraud",
    )
    return Costs(review, alarm, stopped / 100)


def ask_threshold(context: Context, cheapest: Consequences) -> float:
    key = f"{context.key}-threshold"
    best = nearest(cheapest.threshold or 0.0)

    def take() -> None:
        st.session_state[key] = best

    if cheapest.alerts == 0:
        st.caption(
            ":material/savings: At these costs no threshold pays for its reviews: the cheapest is "
            "to review nothing."
        )
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    threshold = left.select_slider(
        "Alert on a probability of fraud of at least",
        STEPS,
        best,
        format_func=percent,
        key=key,
    )
    right.button(
        "Cheapest",
        icon=":material/savings:",
        on_click=take,
        key=f"{key}-cheapest",
        help=f"set the threshold to {percent(best)}, the step nearest to the cheapest",
        width="stretch",
    )
    return float(threshold)


def nearest(threshold: float) -> float:
    """Return the step of the slider that is nearest to a threshold, in log-odds."""
    away = np.abs(log_odds(np.array(STEPS)) - log_odds(threshold))
    return STEPS[int(np.argmin(away))]
