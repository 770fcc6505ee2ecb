"""``deepfield runs``: the history."""

from __future__ import annotations

import click

from deepfield.cli.output import as_json_flag, print_json, show
from deepfield.history import History

__all__ = ["runs"]


@click.command()
@click.argument("id", required=False)
@click.option("--forget", is_flag=True, help="remove the run and the results that it kept")
@click.option("--domain", help="only runs of this domain")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1))
@as_json_flag
def runs(id: str | None, forget: bool, domain: str | None, limit: int, as_json: bool) -> None:
    """List the latest runs, or show one by its ID (or the beginning of it).

    Runs of the command line, of Python and of the dashboard are all here.

    \b
    Examples:
      deepfield runs
      deepfield runs 3f9c
      deepfield runs 3f9c --forget
      deepfield runs --domain medical-imaging --json
    """
    history = History()
    if forget:
        if id is None:
            raise click.UsageError("--forget needs a run: deepfield runs ID --forget")
        history.forget(id)
        return
    if id is not None:
        run = vars(history.get(id))
        if as_json:
            print_json(run)
        else:
            for name, value in run.items():
                click.echo(f"{name:>14}  {'' if value is None else value}")
        return
    found = [vars(run) for run in history.list(domain, limit)]
    if as_json:
        print_json(found)
        return
    rows = [
        {
            "run": run["id"],
            "started (UTC)": run["started"][:16].replace("T", " "),
            "domain": run["domain"],
            "source": run["source"],
            "status": run["status"],
            "rows": run["rows_out"],
            "aside": run["rows_rejected"],
            "seconds": round(run["seconds"], 1),
        }
        for run in found
    ]
    show(rows, "No runs yet. Try: deepfield score medical-imaging xrays/ -o scored.csv")
