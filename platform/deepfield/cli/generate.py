"""``deepfield generate``: rows that a dataset of our own making makes up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deepfield.cli.domains import flags_of, given
from deepfield.dataset import SimulatedDataset
from deepfield.domain import read_options
from deepfield.errors import NotFoundError
from deepfield.generating import KINDS, save_rows
from deepfield.plugins import Registry

__all__ = ["generate"]


class DatasetCommands(click.Group):
    """``deepfield generate DATASET …``: one subcommand for each dataset that makes rows."""

    @cached_property
    def simulators(self) -> dict[str, SimulatedDataset]:
        found = Registry.discover().datasets.items()
        return {name: each for name, each in sorted(found) if isinstance(each, SimulatedDataset)}

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.simulators)

    def get_command(self, context: click.Context, name: str) -> click.Command:
        if name not in self.simulators:
            error = NotFoundError.among("dataset that makes rows", name, self.simulators)
            raise click.UsageError(str(error), context)
        return make(self.simulators[name])

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, each.card.title) for name, each in self.simulators.items()]
        if rows:
            with formatter.section("Datasets"):
                formatter.write_dl(rows)


def make(dataset: SimulatedDataset) -> click.Command:
    return click.Command(
        dataset.name,
        callback=lambda **values: run(dataset, **values),
        params=[
            click.Option(
                ["--output", "-o"],
                type=click.Path(path_type=Path, file_okay=False),
                required=True,
                help="a folder for the table and, where there are any, its pictures",
            ),
            click.Option(
                ["--rows", "-n"],
                type=click.IntRange(1),
                default=dataset.usual_rows,
                show_default=True,
                help="how many",
            ),
            click.Option(
                ["--seed"],
                type=click.IntRange(0),
                default=0,
                show_default=True,
                help="the same seed makes the same rows",
            ),
            click.Option(
                ["--format", "kind"],
                type=click.Choice(KINDS),
                default="csv",
                show_default=True,
                help="of the table: rows.csv, rows.parquet or rows.jsonl",
            ),
            click.Option(["--quiet", "-q"], is_flag=True, help="no progress bar, no summary"),
            click.Option(["--overwrite"], is_flag=True, help="replace what is in the folder"),
            *flags_of(dataset.Options.model_fields),
        ],
        help=f"""{dataset.card.summary}

        \b
        Example:
          deepfield generate {dataset.name} --rows {dataset.usual_rows} --seed 1 --output made/
        """,
        epilog=" ".join(dataset.card.traps) or None,
    )


def run(
    dataset: SimulatedDataset,
    output: Path,
    rows: int,
    seed: int,
    kind: str,
    quiet: bool,
    overwrite: bool,
    **values: Any,
) -> None:
    options = read_options(dataset.Options, given(values), f"dataset {dataset.name!r}")
    made = dataset.chunks(rows, seed, options)
    with progress(dataset.name, rows, quiet) as show:
        table = save_rows(made, output, overwrite, kind, show)
    if not quiet:
        click.echo(f"Made {rows:,} rows -> {table}", err=True)


@contextmanager
def progress(name: str, rows: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error while rows are made, if a person is looking."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
    )
    with bar:
        task = bar.add_task(name, total=rows)
        yield lambda done: bar.update(task, completed=done)


generate = DatasetCommands(
    "generate",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Make up rows to try things out with: nobody's data.

    \b
    Example:
      deepfield generate synthetic-chest-xray --rows 8 --output made/
    """,
)
