"""Parts that every report on a page has: its style, numbers, charts as pictures, rows set aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import altair as alt
import pandas as pd
import vl_convert

from deepfield.evaluation.resampling import Figure

__all__ = ["aside", "figures_in", "interval", "number", "page", "png", "table"]

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #17252a; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid #d5e0df; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1.5rem 2rem 1.5rem 0; display: inline-block; vertical-align: top; }
figcaption { font-weight: 600; margin-bottom: .4rem; }
.quiet { color: #5a6b6e; }
"""


def page(title: str, body: str) -> str:
    """Return a whole page: no script, nothing fetched.

    Args:
        title: plain text; ``body`` is HTML.
    """
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<title>{escape(title)}</title><style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1>
{body}
</body></html>
"""


def number(value: float) -> str:
    """Return a figure as it is shown: three decimals, or a dash where it cannot be told."""
    return "–" if pd.isna(value) else f"{value:.3f}"


def interval(figure: Figure) -> str:
    """Return a figure's 95 % interval as it is shown, or a dash where there is none."""
    if pd.isna(figure.low) or pd.isna(figure.high):
        return "–"
    return f"{number(figure.low)} – {number(figure.high)}"


def figures_in(charts: Mapping[str, tuple[str, alt.LayerChart]]) -> str:
    """Return charts with what they show as HTML."""
    return "\n".join(
        f"<figure><figcaption>{escape(title)}</figcaption>{_svg(chart)}</figure>"
        for title, chart in charts.values()
    )


def aside(rejected: pd.DataFrame) -> str:
    """Return the rows that were set aside, with their reasons, as HTML."""
    if rejected.empty:
        return ""
    lines = "".join(
        f"<tr><td class=n>{row.row}</td><td>{escape(str(row.source))}</td>"
        f"<td>{escape(str(row.reason))}</td></tr>"
        for row in rejected.head(100).itertuples()
    )
    more = f"<p>and {len(rejected) - 100:,} more</p>" if len(rejected) > 100 else ""
    return (
        "<h2>Set aside</h2><table><tr><th>row</th><th>source</th><th>reason</th></tr>"
        f"{lines}</table>{more}"
    )


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table as HTML; what is a number stands to the right."""
    names = "".join(f"<th>{name}</th>" for name in head)
    lines = "".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows)
    return f"<table><tr>{names}</tr>{lines}</table>"


def png(chart: alt.TopLevelMixin) -> bytes:
    """Return a chart as a picture."""
    return vl_convert.vegalite_to_png(_whole(chart), scale=2)


def _svg(chart: alt.LayerChart) -> str:
    return vl_convert.vegalite_to_svg(_whole(chart))


def _whole(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Return a chart with all its rows: the matrix of 72 classes has more than Altair's 5,000."""
    with alt.data_transformers.enable("default", max_rows=None):
        return chart.to_dict()


def _cell(value: str) -> str:
    kind = " class=n" if value[:1] in "+-–−" or value[:1].isdigit() else ""
    return f"<td{kind}>{escape(value)}</td>"
