"""What came of a fit: said on standard error, and as JSON for programs."""

from __future__ import annotations

from typing import Any

import click

from deepfield.domain import Domain
from deepfield.evaluation import Inventory, RankingEvaluation, Survey
from deepfield.evaluation.ranking.baselines import BASELINES
from deepfield.evaluation.ranking.words import best_baseline, own_figures
from deepfield.evaluation.report import FIGURE_WORDS, interval, number
from deepfield.fitting import Fitted

__all__ = ["report", "summary"]

MAIN = ("accuracy", "auc", "average_precision", "ece", "answered")
FIRST = 5
"""Files set aside that are named."""


def report(domain: Domain, fitted: Fitted) -> None:
    """Say on standard error what came of a fit."""

    def say(text: str) -> None:
        click.echo(text, err=True)

    sizes, found = fitted.sizes, fitted.evaluation
    if isinstance(found, Inventory):
        _documents(fitted, found)
    else:
        say(
            f"Fitted {fitted.name!r} to {sizes['training']:,} rows, chose by "
            f"{sizes['validation']:,}, measured on {sizes['test']:,} held-out ones -> "
            f"{fitted.folder.path}"
        )
    if isinstance(found, Survey):
        say(f"  No label says what is true of them. {found.words}")
    elif isinstance(found, RankingEvaluation):
        for words, value, margins in own_figures(found)[:4]:
            say(f"  {words}: {value} (95 %: {margins})")
        best = best_baseline(found)
        lead = found.lead("ndcg", best)
        say(
            f"  ahead of the best baseline, {BASELINES[best]}, by {lead.value:+.3f} NDCG "
            f"(95 %: {interval(lead)})"
        )
        for note in found.notes:
            say(f"  {note}")
    elif not isinstance(found, Inventory):
        for each in found.figures:
            if not each.of and each.name in MAIN:
                say(f"  {FIGURE_WORDS[each.name]}: {number(each.value)} (95 %: {interval(each)})")
    if fitted.duplicates:
        say(f"{fitted.duplicates:,} pictures were there twice and counted once.")
    if fitted.rejected:
        what = "files" if isinstance(found, Inventory) else "rows"
        say(f"{fitted.rejected:,} {what} were set aside in {fitted.folder.path / 'rejected.csv'}")
    say(f"Use it: deepfield score {domain.name} SOURCE --model {fitted.name}")


def _documents(fitted: Fitted, found: Inventory) -> None:
    """Say which documents were read, and why others were not."""
    click.echo(f"Fitted {fitted.name!r}: {found.words} -> {fitted.folder.path}", err=True)
    click.echo(
        "  Nothing is held out of documents, so no figure says how often it is right.", err=True
    )
    if found.left_alone:
        click.echo(
            f"  {found.left_alone:,} other files were left alone: they are of other kinds.",
            err=True,
        )
    for row in found.rejected.head(FIRST).itertuples():
        click.echo(f"  {row.source}: {row.reason}", err=True)


def summary(domain: Domain, fitted: Fitted) -> dict[str, Any]:
    of_rows: dict[str, Any] = {"rows": fitted.sizes, "duplicates": fitted.duplicates}
    if isinstance(fitted.evaluation, Inventory):
        of_rows = {"files": fitted.evaluation.files}
    return {
        "domain": domain.name,
        "model": fitted.name,
        "folder": str(fitted.folder.path),
        "model_hash": fitted.folder.hash,
        **of_rows,
        "rejected": fitted.rejected,
        "evaluation": fitted.evaluation.to_json(),
    }
