"""``deepfield generate``: rows that a dataset of our own making makes up."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import click

from deepfield.cli.domains import flags_of, given
from deepfield.dataset import SimulatedDataset
from deepfield.errors import NotFoundError
from deepfield.generating import save_rows
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
                help="a folder for rows.csv and, where there are any, its pictures",
            ),
            click.Option(
                ["--rows", "-n"],
                type=click.IntRange(1),
                default=8,
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
            click.Option(["--overwrite"], is_flag=True, help="replace what is in the folder"),
            *flags_of(dataset.Options.model_fields),
        ],
        help=f"""{dataset.card.summary}

        \b
        Example:
          deepfield generate {dataset.name} --rows 8 --seed 1 --output made/
        """,
        epilog=" ".join(dataset.card.traps) or None,
    )


def run(
    dataset: SimulatedDataset, output: Path, rows: int, seed: int, overwrite: bool, **values: Any
) -> None:
    options = dataset.Options.model_validate(given(values))
    table = save_rows(dataset.generate(rows, seed, options), output, overwrite)
    click.echo(f"Made {rows:,} rows -> {table}", err=True)


generate = DatasetCommands(
    "generate",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Make up rows to try things out with: nobody's data.

    \b
    Example:
      deepfield generate synthetic-chest-xray --rows 8 --output made/
    """,
)
