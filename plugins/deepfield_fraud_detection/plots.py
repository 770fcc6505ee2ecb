"""Charts of scored transactions. Their times are in UTC, wherever the browser is."""

from __future__ import annotations

import altair as alt
import pandas as pd

from deepfield_fraud_detection.scored import DECISIONS

__all__ = [
    "APPROVED",
    "DECLINED",
    "GREY",
    "MARK",
    "REVIEWED",
    "alerts_by_day",
    "card_precision",
    "fraud_by_day",
    "timeline",
    "transactions_by_day",
]

# Readable on light and on dark, and told apart by those who confuse red and green.
APPROVED, REVIEWED, DECLINED = "#6fa3a0", "#e0a32e", "#cf4a5c"
MARK = "#d9683c"
GREY = "#839396"
HEIGHT = 260
DAY = pd.Timedelta(days=1)

decisions = alt.Color(
    "decision:N",
    title=None,
    scale=alt.Scale(domain=list(DECISIONS), range=[APPROVED, REVIEWED, DECLINED]),
    legend=alt.Legend(orient="top"),
)


def timeline(history: pd.DataFrame, chosen: int) -> alt.LayerChart:
    """Return amounts over time; the chosen transaction is ringed, known fraud is crossed out.

    Args:
        history: time, amount, probability, decision, card, terminal, known ("fraud", "genuine" or
            empty) and, as index, the row number.
    """
    frame = history.rename_axis("row").reset_index()
    frame["when"] = frame["time"].dt.strftime("%Y-%m-%d %H:%M UTC")
    frame["chosen"] = frame["row"] == chosen
    scale = alt.Scale(type="utc", padding=16)
    first, last = frame["time"].min(), frame["time"].max()
    if last - first < DAY:  # ticks of one moment would be in fractions of a second
        scale = alt.Scale(type="utc", domain=[_moment(last - DAY), _moment(first + DAY)])
    base = alt.Chart(frame, height=HEIGHT).encode(
        x=alt.X("time:T", title=None, scale=scale),
        y=alt.Y("amount:Q", title="amount (EUR)", scale=alt.Scale(zero=True, nice=True)),
        tooltip=[
            alt.Tooltip("row:Q", format="d"),
            alt.Tooltip("when:N", title="time"),
            alt.Tooltip("amount:Q", title="amount (EUR)", format=",.2f"),
            alt.Tooltip("probability:Q", title="fraud", format=".2%"),
            "decision:N",
            "card:N",
            "terminal:N",
            alt.Tooltip("known:N", title="known to be"),
        ],
    )
    # Alerts are drawn over what was approved, which is most.
    points = [
        base.transform_filter(alt.datum.decision == each)
        .mark_circle(size=55 if each == "approve" else 90, opacity=0.85)
        .encode(color=decisions)
        for each in DECISIONS
    ]
    frauds = base.transform_filter(alt.datum.known == "fraud").mark_point(
        shape="cross", angle=45, size=170, filled=True, color=DECLINED, opacity=0.9
    )
    ring = base.transform_filter(alt.datum.chosen)
    layers = [
        ring.mark_rule(color=GREY, strokeDash=[3, 3]).encode(
            y=alt.value(0), y2=alt.value("height")
        ),
        *points,
        frauds,
        ring.mark_point(size=420, strokeWidth=2.5, color=MARK, opacity=1),
    ]
    return alt.LayerChart(layer=layers)


def transactions_by_day(days: pd.DataFrame) -> alt.Chart:
    """Return how many transactions each day had."""
    return _by_day(days, ["transactions"], [APPROVED], ",").mark_bar()


def alerts_by_day(days: pd.DataFrame) -> alt.Chart:
    """Return how many transactions of each day were reviewed, and how many declined."""
    return _by_day(days, ["review", "decline"], [REVIEWED, DECLINED], ",").mark_bar()


def fraud_by_day(days: pd.DataFrame) -> alt.Chart:
    """Return which share of each day was fraud: as is known, and as probabilities promise."""
    kinds = {"known": DECLINED, "expected": GREY}
    if days["known"].isna().all():
        del kinds["known"]
    chart = _by_day(days, list(kinds), list(kinds.values()), ".1%")
    return chart.mark_line(point=len(days) < 3)


def card_precision(days: pd.DataFrame) -> alt.LayerChart:
    """Return the card precision of each day and, dashed, its mean."""
    bars = _by_day(days, ["precision"], [APPROVED], ".0%").mark_bar()
    mean = (
        alt.Chart(pd.DataFrame({"mean": [days["precision"].mean()]}))
        .mark_rule(color=MARK, strokeDash=[5, 4])
        .encode(y="mean:Q", tooltip=alt.Tooltip("mean:Q", format=".1%"))
    )
    return alt.LayerChart(layer=[bars, mean])


def _moment(time: pd.Timestamp) -> alt.DateTime:
    return alt.DateTime(
        year=time.year,
        month=time.month,
        date=time.day,
        hours=time.hour,
        minutes=time.minute,
        utc=True,
    )


def _by_day(days: pd.DataFrame, names: list[str], colours: list[str], format: str) -> alt.Chart:
    """Return a chart of columns over the days, its mark still to be chosen."""
    long = days.melt("day", names, var_name="which", value_name="value").dropna()
    long["when"] = long["day"].dt.strftime("%Y-%m-%d")
    long["day"] = long["day"].dt.tz_localize("UTC")
    return alt.Chart(long, height=200).encode(
        x=alt.X("day:T", title=None, scale=alt.Scale(type="utc")),
        y=alt.Y("value:Q", title=None, axis=alt.Axis(format=format.replace(",", "~s"))),
        color=alt.Color(
            "which:N",
            title=None,
            scale=alt.Scale(domain=names, range=colours),
            legend=alt.Legend(orient="bottom"),
        ),
        tooltip=[
            alt.Tooltip("when:N", title="day"),
            alt.Tooltip("which:N", title=" "),
            alt.Tooltip("value:Q", title=" ", format=format),
        ],
    )
