"""An evaluation as one HTML page, as PNG files, or as one PNG: nothing in it asks any server."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

import altair as alt

from deepfield.errors import DeepfieldError, UsageError
from deepfield.evaluation.page import aside, figures_in, interval, number, page, png
from deepfield.evaluation.plots import all_charts
from deepfield.evaluation.polylines import report as of_lines
from deepfield.evaluation.polylines.plots import polyline_charts
from deepfield.evaluation.polylines.result import PolylineEvaluation
from deepfield.evaluation.ranking import report as of_lists
from deepfield.evaluation.ranking.plots import ranking_charts
from deepfield.evaluation.ranking.result import RankingEvaluation
from deepfield.evaluation.result import Evaluation

__all__ = [
    "FIGURE_WORDS",
    "Found",
    "as_html",
    "charts_of",
    "check_report",
    "conditions",
    "interval",
    "number",
    "write_report",
]

Found = Evaluation | RankingEvaluation | PolylineEvaluation
"""What an evaluation comes to, whatever is the truth."""

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


def charts_of(
    evaluation: Found,
) -> dict[str, tuple[str, alt.LayerChart]]:
    """Return every chart that an evaluation has: name -> what it shows, and the chart."""
    if isinstance(evaluation, RankingEvaluation):
        return ranking_charts(evaluation)
    if isinstance(evaluation, PolylineEvaluation):
        return polyline_charts(evaluation)
    return all_charts(evaluation)


def write_report(evaluation: Found, path: Path) -> None:
    """Write a report: one HTML page, one PNG of all charts, or a folder of PNGs and figures.json.

    Raises:
        DeepfieldError: if it cannot be written.
    """
    try:
        if path.suffix == "":
            path.mkdir(parents=True, exist_ok=True)
            for name, (_, chart) in charts_of(evaluation).items():
                (path / f"{name}.png").write_bytes(png(chart))
            (path / "figures.json").write_text(
                json.dumps(evaluation.to_json(), indent=2, ensure_ascii=False) + "\n",
                encoding="utf-8",
            )
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            titled = [
                chart.properties(title=title) for title, chart in charts_of(evaluation).values()
            ]
            whole = alt.concat(*titled, columns=2).resolve_scale(
                color="independent", size="independent"
            )
            path.write_bytes(png(whole))
        else:
            path.write_text(as_html(evaluation), encoding="utf-8")
    except OSError as error:
        raise DeepfieldError(f"Cannot write {str(path)!r}: {error.strerror}.") from error


def as_html(evaluation: Found) -> str:
    """Return one page with every number and chart in it: no script, nothing fetched."""
    if isinstance(evaluation, RankingEvaluation):
        return of_lists.as_html(evaluation)
    if isinstance(evaluation, PolylineEvaluation):
        return of_lines.as_html(evaluation)
    said = [note for note in (conditions(evaluation), *evaluation.notes) if note]
    notes = "".join(f"<p class='quiet'>{escape(note)}</p>" for note in said)
    trust = ", ".join(f"{share:.1%} {name}" for name, share in evaluation.trust.items())
    counts = ", ".join(f"{count:,} {name}" for name, count in evaluation.counts.items())
    return page(
        f"Evaluation of {evaluation.model}",
        f"""<p>{escape(evaluation.domain)}, version {evaluation.model_hash[:12]}, on
{escape(evaluation.source)}: {evaluation.rows:,} rows ({escape(counts)}).
{len(evaluation.rejected):,} rows were set aside. Trust: {trust}.</p>
{notes}
<h2>Figures</h2>
<p class="quiet">With 95 % intervals from 1,000 bootstrap resamples of
{"whole groups" if evaluation.by_group else "the rows"}.</p>
{_figures(evaluation)}
{_by_class(evaluation)}
<h2>Charts</h2>
{figures_in(all_charts(evaluation))}
{aside(evaluation.rejected)}""",
    )


def conditions(evaluation: Found) -> str:
    """Say what it was measured with beyond the defaults: options and mapped labels, or nothing."""
    if isinstance(evaluation, RankingEvaluation):
        return of_lists.conditions(evaluation)
    if isinstance(evaluation, PolylineEvaluation):
        return of_lines.conditions(evaluation)
    options = ", ".join(f"{name} {value}" for name, value in evaluation.options.items())
    meant = ", ".join(f"{label!r} as {name!r}" for label, name in evaluation.mapping.items())
    said = []
    if options:
        said.append(f"Options other than the defaults: {options}.")
    if meant:
        said.append(f"Labels taken: {meant}.")
    return " ".join(said)


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
