"""Charts of a drive: three curves over one time, and the road from above."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from PIL import Image

from deepfield.drawing import colour_of
from deepfield_lane_detection.birds_eye import Patch
from deepfield_lane_detection.course import Course, Episode, thinned
from deepfield_lane_detection.placing import NAMES

__all__ = ["CHOSEN", "above", "confidence", "curvature", "offset"]

CHOSEN = "chosen"
"""The selection that a click makes; it holds the number of the row."""
HEIGHT = 110
MOST_SPANS = 300
"""Departures that are drawn, the longest."""
STRIP = 0.08
"""How high the strip of doubts is below the curve of confidence, of its whole height."""
RED, ORANGE, VIOLET, HERE = "#d5484a", "#d98e1f", "#9a6bb5", "#3b82f6"
SHAPE = (630, 512)
"""Height and width of the road from above, pixels: 14 and 32 for each metre."""


def confidence(course: Course, here: float) -> alt.LayerChart:
    """Return how sure the model was over time, and below it where it did not stand by that."""
    doubts = spans(course.doubts)
    strip = (
        alt.Chart(doubts)
        .mark_rect()
        .encode(
            x=x(course),
            x2="end:Q",
            y=alt.datum(0),
            y2=alt.datum(STRIP),
            color=alt.Color(
                "what:N",
                title=None,
                scale=alt.Scale(domain=["unsure", "unfamiliar"], range=[ORANGE, VIOLET]),
                legend=alt.Legend(orient="top-right", direction="horizontal")
                if len(doubts)
                else None,
            ),
            tooltip=[alt.Tooltip("what:N", title="trust")],
        )
    )
    y = alt.Y("confidence:Q", title="confidence", scale=alt.Scale(domain=[0, 1]), axis=axis("%"))
    return layered(course, "confidence", y, here, [strip])


def offset(course: Course, threshold: float, here: float) -> alt.LayerChart:
    """Return where in its lane the car was, between the lines from which on it leaves."""
    values = course.table["offset"]
    most = max(float(values.abs().max()) if values.notna().any() else 0.0, 1.5 * threshold)
    most = min(most * 1.05, 1.5)
    y = alt.Y(
        "offset:Q",
        title="offset (lane widths)",
        scale=alt.Scale(domain=[-most, most], clamp=True, nice=False),
        axis=axis("+.1f"),
    )
    edges = pd.DataFrame(
        {"edge": [threshold, -threshold], "words": ["leaves to the right", "leaves to the left"]}
    )
    rules = alt.Chart(edges).mark_rule(color=RED, strokeDash=[4, 3]).encode(y="edge:Q")
    above, below = (alt.Chart(edges.iloc[[row]]) for row in (0, 1))
    words = [
        chart.encode(x=alt.value(4), y="edge:Q", text="words:N")
        for chart in (
            above.mark_text(color=RED, align="left", baseline="bottom", dy=-2, fontSize=11),
            below.mark_text(color=RED, align="left", baseline="top", dy=3, fontSize=11),
        )
    ]
    return layered(course, "offset", y, here, [rules, *words])


def curvature(course: Course, here: float) -> alt.LayerChart:
    """Return how the lane bends: on the road where the camera is known, else in the picture."""
    known = bool(course.table["curvature_m"].notna().any())
    column = "curvature_m" if known else "curvature"
    values = course.table[column].dropna().abs()
    # A single frame gone wrong would flatten all others.
    most = float(values.quantile(0.98)) * 1.1 if len(values) else 1.0
    y = alt.Y(
        f"{column}:Q",
        title="curvature (1/m)" if known else "curvature (1/width)",
        scale=alt.Scale(domain=[-most or -1.0, most or 1.0], clamp=True, nice=False),
        axis=axis("+.3~g"),
    )
    return layered(course, column, y, here, [], labels=True)


def layered(
    course: Course,
    column: str,
    y: alt.Y,
    here: float,
    extra: list[Any],
    labels: bool = False,
) -> alt.LayerChart:
    """Return a curve with departures behind it, what is extra, and the frame that is shown.

    A click anywhere chooses the frame whose point is nearest; ``labels`` are those of time.
    """
    rows = thinned(course.table, column)
    time = x(course, labels)
    red = (
        alt.Chart(spans(course.departures))
        .mark_rect(color=RED, opacity=0.22)
        .encode(
            x=time,
            x2="end:Q",
            tooltip=[
                alt.Tooltip("what:N", title="departure to the"),
                alt.Tooltip("length:Q", title="for", format=".1f"),
            ],
        )
    )
    curve = alt.Chart(rows).mark_line(strokeWidth=1.8, clip=True).encode(x=time, y=y)
    over = alt.selection_point(
        name="over", on="pointerover", nearest=True, empty=False, clear="pointerout"
    )
    click = alt.selection_point(name=CHOSEN, fields=["row"], on="click", nearest=True, empty=False)
    points = (
        alt.Chart(rows)
        .mark_point(filled=True, size=60, clip=True)
        .encode(
            x=time,
            y=alt.Y(f"{column}:Q") if column != "confidence" else y,
            opacity=alt.when(over).then(alt.value(1)).otherwise(alt.value(0)),
            tooltip=tooltip(course),
        )
        .add_params(over, click)
    )
    shown = (
        alt.Chart(pd.DataFrame({"at": [here]})).mark_rule(strokeWidth=2, color=HERE).encode(x=time)
    )
    layers = [red, *extra, curve, shown, points]
    # As high as it says, whatever its axes take.
    size = alt.AutoSizeParams(type="fit-x", contains="padding")
    return alt.LayerChart(layer=layers, height=HEIGHT, autosize=size)


def tooltip(course: Course) -> list[alt.Tooltip]:
    known = bool(course.table["offset_m"].notna().any())
    return [
        alt.Tooltip("row:Q", title="row"),
        *([alt.Tooltip("at:Q", title="seconds", format=".2f")] if course.timed else []),
        alt.Tooltip("confidence:Q", format=".1%"),
        alt.Tooltip("trust:N"),
        alt.Tooltip("departure:N"),
        alt.Tooltip("offset:Q", title="offset (lane widths)", format="+.2f"),
        *([alt.Tooltip("offset_m:Q", title="offset (m)", format="+.2f")] if known else []),
        alt.Tooltip("curvature:Q", title="curvature (1/width)", format="+.2f"),
    ]


def x(course: Course, labels: bool = False) -> alt.X:
    at = course.table["at"]
    low, high = float(at.iloc[0]), float(at.iloc[-1])
    title = "seconds" if course.timed else "place in the run"
    return alt.X(
        "at:Q",
        title=title if labels else None,
        scale=alt.Scale(domain=[low, max(high, low + course.step)], nice=False),
        axis=alt.Axis(
            labels=labels,
            ticks=labels,
            grid=False,
            tickCount=10,
            tickMinStep=0 if course.timed else 1,
        ),
    )


def axis(form: str) -> alt.Axis:
    # As wide in each chart, so that one time stands below the other.
    return alt.Axis(format=form, minExtent=44, maxExtent=44, tickCount=4, titlePadding=4)


def spans(found: list[Episode]) -> pd.DataFrame:
    longest = sorted(found, key=lambda each: -each.length)[:MOST_SPANS]
    columns = {
        "what": [each.what for each in longest],
        "at": [each.start for each in longest],
        "end": [each.end for each in longest],
        "length": [each.length for each in longest],
    }
    return pd.DataFrame(columns)


def above(seen: np.ndarray | None, lines: Mapping[str, np.ndarray], patch: Patch) -> alt.LayerChart:
    """Return the road from above, with a grid of metres and the lines on it.

    Args:
        seen: RGBA, over the whole patch; None where the picture was not kept.
        lines: metres right and ahead, by name.
    """
    grid = alt.Axis(
        grid=True, gridColor="#8fa3a8", gridOpacity=0.45, gridDash=[2, 3], zindex=1, domain=False
    )
    right = alt.X(
        "right:Q",
        title="metres to the right",
        scale=alt.Scale(domain=[-patch.side, patch.side], nice=False),
        axis=grid.copy(),
    )
    ahead = alt.Y(
        "ahead:Q",
        title="metres ahead",
        scale=alt.Scale(domain=[0, patch.far], nice=False),
        axis=grid.copy(),
    )
    rows = [
        {"name": name, "order": place, "right": float(point[0]), "ahead": float(point[1])}
        for name, points in lines.items()
        for place, point in enumerate(points)
    ]
    names = [name for name in NAMES if name in lines]
    colours = ["#{:02x}{:02x}{:02x}".format(*colour_of(name, 0, NAMES)) for name in names]
    frame = pd.DataFrame(rows, columns=["name", "order", "right", "ahead"])
    drawn = alt.Chart(frame).encode(x=right, y=ahead, order="order:Q")
    edge = drawn.mark_line(strokeWidth=6, color="#101415", clip=True).encode(detail="name:N")
    line = drawn.mark_line(strokeWidth=3.5, clip=True).encode(
        color=alt.Color(
            "name:N",
            title=None,
            scale=alt.Scale(domain=names, range=colours),
            legend=alt.Legend(orient="bottom", columns=6),
        ),
        tooltip=[
            alt.Tooltip("name:N", title="line"),
            alt.Tooltip("right:Q", title="metres right", format=".1f"),
            alt.Tooltip("ahead:Q", title="metres ahead", format=".1f"),
        ],
    )
    car = (
        alt.Chart(pd.DataFrame({"right": [0.0], "ahead": [patch.far / 90]}))
        .mark_point(shape="triangle-up", size=260, filled=True, color="#ffffff", stroke="#101415")
        .encode(x=right, y=ahead, opacity=alt.value(1))
    )
    layers = [edge, line, car]
    if seen is not None:
        layers.insert(0, ground(seen, right, ahead, patch))
    # The picture is as large as the ground that it lies on only if axes stand around both.
    size = alt.AutoSizeParams(type="pad", contains="content")
    return alt.LayerChart(layer=layers, width=SHAPE[1], height=SHAPE[0], autosize=size)


def ground(seen: np.ndarray, right: alt.X, ahead: alt.Y, patch: Patch) -> alt.Chart:
    """Return the picture that was laid on the ground, as wide as the chart."""
    file = BytesIO()
    Image.fromarray(seen).save(file, "PNG", compress_level=3)
    address = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    middle = pd.DataFrame({"right": [0.0], "ahead": [patch.far / 2], "picture": [address]})
    return (
        alt.Chart(middle)
        .mark_image(width=SHAPE[1], height=SHAPE[0], aspect=False)
        .encode(x=right, y=ahead, url="picture:N")
    )
