"""How commands print lists: a table for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = ["as_json_flag", "show"]

as_json_flag = click.option("--json", "as_json", is_flag=True, help="print JSON, for programs")


def show(rows: Sequence[dict[str, Any]], empty: str) -> None:
    """Print records of the same keys as a table; the first column is what one types elsewhere."""
    if not rows:
        click.echo(empty)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    columns = list(rows[0])
    for place, column in enumerate(columns):
        table.add_column(column, no_wrap=place == 0, style="bold" if place == 0 else "")
    for row in rows:
        table.add_row(*(escape(_text(row[column])) for column in columns))
    Console().print(table)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else str(value)
