"""Figures of lists, printed: the model's own, and how far it is ahead of the baselines."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from deepfield.evaluation import RankingEvaluation
from deepfield.evaluation.ranking.words import beside_baselines, own_figures

__all__ = ["show_ranking"]


def show_ranking(found: RankingEvaluation) -> None:
    """Print the model's figures, then those of the baselines with the model's lead."""
    console = Console()
    table = Table("figure", "value", "95 % interval", box=box.SIMPLE_HEAD, pad_edge=False)
    for row in own_figures(found):
        table.add_row(*row)
    console.print(table)
    head = ("baseline", "figure", "value", "model ahead by", "95 % interval")
    compared = Table(*head, box=box.SIMPLE_HEAD, pad_edge=False)
    before = ""
    for of, *cells in beside_baselines(found):
        compared.add_row("" if of == before else of, *cells)
        before = of
    console.print(compared)
