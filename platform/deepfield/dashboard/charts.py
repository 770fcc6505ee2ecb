"""Charts of results; their colours come from the theme."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from deepfield.domain import TRUST
from deepfield.explanation import Contributions
from deepfield.fields import Label, Number, Probability
from deepfield.table import Table

__all__ = ["contributions", "distribution"]

BINS = 20


def distribution(outputs: Table, frame: pd.DataFrame) -> alt.Chart:
    """Return how the first number among the outputs is spread, by label; or counts of labels."""
    label = next((each.name for each in outputs if isinstance(each, Label)), "trust")
    numbers = [each for each in outputs if isinstance(each, Number)]
    several = sum(isinstance(each, Probability) for each in numbers) > 1
    # Of many classes no single probability tells the answer; how sure it is does.
    number = Probability("confidence") if several else next(iter(numbers), None)
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


def contributions(parts: Contributions) -> alt.Chart:
    """Return what each input added to the score, the largest first."""
    frame = pd.DataFrame({"input": list(parts.values), "added": list(parts.values.values())})
    frame["direction"] = np.where(frame["added"] >= 0, "for", "against")
    return (
        alt.Chart(frame, height=alt.Step(28))
        .mark_bar()
        .encode(
            x=alt.X("added:Q", title=f"added to the score ({parts.unit})"),
            y=alt.Y("input:N", title=None, sort=alt.EncodingSortField("added", order="descending")),
            color=alt.Color("direction:N", sort=["for", "against"], title=None),
            tooltip=["input", alt.Tooltip("added:Q", format="+.3f")],
        )
    )
