"""Charts of results; their colours come from the theme."""

from __future__ import annotations

import json

import altair as alt
import numpy as np
import pandas as pd

from deepfield.domain import TRUST
from deepfield.explanation import Contributions
from deepfield.fields import Label, Number, Probability
from deepfield.table import Table

__all__ = ["distribution", "waterfall"]

BINS = 20
LOG_ODDS = "log-odds"
GREY = "#839396"
"""For what is neither one thing nor another; readable on light and on dark."""


def distribution(outputs: Table, frame: pd.DataFrame) -> alt.Chart:
    """Return how the first number among the outputs is spread, by label; or counts of labels."""
    label = next((each.name for each in outputs if isinstance(each, Label)), "trust")
    numbers = [each for each in outputs if isinstance(each, Number)]
    several = sum(isinstance(each, Probability) for each in numbers) > 1
    # Of many classes no single probability tells the answer; how sure it is does.
    unlabelled = label == "trust" and not numbers
    number = Probability("confidence") if several or unlabelled else next(iter(numbers), None)
    if number is None:
        counts = frame.groupby([label, "trust"], observed=True).size().reset_index(name="rows")
        return (
            alt.Chart(counts, height=180)
            .mark_bar()
            .encode(
                x=alt.X("rows:Q", title="rows"),
                y=alt.Y(f"{label}:N", title=None),
                color=alt.Color("trust:N", sort=list(TRUST), title="trust"),
            )
        )
    low = number.least if np.isfinite(number.least) else float(frame[number.name].min())
    high = number.most if np.isfinite(number.most) else float(frame[number.name].max())
    # Binned here, not in the browser: a million rows are twenty bars.
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    place = np.clip(np.digitize(frame[number.name], edges) - 1, 0, BINS - 1)
    counts = (
        pd.DataFrame({"from": edges[place], "to": edges[place + 1], label: frame[label].to_numpy()})
        .value_counts()
        .reset_index(name="rows")
    )
    return (
        alt.Chart(counts, height=180)
        .mark_bar()
        .encode(
            x=alt.X(
                "from:Q", bin="binned", title=number.name, scale=alt.Scale(domain=[low, edges[-1]])
            ),
            x2="to:Q",
            y=alt.Y("rows:Q", title="rows", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(f"{label}:N", title=label),
            tooltip=[
                label,
                "rows",
                alt.Tooltip("from:Q", format=".2f"),
                alt.Tooltip("to:Q", format=".2f"),
            ],
        )
    )


def waterfall(parts: Contributions, most: int = 8) -> alt.LayerChart:
    """Return the way from the base to the score, a step for each input, the largest first.

    Where the score is in log-odds, a second axis says which probability that is.

    Args:
        most: steps that are shown; what lies beyond them is one step, "others".
    """
    steps = waterfall_steps(parts, most)
    ends = steps[["from", "to"]].to_numpy()
    room = 0.15 * (float(np.ptp(ends)) or 1.0)
    low, high = float(ends.min()) - room, float(ends.max()) + room
    scale = alt.Scale(domain=[low, high], nice=False, zero=False)
    # Drawn by place, named by the axis: an input may bear any name, "base" and "others" too.
    names = alt.Axis(
        labelExpr=f"{json.dumps(steps['step'].to_list())}[datum.value]",
        labelLimit=280,
        ticks=False,
        domain=False,
    )
    tooltip = [
        alt.Tooltip("step:N", title="input"),
        alt.Tooltip("added:Q", format="+.3f", title=f"added ({parts.unit})"),
        alt.Tooltip("to:Q", format=".3f", title="sum so far"),
    ]
    if parts.unit == LOG_ODDS:
        tooltip.append(alt.Tooltip("probability:Q", format=".2%", title="probability so far"))
    base = alt.Chart(steps, height=alt.Step(25)).encode(
        y=alt.Y("place:O", title=None, axis=names), tooltip=tooltip
    )
    # Each layer has an axis of its own, of which all but two are left out.
    own = alt.Axis(title=parts.unit, grid=False)
    end = alt.X("to:Q", scale=scale, axis=None)
    joints = (
        base.transform_filter("isValid(datum.next)")
        .mark_rule(color=GREY, strokeDash=[2, 2])
        .encode(x=end, y2="next")
    )
    bars = base.mark_bar(height=17, cornerRadius=2).encode(
        x=alt.X("from:Q", scale=scale, axis=own),
        x2="to:Q",
        color=alt.Color(
            "direction:N",
            # In this order the theme gives what speaks against its cool colour.
            scale=alt.Scale(domain=["against", "for"]),
            legend=alt.Legend(title=None, orient="bottom"),
        ),
    )
    sums = (
        base.transform_filter("!isValid(datum.direction)")
        .mark_tick(color=GREY, thickness=3, height=19)
        .encode(x=end)
    )
    text = base.encode(text="label:N", x=end)
    right = text.transform_filter("datum.side > 0").mark_text(color=GREY, align="left", dx=6)
    left = text.transform_filter("datum.side < 0").mark_text(color=GREY, align="right", dx=-6)
    layers = [joints, bars, sums, right, left]
    if parts.unit == LOG_ODDS:
        layers.append(_probability_axis(steps, scale, low, high))
    return alt.layer(*layers).resolve_axis(x="independent")


def waterfall_steps(parts: Contributions, most: int = 8) -> pd.DataFrame:
    """Return one row a step: base, the largest contributions, the others as one, the score."""
    values = sorted(parts.values.items(), key=lambda each: -abs(each[1]))
    if len(values) > most:
        rest = values[most:]
        values = [*values[:most], (f"{len(rest)} others", sum(value for _, value in rest))]
    added = np.array([value for _, value in values], dtype=float)
    after = parts.base + np.cumsum(added)
    before = np.concatenate([[parts.base], after[:-1]]) if len(added) else after
    score = float(after[-1]) if len(added) else parts.base
    steps = pd.DataFrame(
        {
            "step": ["base", *(name for name, _ in values), "score"],
            "from": [parts.base, *before, score],
            "to": [parts.base, *after, score],
            "added": [np.nan, *added, np.nan],
        }
    )
    steps["place"] = np.arange(len(steps))
    steps["next"] = steps["place"].shift(-1)
    known = steps["added"].notna()
    steps["direction"] = steps["added"].map(
        lambda each: "for" if each >= 0 else "against", na_action="ignore"
    )
    steps["side"] = np.where(steps["added"] < 0, -1, 1)
    sums = steps["to"].map("{:.2f}".format)
    if parts.unit == LOG_ODDS:
        steps["probability"] = 1 / (1 + np.exp(-steps["to"]))
        sums = steps["probability"].map(lambda each: f"{100 * each:.3g} %")
    steps["label"] = sums.where(~known, steps["added"].map("{:+.2f}".format))
    return steps


def _probability_axis(steps: pd.DataFrame, scale: alt.Scale, low: float, high: float) -> alt.Chart:
    """Return an axis above that names probabilities where log-odds lie below."""
    sides = np.array([1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1])
    odds = np.array([*sides, 0.5, *(1 - sides[::-1])])
    places = np.log(odds / (1 - odds))
    seen = places[(places > low) & (places < high)]
    axis = alt.Axis(
        orient="top",
        values=[float(place) for place in seen],
        labelExpr="format(1 / (1 + exp(-datum.value)), '.6~%')",
        gridDash=[2, 3],
    )
    return (
        alt.Chart(steps.head(1))
        .mark_point(opacity=0)
        .encode(x=alt.X("from:Q", scale=scale, title="probability", axis=axis))
    )
