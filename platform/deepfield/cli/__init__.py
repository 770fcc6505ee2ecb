"""The command ``deepfield``: thin commands over the same calls that Python has."""

from __future__ import annotations

import logging
import sys
from importlib import import_module

import click

from deepfield import __version__
from deepfield.errors import DeepfieldError, UsageError

__all__ = ["main"]

COMMANDS = {
    "domains": ("deepfield.cli.listing", "What is installed, and what failed to load"),
    "models": ("deepfield.cli.listing", "The models of a domain, their cards and figures"),
    "datasets": ("deepfield.cli.listing", "Datasets that plugins know: source, licence, traps"),
    "generate": ("deepfield.cli.generate", "Make up rows to try things out with"),
    "score": ("deepfield.cli.score", "Score files, folders, archives and tables"),
    "explain": ("deepfield.cli.explain", "Say and show what carried each answer"),
    "fit": ("deepfield.cli.fit", "Fit a domain's model to your own labelled data"),
    "evaluate": ("deepfield.cli.evaluate", "Say how good a model is on labelled data"),
    "runs": ("deepfield.cli.runs", "What was scored before"),
    "selftest": ("deepfield.cli.selftest", "Recompute every golden row of every model"),
    "dashboard": ("deepfield.cli.dashboard", "Open the dashboard in a browser"),
}


class Commands(click.Group):
    """Import a command when it is called, so that help answers at once."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        return getattr(import_module(COMMANDS[name][0]), name)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all rows, 3 some rows were set aside, 1 failed, 2 wrong usage, "
    "130 stopped by Ctrl-C.",
)
@click.version_option(__version__, prog_name="deepfield")
def deepfield() -> None:
    """Deep learning for every field, from a table to a table.

    \b
    Try it:
      deepfield domains
      deepfield score medical-imaging xrays/ --output scored.csv
      deepfield explain medical-imaging xray.png --output why/
      deepfield fit medical-imaging films/ --name mine
      deepfield evaluate medical-imaging films/ --model mine --report report.html
      deepfield dashboard
    """


def main() -> None:
    """Run the command; show what a person can act on as one sentence, and bugs as they are."""
    handler = logging.StreamHandler()  # to standard error
    logging.getLogger("deepfield").addHandler(handler)
    logging.getLogger("deepfield").setLevel(logging.INFO)
    try:
        code = deepfield.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 2
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped.", err=True)
        code = 130
    except DeepfieldError as error:
        click.echo(f"deepfield: {error}", err=True)
        code = 2 if isinstance(error, UsageError) else 1
    sys.exit(code or 0)
