"""Charts of how good lists are, beside those of the baselines."""

from __future__ import annotations

import altair as alt
import pandas as pd

from deepfield.evaluation.plots import honest_on_the_diagonal, sized
from deepfield.evaluation.ranking.baselines import BASELINES
from deepfield.evaluation.ranking.result import RankingEvaluation
from deepfield.evaluation.ranking.words import figure_words

__all__ = ["ranking_charts"]

COLOURS = ["#0b7a75", "#d9683c", "#e0a458", "#8a9a9c"]
COMPARED = ("ndcg", "recall", "hit", "mrr")


def ranking_charts(found: RankingEvaluation) -> dict[str, tuple[str, alt.LayerChart]]:
    """Return every chart that an evaluation of lists has: name -> what it shows, and the chart."""
    charts = {
        "baselines": ("The model and the simplest baselines", beside_baselines(found)),
        "hits-by-length": ("Hit rate of shorter lists", hits_by_length(found)),
    }
    if found.calibration is not None:
        charts["calibration"] = (
            "Calibration: how often items were taken, against what was said",
            honest_on_the_diagonal(found.calibration, x="said", y="taken", unit="items"),
        )
    return charts


def beside_baselines(found: RankingEvaluation) -> alt.LayerChart:
    """Return figures with their intervals, whoever made the lists beside each other."""
    words = figure_words(found)
    frame = pd.DataFrame(
        [
            (words[each.name], _maker(found, each.of), each.value, each.low, each.high)
            for each in found.figures
            if each.name in COMPARED
        ],
        columns=["figure", "lists", "value", "low", "high"],
    )
    base = alt.Chart(frame).encode(
        x=alt.X("figure:N", title=None, sort=list(words.values()), axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("lists:N", sort=_makers(found)),
        color=_colour(found),
        tooltip=["lists:N", "figure:N", *_tooltips("value", "low", "high")],
    )
    bars = base.mark_bar(opacity=0.85).encode(y=alt.Y("value:Q", title=None))
    margins = base.mark_rule(strokeWidth=2).encode(
        y=alt.Y("low:Q", title=None), y2="high:Q", color=alt.value("#17252a")
    )
    return sized(alt.layer(bars, margins))


def hits_by_length(found: RankingEvaluation) -> alt.LayerChart:
    """Return the share of groups that find something among the first places of their list."""
    frame = found.by_length.assign(lists=[_maker(found, of) for of in found.by_length["of"]])
    lines = (
        alt.Chart(frame)
        .mark_line(point=True)
        .encode(
            x=alt.X("length:Q", title="first places", axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("hit:Q", title="groups with a hit", axis=alt.Axis(format=".0%")),
            color=_colour(found),
            tooltip=["lists:N", "length:Q", *_tooltips("hit", "recall")],
        )
    )
    return sized(alt.layer(lines))


def _tooltips(*names: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{name}:Q", format=".3f") for name in names]


def _maker(found: RankingEvaluation, of: str) -> str:
    return BASELINES.get(of, found.model)


def _makers(found: RankingEvaluation) -> list[str]:
    return [found.model, *BASELINES.values()]


def _colour(found: RankingEvaluation) -> alt.Color:
    scale = alt.Scale(domain=_makers(found), range=COLOURS)
    legend = alt.Legend(orient="bottom", columns=2, labelLimit=240)
    return alt.Color("lists:N", scale=scale, title=None, legend=legend)
