"""Charts of lists, people and sales; their colours come from the theme."""

from __future__ import annotations

import altair as alt
import pandas as pd

from deepfield.dashboard.charts import GREY
from deepfield_recommendations.dashboard.reach import RECOMMENDED, SOLD

__all__ = ["inequality", "people", "sales", "tenths"]

HEIGHT = 280
STEPS = {
    "day": pd.DateOffset(days=1),
    "week": pd.DateOffset(weeks=1),
    "month": pd.DateOffset(months=1),
}
MOST_POINTS = 5000
"""People that are drawn."""

# In this order the theme gives recommendations its first colour.
which = alt.Color(
    "of:N",
    title=None,
    scale=alt.Scale(domain=[RECOMMENDED, SOLD]),
    legend=alt.Legend(orient="top"),
)


def tenths(shares: pd.DataFrame) -> alt.Chart:
    """Return what each tenth of the catalogue has of recommendations, beside its sales."""
    return (
        alt.Chart(shares, height=HEIGHT)
        .mark_bar()
        .encode(
            x=alt.X(
                "tenth:O",
                title="tenths of the items, best sellers first",
                axis=alt.Axis(labelAngle=0),
            ),
            xOffset=alt.XOffset("of:N", scale=alt.Scale(domain=[RECOMMENDED, SOLD])),
            y=alt.Y("share:Q", title="share", axis=alt.Axis(format="%")),
            color=which,
            tooltip=[
                alt.Tooltip("tenth:O"),
                alt.Tooltip("of:N", title=" "),
                alt.Tooltip("share:Q", format=".1%"),
            ],
        )
    )


def inequality(curves: pd.DataFrame) -> alt.LayerChart:
    """Return Lorenz curves, beside the line of equal shares."""
    x = alt.X(
        "items:Q",
        title="share of the items, what gets least first",
        axis=alt.Axis(format="%"),
        scale=alt.Scale(domain=[0, 1]),
    )
    lines = (
        alt.Chart(curves)
        .mark_line()
        .encode(
            x=x,
            y=alt.Y("share:Q", title="share of the total", axis=alt.Axis(format="%")),
            color=which,
            tooltip=[
                alt.Tooltip("of:N", title=" "),
                alt.Tooltip("items:Q", format=".0%", title="this share of items"),
                alt.Tooltip("share:Q", format=".1%", title="has of the total"),
            ],
        )
    )
    equal = (
        alt.Chart(pd.DataFrame({"items": [0.0, 1.0], "share": [0.0, 1.0]}))
        .mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1)
        .encode(x=x, y="share:Q")
    )
    return alt.LayerChart(layer=[equal, lines]).properties(height=HEIGHT)


def sales(sums: pd.DataFrame, kind: str, what: str) -> alt.Chart:
    """Return sales by day, week or month; times are in UTC, wherever the browser is.

    Args:
        what: ``rows`` or ``worth``.
    """
    frame = sums.assign(when=sums["begin"].dt.strftime("%Y-%m-%d"))
    frame["begin"] = frame["begin"].dt.tz_localize("UTC")
    last = frame["begin"].iloc[-1] + STEPS[kind]
    frame["end"] = frame["begin"].shift(-1, fill_value=last)
    titles = {"rows": "rows", "worth": "worth"}
    return (
        alt.Chart(frame, height=HEIGHT)
        .mark_bar(opacity=0.85)
        .encode(
            x=alt.X("begin:T", title=None, scale=alt.Scale(type="utc")),
            x2="end:T",
            y=alt.Y(f"{what}:Q", title=titles[what], axis=alt.Axis(format="~s")),
            y2=alt.Y2Datum(0),  # without it what has two ends in x has no height
            tooltip=[
                alt.Tooltip("when:N", title=f"{kind} of"),
                alt.Tooltip(f"{what}:Q", format=",.0f", title=titles[what]),
            ],
        )
    )


def people(found: pd.DataFrame, names: list[str], chosen: int | None) -> alt.Chart:
    """Return the map of people, one segment of whom may be chosen.

    Args:
        found: ``x``, ``y``, ``segment``, ``user``, ``items``, ``last``, ``first``.
    """
    frame = found.assign(
        kind=[names[number] for number in found["segment"]],
        faint=False if chosen is None else found["segment"] != chosen,
    )
    axis = alt.Axis(labels=False, ticks=False, title=None, grid=False, domain=False)
    return (
        alt.Chart(frame, height=520)
        .mark_circle(size=36)
        .encode(
            x=alt.X("x:Q", axis=axis, scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", axis=axis, scale=alt.Scale(zero=False)),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=names),
                legend=alt.Legend(
                    title="segment", orient="bottom", labelExpr="split(datum.label, ' ')[0]"
                ),
            ),
            opacity=alt.condition("datum.faint", alt.value(0.08), alt.value(0.75)),
            tooltip=[
                alt.Tooltip("user:N", title="person"),
                alt.Tooltip("kind:N", title="segment"),
                alt.Tooltip("items:Q", title="items taken", format=","),
                alt.Tooltip("last:N", title="last on"),
                alt.Tooltip("first:N", title="recommended first"),
            ],
        )
    )
