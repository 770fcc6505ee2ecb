"""Figures of lines, printed: all pictures, by the number of lines, and the worst."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deepfield.domain import Domain
from deepfield.evaluation import PolylineEvaluation
from deepfield.evaluation.page import number
from deepfield.evaluation.polylines.words import own_figures, worst_rows

__all__ = ["lines_source", "show_polylines"]

SHOWN = 5


def lines_source(domain: Domain) -> str:
    """Say for help what a source is that tells the lines in pictures."""
    image = domain.inputs.image
    return (
        "SOURCE is a label file, which has a JSON object with raw_file, lanes and h_samples in "
        "each line, its pictures from its own folder on; a folder or .zip with such files; or a "
        f"table with the columns {image.name if image else 'image'} (paths), lanes and h_samples."
    )


def show_polylines(found: PolylineEvaluation) -> None:
    """Print the figures, those of pictures with so many lines, and the worst pictures."""
    console = Console()
    table = Table("figure", "value", "95 % interval", box=box.SIMPLE_HEAD, pad_edge=False)
    for row in own_figures(found):
        table.add_row(*row)
    console.print(table)
    head: tuple[str, ...] = ("labelled lines", "pictures", "accuracy", "F1")
    numbers = Table(*head, box=box.SIMPLE_HEAD, pad_edge=False)
    values = found.by_number[["lines", "pictures", "accuracy", "f1"]].to_numpy()
    for lines, pictures, accuracy, f1 in values:
        numbers.add_row(f"{lines:.0f}", f"{pictures:,.0f}", number(accuracy), number(f1))
    console.print(numbers)
    worst = worst_rows(found, SHOWN)
    if worst:
        head = ("worst pictures", "labelled", "drawn", "accuracy", "FP", "FN")
        shown = Table(*head, box=box.SIMPLE_HEAD, pad_edge=False)
        for name, *cells in worst:
            shown.add_row(escape(name), *cells)
        console.print(shown)
