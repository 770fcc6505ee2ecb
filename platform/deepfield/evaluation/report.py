"""An evaluation as one HTML page, as PNG files, or as one PNG: nothing in it asks any server."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import vl_convert

from deepfield.errors import DeepfieldError, UsageError
from deepfield.evaluation.plots import all_charts
from deepfield.evaluation.resampling import Figure
from deepfield.evaluation.result import Evaluation

__all__ = [
    "FIGURE_WORDS",
    "as_html",
    "check_report",
    "conditions",
    "interval",
    "number",
    "write_report",
]

FIGURE_WORDS = {
    "accuracy": "accuracy",
    "auc": "AUC",
    "average_precision": "average precision",
    "sensitivity": "sensitivity (recall)",
    "specificity": "specificity",
    "precision": "precision",
    "f1": "F1",
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced accuracy",
    "ece": "expected calibration error",
    "aurc": "area under the risk–coverage curve",
    "answered": "answered (trust is ok)",
    "error_when_answered": "wrong when answered",
}
"""Every figure's name for people, in the order in which they are shown."""

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


def check_report(path: Path, overwrite: bool = False) -> None:
    """Raise UsageError unless a report may be written there: .html, .png, or a folder."""
    if path.suffix not in (".html", ".png", ""):
        raise UsageError(
            f"Cannot write a report {str(path)!r}: end it in .html or .png, or name a folder."
        )
    taken = path / "figures.json" if path.suffix == "" else path
    if taken.exists() and not overwrite:
        raise UsageError(
            f"{str(taken)!r} exists already. Name another report, or allow overwriting."
        )


def write_report(evaluation: Evaluation, path: Path) -> None:
    """Write a report: one HTML page, one PNG of all charts, or a folder of PNGs and figures.json.

    Raises:
        DeepfieldError: if it cannot be written.
    """
    try:
        if path.suffix == "":
            path.mkdir(parents=True, exist_ok=True)
            for name, (_, chart) in all_charts(evaluation).items():
                (path / f"{name}.png").write_bytes(_png(chart))
            (path / "figures.json").write_text(
                json.dumps(evaluation.to_json(), indent=2, ensure_ascii=False) + "\n",
                encoding="utf-8",
            )
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            titled = [
                chart.properties(title=title) for title, chart in all_charts(evaluation).values()
            ]
            whole = alt.concat(*titled, columns=2).resolve_scale(
                color="independent", size="independent"
            )
            path.write_bytes(_png(whole))
        else:
            path.write_text(as_html(evaluation), encoding="utf-8")
    except OSError as error:
        raise DeepfieldError(f"Cannot write {str(path)!r}: {error.strerror}.") from error


def as_html(evaluation: Evaluation) -> str:
    """Return one page with every number and chart in it: no script, nothing fetched."""
    charts = "\n".join(
        f"<figure><figcaption>{escape(title)}</figcaption>{_svg(chart)}</figure>"
        for title, chart in all_charts(evaluation).values()
    )
    said = [note for note in (conditions(evaluation), *evaluation.notes) if note]
    notes = "".join(f"<p class='quiet'>{escape(note)}</p>" for note in said)
    trust = ", ".join(f"{share:.1%} {name}" for name, share in evaluation.trust.items())
    counts = ", ".join(f"{count:,} {name}" for name, count in evaluation.counts.items())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<title>Evaluation of {escape(evaluation.model)}</title><style>{STYLE}</style></head><body>
<h1>Evaluation of {escape(evaluation.model)}</h1>
<p>{escape(evaluation.domain)}, version {evaluation.model_hash[:12]}, on
{escape(evaluation.source)}: {evaluation.rows:,} rows ({escape(counts)}).
{len(evaluation.rejected):,} rows were set aside. Trust: {trust}.</p>
{notes}
<h2>Figures</h2>
<p class="quiet">With 95 % intervals from 1,000 bootstrap resamples of
{"whole groups" if evaluation.by_group else "the rows"}.</p>
{_figures(evaluation)}
{_by_class(evaluation)}
<h2>Charts</h2>
{charts}
{_aside(evaluation.rejected)}
</body></html>
"""


def conditions(evaluation: Evaluation) -> str:
    """Say what it was measured with beyond the defaults: options and mapped labels, or nothing."""
    options = ", ".join(f"{name} {value}" for name, value in evaluation.options.items())
    meant = ", ".join(f"{label!r} as {name!r}" for label, name in evaluation.mapping.items())
    said = []
    if options:
        said.append(f"Options other than the defaults: {options}.")
    if meant:
        said.append(f"Labels taken: {meant}.")
    return " ".join(said)


def number(value: float) -> str:
    """Return a figure as it is shown: three decimals, or a dash where it cannot be told."""
    return "–" if pd.isna(value) else f"{value:.3f}"


def interval(figure: Figure) -> str:
    """Return a figure's 95 % interval as it is shown, or a dash where there is none."""
    if pd.isna(figure.low) or pd.isna(figure.high):
        return "–"
    return f"{number(figure.low)} – {number(figure.high)}"


def _figures(evaluation: Evaluation) -> str:
    found = {each.name: each for each in evaluation.figures if not each.of}
    lines = "".join(
        f"<tr><td>{FIGURE_WORDS[name]}</td><td class=n>{number(found[name].value)}</td>"
        f"<td class=n>{interval(found[name])}</td></tr>"
        for name in FIGURE_WORDS
        if name in found
    )
    return f"<table><tr><th>figure</th><th>value</th><th>95 % interval</th></tr>{lines}</table>"


def _by_class(evaluation: Evaluation) -> str:
    names = [
        name
        for name in FIGURE_WORDS
        if any(each.name == name and each.of for each in evaluation.figures)
    ]
    head = "".join(f"<th>{FIGURE_WORDS[name]}</th>" for name in names)
    lines = ""
    for of in evaluation.classes:
        cells = [evaluation.figure(name, of) for name in names]
        lines += (
            f"<tr><td>{escape(of)}</td><td class=n>{evaluation.counts[of]:,}</td>"
            + "".join(
                f"<td class=n>{number(each.value)}<br>"
                f"<span class=quiet>{interval(each)}</span></td>"
                for each in cells
            )
            + "</tr>"
        )
    return (
        "<h2>By class, each against the rest</h2>"
        f"<table><tr><th>class</th><th>rows</th>{head}</tr>{lines}</table>"
    )


def _aside(rejected: pd.DataFrame) -> str:
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


def _svg(chart: alt.LayerChart) -> str:
    return vl_convert.vegalite_to_svg(_whole(chart))


def _png(chart: alt.TopLevelMixin) -> bytes:
    return vl_convert.vegalite_to_png(_whole(chart), scale=2)


def _whole(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Return a chart with all its rows: the matrix of 72 classes has more than Altair's 5,000."""
    with alt.data_transformers.enable("default", max_rows=None):
        return chart.to_dict()
