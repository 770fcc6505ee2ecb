"""An evaluation of lists as one HTML page: nothing in it asks any server."""

from __future__ import annotations

from html import escape

from deepfield.evaluation.page import aside, figures_in, page, table
from deepfield.evaluation.ranking.plots import ranking_charts
from deepfield.evaluation.ranking.result import RankingEvaluation
from deepfield.evaluation.ranking.words import beside_baselines, own_figures, protocol

__all__ = ["as_html", "conditions"]


def as_html(found: RankingEvaluation) -> str:
    """Return one page with every number and chart in it: no script, nothing fetched."""
    said = [note for note in (conditions(found), *found.notes) if note]
    notes = "".join(f"<p class='quiet'>{escape(note)}</p>" for note in said)
    trust = ", ".join(f"{share:.1%} {name}" for name, share in found.trust.items())
    return page(
        f"Evaluation of {found.model}",
        f"""<p>{escape(found.domain)}, version {found.model_hash[:12]}, on
{escape(found.source)}: {found.rows:,} rows, {found.data["groups"]:,} {escape(found.key)} groups,
{found.data["items"]:,} {escape(found.of)} values. {len(found.rejected):,} rows were set aside.
Trust: {trust}.</p>
<p>{escape(protocol(found))}</p>
{notes}
<h2>Figures</h2>
<p class="quiet">With 95 % intervals from 1,000 bootstrap resamples of whole groups.</p>
{table(("figure", "value", "95 % interval"), own_figures(found))}
<h2>Beside the simplest baselines</h2>
{
            table(
                ("baseline", "figure", "value", "the model is ahead by", "95 % interval"),
                beside_baselines(found),
            )
        }
<h2>Charts</h2>
{figures_in(ranking_charts(found))}
{aside(found.rejected)}""",
    )


def conditions(found: RankingEvaluation) -> str:
    """Say which options were not left at their defaults, or nothing."""
    options = ", ".join(f"{name} {value}" for name, value in found.options.items())
    return f"Options other than the defaults: {options}." if options else ""
