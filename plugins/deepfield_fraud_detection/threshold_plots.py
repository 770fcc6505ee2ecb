"""Charts of what each threshold would have done."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from deepfield_fraud_detection.costs import Consequences, log_odds
from deepfield_fraud_detection.plots import GREY, MARK, REVIEWED

__all__ = ["MARKS", "cost", "precision_recall"]

HEIGHT = 280
NICE = [0.0001, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999]
"""Probabilities that an axis names."""

MARKS = {
    "this threshold": ("circle", MARK),
    "cheapest": ("diamond", REVIEWED),
    "this run's decisions": ("square", GREY),
}
"""What is marked on the curves, by shape and colour."""


def precision_recall(curve: pd.DataFrame, marked: dict[str, Consequences]) -> alt.LayerChart:
    """Return precision against recall; ``marked`` has the names of ``MARKS``."""
    percent = alt.Axis(format=".0%")
    whole = alt.Scale(domain=[0, 1])
    line = (
        alt.Chart(curve, height=HEIGHT)
        .mark_line()
        .encode(
            x=alt.X("recall:Q", title="recall: share of fraud caught", scale=whole, axis=percent),
            y=alt.Y("precision:Q", title="precision of alerts", scale=whole, axis=percent),
            order="recall:Q",
            tooltip=[
                alt.Tooltip("threshold:Q", format=".2%"),
                alt.Tooltip("recall:Q", format=".1%"),
                alt.Tooltip("precision:Q", format=".1%"),
                alt.Tooltip("alerts_a_day:Q", format=",.1f", title="alerts a day"),
            ],
        )
    )
    places = pd.DataFrame(
        {
            "recall": [each.recall for each in marked.values()],
            "precision": [each.precision for each in marked.values()],
            "which": list(marked),
        }
    ).dropna()
    return alt.LayerChart(layer=[line, _marks(places, "recall", "precision")])


def cost(curve: pd.DataFrame, marked: dict[str, Consequences], nothing: float) -> alt.LayerChart:
    """Return the cost of each threshold; dashed, what it costs to review nothing.

    What was decided without one threshold is marked in ``precision_recall`` alone.
    """
    # What it costs to review everything would flatten all that matters.
    seen = alt.Scale(domain=[0, 1.3 * nothing]) if nothing > 0 else alt.Scale()
    line = (
        alt.Chart(curve, height=HEIGHT)
        .mark_line(clip=True)
        .encode(
            x=alt.X(
                "log_odds:Q",
                title="threshold on the probability of fraud",
                scale=alt.Scale(zero=False, nice=False),
                axis=alt.Axis(
                    values=[float(each) for each in log_odds(np.array(NICE))],
                    labelExpr="format(1 / (1 + exp(-datum.value)), '.6~%')",
                ),
            ),
            y=alt.Y("cost:Q", title="cost (EUR)", scale=seen, axis=alt.Axis(format="~s")),
            order="log_odds:Q",
            tooltip=[
                alt.Tooltip("threshold:Q", format=".2%"),
                alt.Tooltip("cost:Q", format=",.0f", title="cost (EUR)"),
                alt.Tooltip("alerts_a_day:Q", format=",.1f", title="alerts a day"),
            ],
        )
    )
    level = (
        alt.Chart(pd.DataFrame({"cost": [nothing], "note": ["review nothing"]}))
        .mark_rule(color=GREY, strokeDash=[5, 4])
        .encode(y="cost:Q", tooltip=["note:N", alt.Tooltip("cost:Q", format=",.0f")])
    )
    places = pd.DataFrame(
        [
            {"log_odds": float(log_odds(each.threshold)), "cost": each.cost, "which": name}
            for name, each in marked.items()
            if each.threshold is not None and np.isfinite(each.threshold)
        ],
        columns=["log_odds", "cost", "which"],
    )
    return alt.LayerChart(layer=[level, line, _marks(places, "log_odds", "cost")])


def _marks(places: pd.DataFrame, x: str, y: str) -> alt.Chart:
    names = list(MARKS)
    shapes, colours = zip(*MARKS.values(), strict=True)
    legend = alt.Legend(
        orient="bottom", symbolFillColor="transparent", values=places["which"].to_list()
    )
    return (
        alt.Chart(places)
        .mark_point(size=190, strokeWidth=2.5, opacity=1, clip=True)
        .encode(
            x=f"{x}:Q",
            y=f"{y}:Q",
            color=alt.Color(
                "which:N",
                title=None,
                scale=alt.Scale(domain=names, range=list(colours)),
                legend=legend,
            ),
            shape=alt.Shape(
                "which:N", title=None, scale=alt.Scale(domain=names, range=list(shapes))
            ),
            tooltip=["which:N"],
        )
    )
