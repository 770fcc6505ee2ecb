"""An evaluation of lines as one HTML page, the worst pictures in it."""

from __future__ import annotations

import base64
from html import escape

from deepfield.evaluation.page import aside, figures_in, number, page, table
from deepfield.evaluation.polylines.drawings import LEGEND
from deepfield.evaluation.polylines.plots import polyline_charts
from deepfield.evaluation.polylines.result import PolylineEvaluation
from deepfield.evaluation.polylines.words import own_figures, protocol, worst_rows

__all__ = ["as_html", "conditions"]


def as_html(found: PolylineEvaluation) -> str:
    """Return one page with every number, chart and picture in it: no script, nothing fetched."""
    said = [note for note in (conditions(found), *found.notes) if note]
    notes = "".join(f"<p class='quiet'>{escape(note)}</p>" for note in said)
    trust = ", ".join(f"{share:.1%} {name}" for name, share in found.trust.items())
    return page(
        f"Evaluation of {found.model}",
        f"""<p>{escape(found.domain)}, version {found.model_hash[:12]}, on
{escape(found.source)}: {found.rows:,} pictures. {len(found.rejected):,} rows were set aside.
Trust: {trust}.</p>
<p>{escape(protocol(found))}</p>
{notes}
<h2>Figures</h2>
<p class="quiet">With 95 % intervals from 1,000 bootstrap resamples of
{"whole groups" if found.by_group else "the pictures"}.</p>
{table(("figure", "value", "95 % interval"), own_figures(found))}
<h2>By the number of labelled lines</h2>
{table(("lines", "pictures", "accuracy", "F1"), _by_number(found))}
<h2>Charts</h2>
{figures_in(polyline_charts(found))}
{_worst(found)}
{aside(found.rejected)}""",
    )


def conditions(found: PolylineEvaluation) -> str:
    """Say which options were not left at their defaults, or nothing."""
    options = ", ".join(f"{name} {value}" for name, value in found.options.items())
    return f"Options other than the defaults: {options}." if options else ""


def _by_number(found: PolylineEvaluation) -> list[tuple[str, ...]]:
    values = found.by_number[["lines", "pictures", "accuracy", "f1"]].to_numpy()
    return [
        (f"{lines:.0f}", f"{pictures:,.0f}", number(accuracy), number(f1))
        for lines, pictures, accuracy, f1 in values
    ]


def _worst(found: PolylineEvaluation) -> str:
    rows = worst_rows(found)
    if not rows:
        return ""
    drawn = "".join(
        f"<figure><figcaption>{escape(each.title)}</figcaption>"
        f"<img alt='{escape(each.title, quote=True)}' "
        f"src='data:image/jpeg;base64,{base64.b64encode(each.jpeg).decode()}'></figure>"
        for each in found.drawings
    )
    return (
        "<h2>The worst pictures</h2>"
        + (f"<p class='quiet'>{LEGEND}</p>{drawn}" if drawn else "")
        + table(("picture", "labelled", "drawn", "accuracy", "FP", "FN"), rows)
    )
