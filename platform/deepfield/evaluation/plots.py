"""Charts of an evaluation and of a fit: for the dashboard, and for reports as SVG and PNG."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from deepfield.evaluation.result import Evaluation

__all__ = [
    "all_charts",
    "confusion",
    "honest_on_the_diagonal",
    "learning_curve",
    "precision_recall",
    "reliability",
    "risk_coverage",
    "roc",
    "sized",
]

SIDE = 300
PERCENT = alt.Axis(format=".0%")
QUIET = "#8a9a9c"
"""The colour of lines that are there to compare with."""


def reliability(evaluation: Evaluation) -> alt.LayerChart:
    """Return accuracy against confidence, by tenths; on the diagonal, confidence is honest."""
    return honest_on_the_diagonal(evaluation.calibration, "confidence", "accuracy", "rows")


def honest_on_the_diagonal(frame: pd.DataFrame, x: str, y: str, unit: str) -> alt.LayerChart:
    """Return how often something was so against how sure somebody was of it, by tenths.

    Args:
        frame: from, to, confidence, accuracy, rows.
        x: the words for the confidence.
        y: the words for the accuracy.
        unit: what is counted.
    """
    points = (
        alt.Chart(frame)
        .mark_circle(opacity=1)
        .encode(
            x=alt.X("confidence:Q", title=x, scale=alt.Scale(domain=[0, 1]), axis=PERCENT),
            y=alt.Y("accuracy:Q", title=y, scale=alt.Scale(domain=[0, 1]), axis=PERCENT),
            size=alt.Size("rows:Q", scale=alt.Scale(range=[40, 500]), title=unit),
            tooltip=[
                alt.Tooltip("from:Q", format=".0%"),
                alt.Tooltip("to:Q", format=".0%"),
                alt.Tooltip("confidence:Q", title=x, format=".1%"),
                alt.Tooltip("accuracy:Q", title=y, format=".1%"),
                alt.Tooltip("rows:Q", title=unit),
            ],
        )
    )
    line = alt.Chart(frame).mark_line().encode(x="confidence:Q", y="accuracy:Q")
    return sized(alt.layer(_diagonal("confidence", "accuracy"), line, points))


def risk_coverage(evaluation: Evaluation) -> alt.LayerChart:
    """Return the error rate among the most confident rows, by how many are answered.

    The dot is where the model's own trust labels stand.
    """
    curve = (
        alt.Chart(evaluation.risk_coverage)
        .mark_line()
        .encode(
            x=alt.X(
                "coverage:Q", title="rows answered", scale=alt.Scale(domain=[0, 1]), axis=PERCENT
            ),
            y=alt.Y("risk:Q", title="wrong among them", axis=alt.Axis(format=".1%")),
            tooltip=[
                alt.Tooltip("coverage:Q", format=".1%"),
                alt.Tooltip("risk:Q", format=".2%"),
                alt.Tooltip("confidence:Q", format=".1%"),
            ],
        )
    )
    answered, error = evaluation.figure("answered"), evaluation.figure("error_when_answered")
    chosen = pd.DataFrame({"coverage": [answered.value], "risk": [error.value]}).dropna()
    dot = (
        alt.Chart(chosen)
        .mark_point(filled=True, size=120, color="#d9683c")
        .encode(
            x="coverage:Q",
            y="risk:Q",
            tooltip=[
                alt.Tooltip("coverage:Q", format=".1%", title="trust is ok"),
                alt.Tooltip("risk:Q", format=".2%", title="wrong among them"),
            ],
        )
    )
    return sized(alt.layer(curve, dot))


def roc(evaluation: Evaluation) -> alt.LayerChart | None:
    """Return the ROC curve of a model of two classes that gives probabilities, or None."""
    if evaluation.roc is None:
        return None
    axes = ("false_positive_rate", "true_positive_rate")
    curve = (
        alt.Chart(evaluation.roc)
        .mark_line(interpolate="step-after")
        .encode(
            x=alt.X(f"{axes[0]}:Q", title="1 − specificity", axis=PERCENT),
            y=alt.Y(f"{axes[1]}:Q", title="sensitivity", axis=PERCENT),
            order=alt.Order(f"{axes[0]}:Q"),
            tooltip=[alt.Tooltip(f"{name}:Q", format=".1%") for name in axes],
        )
    )
    return sized(alt.layer(_diagonal(*axes), curve))


def precision_recall(evaluation: Evaluation) -> alt.LayerChart | None:
    """Return precision by recall, over the share of positives that blind guesses reach, or None."""
    if evaluation.precision_recall is None:
        return None
    share = evaluation.counts[evaluation.classes[1]] / evaluation.rows
    scale = alt.Scale(domain=[0, 1])
    curve = (
        alt.Chart(evaluation.precision_recall)
        .mark_line(interpolate="step-before")
        .encode(
            x=alt.X("recall:Q", title="recall (found of all)", axis=PERCENT, scale=scale),
            y=alt.Y("precision:Q", title="precision (right of found)", axis=PERCENT, scale=scale),
            order=alt.Order("recall:Q"),
            tooltip=[
                alt.Tooltip("recall:Q", format=".1%"),
                alt.Tooltip("precision:Q", format=".1%"),
                alt.Tooltip("threshold:Q", format=".4f"),
            ],
        )
    )
    baseline = (
        alt.Chart(pd.DataFrame({"recall": [0.0, 1.0], "precision": [share, share]}))
        .mark_line(strokeDash=[4, 4], color=QUIET)
        .encode(
            x="recall:Q",
            y="precision:Q",
            tooltip=[alt.Tooltip("precision:Q", format=".2%", title="share of positives")],
        )
    )
    return sized(alt.layer(baseline, curve))


def confusion(evaluation: Evaluation) -> alt.LayerChart:
    """Return rows by truth and by what they were called; shade is the share of the true class."""
    # From arrays: a class may have the name of any column.
    rows, classes = evaluation.confusion.to_numpy(), np.array(evaluation.classes, dtype=object)
    frame = pd.DataFrame(
        {
            "truth": np.repeat(classes, len(classes)),
            "called": np.tile(classes, len(classes)),
            "rows": rows.ravel(),
            "share": (rows / rows.sum(axis=1, keepdims=True).clip(min=1)).ravel(),
        }
    )
    cells = alt.Chart(frame).encode(
        x=alt.X("called:N", title="called", sort=evaluation.classes, axis=alt.Axis(labelAngle=-30)),
        y=alt.Y("truth:N", title="truth", sort=evaluation.classes),
        tooltip=["truth:N", "called:N", "rows:Q", alt.Tooltip("share:Q", format=".1%")],
    )
    shaded = cells.mark_rect().encode(
        alt.Color(
            "share:Q",
            scale=alt.Scale(domain=[0, 1], range=["#eef4f3", "#0b7a75"]),
            legend=None,
        )
    )
    numbers = cells.mark_text(fontSize=13).encode(
        text=alt.Text("rows:Q", format=","),
        color=alt.when(alt.datum.share > 0.5)
        .then(alt.value("#ffffff"))
        .otherwise(alt.value("#17252a")),
    )
    return sized(alt.layer(shaded, numbers))


def learning_curve(log: pd.DataFrame) -> alt.Chart | alt.FacetChart | None:
    """Return the figures that a fit reported after each epoch, one panel a figure, or None.

    Args:
        log: one row an epoch, with ``epoch`` and a column for each figure.
    """
    names = [
        name
        for name in log.columns
        if name not in ("epoch", "seconds") and pd.api.types.is_numeric_dtype(log[name])
    ]
    if log.empty or not names or "epoch" not in log.columns:
        return None
    panels = [
        pd.DataFrame({"epoch": log["epoch"], "figure": name, "value": log[name]}) for name in names
    ]
    long = pd.concat(panels, ignore_index=True).dropna()
    return (
        alt.Chart(long, height=150, width=280)
        .mark_line(point=True)
        .encode(
            x=alt.X("epoch:Q", axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)),
            color=alt.Color("figure:N", legend=None),
            tooltip=["figure:N", "epoch:Q", alt.Tooltip("value:Q", format=".4f")],
            facet=alt.Facet("figure:N", columns=2, title=None, sort=names),
        )
        .resolve_scale(y="independent")
    )


def all_charts(evaluation: Evaluation) -> dict[str, tuple[str, alt.LayerChart]]:
    """Return every chart that an evaluation has: name -> what it shows, and the chart."""
    charts: dict[str, tuple[str, alt.LayerChart | None]] = {
        "confusion-matrix": ("Confusion matrix", confusion(evaluation)),
        "precision-recall": (
            "Precision and recall; the dashes are the share of positives",
            precision_recall(evaluation),
        ),
        "roc": ("ROC curve", roc(evaluation)),
        "calibration": ("Calibration: accuracy against confidence", reliability(evaluation)),
        "risk-coverage": ("Risk–coverage; the dot is where trust is ok", risk_coverage(evaluation)),
    }
    return {name: (title, chart) for name, (title, chart) in charts.items() if chart is not None}


def _diagonal(x: str, y: str) -> alt.Chart:
    ends = pd.DataFrame({x: [0.0, 1.0], y: [0.0, 1.0]})
    return alt.Chart(ends).mark_line(strokeDash=[4, 4], color=QUIET).encode(x=f"{x}:Q", y=f"{y}:Q")


def sized(chart: alt.LayerChart | alt.FacetChart) -> alt.LayerChart:
    """Return a chart of the size that all have."""
    assert isinstance(chart, alt.LayerChart)  # alt.layer facets only charts that are faceted
    return chart.properties(height=SIDE, width=SIDE + 60)
