"""Charts of how good lines are."""

from __future__ import annotations

import altair as alt

from deepfield.evaluation.plots import honest_on_the_diagonal, sized
from deepfield.evaluation.polylines.result import PolylineEvaluation

__all__ = ["polyline_charts"]

COLOURS = {"F1": "#0b7a75", "precision": "#d9683c", "recall": "#e0a458"}


def polyline_charts(found: PolylineEvaluation) -> dict[str, tuple[str, alt.LayerChart]]:
    """Return every chart that an evaluation of lines has: name -> what it shows, and the chart."""
    charts = {"by-number": ("Accuracy by the number of labelled lines", by_number(found))}
    if found.calibration is not None:
        charts["sweep"] = ("Lines that are at least so sure", sweep(found))
        charts["calibration"] = (
            "Calibration: how often drawn lines are right, against their confidence",
            honest_on_the_diagonal(found.calibration, x="confidence", y="right", unit="lines"),
        )
    return charts


def by_number(found: PolylineEvaluation) -> alt.LayerChart:
    """Return the mean accuracy of pictures with so many lines, and how many there are."""
    base = alt.Chart(found.by_number).encode(
        x=alt.X("lines:O", title="labelled lines", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("accuracy:Q", title="accuracy", scale=alt.Scale(domain=[0, 1])),
        tooltip=[
            "lines:O",
            "pictures:Q",
            *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("accuracy", "f1")),
        ],
    )
    bars = base.mark_bar(color=COLOURS["F1"], opacity=0.85)
    numbers = base.mark_text(dy=-7).encode(text=alt.Text("pictures:Q", format=","))
    return sized(alt.layer(bars, numbers))


def sweep(found: PolylineEvaluation) -> alt.LayerChart:
    """Return F1, precision and recall by the confidence that lines must have."""
    long = found.sweep.rename(columns={"f1": "F1"}).melt(
        "threshold", list(COLOURS), "figure", "value"
    )
    lines = (
        alt.Chart(long)
        .mark_line()
        .encode(
            x=alt.X("threshold:Q", title="least confidence", axis=alt.Axis(format=".0%")),
            y=alt.Y("value:Q", title=None),
            color=alt.Color(
                "figure:N",
                scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
                title=None,
                legend=alt.Legend(orient="bottom"),
            ),
            tooltip=[
                "figure:N",
                alt.Tooltip("threshold:Q", format=".0%"),
                alt.Tooltip("value:Q", format=".3f"),
            ],
        )
    )
    return sized(alt.layer(lines))
