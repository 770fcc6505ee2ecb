"""``deepfield score``: rows in, rows out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from deepfield.cli.domains import DomainCommands, given, map_flag, option_flags, say_columns
from deepfield.cli.stopping import stoppable
from deepfield.columns import read_columns
from deepfield.domain import Domain
from deepfield.drawing import can_annotate
from deepfield.formats import Formats
from deepfield.labelled import find_path
from deepfield.loading import Model, load_model
from deepfield.results import Result
from deepfield.scoring import Batch, Job
from deepfield.sinks import nested_type, safe_for_spreadsheets, without_nesting
from deepfield.suggestion import suggest

__all__ = ["common_flags", "exit_code", "history_flag", "score", "watched"]


def common_flags() -> list[click.Option]:
    """Return the flags that every command with a model has."""
    return [
        click.Option(["--model", "-m"], help="which of the domain's models [default: the first]"),
        click.Option(
            ["--device"],
            type=click.Choice(["auto", "cpu", "cuda"]),
            default="auto",
            show_default=True,
            help="where the network runs",
        ),
        click.Option(["--quiet", "-q"], is_flag=True, help="no progress bar, no summary"),
    ]


def history_flag(domain: Domain) -> list[click.Option]:
    """Return the flag that names earlier rows, if the domain's rows have a history."""
    if not domain.inputs.group_by:
        return []
    shared = " or ".join(domain.inputs.group_by)
    return [
        click.Option(
            ["--history"],
            help=f"a table of earlier rows: those that share {shared} with rows of SOURCE are "
            "their past; they get no answers themselves",
        )
    ]


def annotated_flag(domain: Domain) -> list[click.Option]:
    """Return the flag that has answers drawn, if there is anything to draw."""
    if domain.inputs.image is None or not can_annotate(domain, domain.outputs):
        return []
    return [
        click.Option(
            ["--annotated"],
            type=click.Path(path_type=Path),
            help="draw the answers over the pictures: an .mp4 for one video, or a folder, which "
            "gets a PNG for each",
        )
    ]


def make(domain: Domain, formats: Formats) -> click.Command:
    pictures = domain.inputs.image is not None
    own = [each.suffix for each in formats.writers]
    example = "xrays/" if pictures else "rows.csv"
    needed = [each.name for each in domain.inputs if each.required]
    takes = (
        f"SOURCE is a picture ({', '.join(formats.suffixes)}), a folder, a glob (in quotes), a "
        ".zip, or a table with a column of paths."
        if pictures
        else f"SOURCE is a .csv, .tsv, .parquet or .jsonl file with the "
        f"column{'s' * (len(needed) > 1)} {', '.join(needed)}{_perhaps(domain)}."
    )
    return click.Command(
        domain.name,
        callback=lambda **values: run(domain, formats, **values),
        params=[
            click.Argument(["source"], required=True),
            click.Option(
                ["--output", "-o"],
                type=click.Path(path_type=Path, dir_okay=False),
                help=f"a {', '.join(['.csv', '.parquet', *own])} or .jsonl file "
                "[default: CSV to standard output]",
            ),
            *annotated_flag(domain),
            click.Option(["--overwrite"], is_flag=True, help="replace the output if it exists"),
            click.Option(
                ["--batch-size"],
                type=click.IntRange(1),
                help="rows a batch [default: found by measuring]",
            ),
            click.Option(
                ["--json", "as_json"],
                is_flag=True,
                help="JSON Lines to standard output; with --output, a summary as JSON",
            ),
            map_flag(domain),
            *history_flag(domain),
            *option_flags(domain, formats),
            *common_flags(),
        ],
        help=f"""{domain.question}

        {takes}

        \b
        Examples:
          deepfield score {domain.name} {example} --output scored.csv
          deepfield score {domain.name} {example} --json | head
        """,
        epilog="Rows that cannot be read are set aside in OUTPUT.rejected.csv, each with its "
        "reason; the others are served, and the exit code is 3.",
    )


def _perhaps(domain: Domain) -> str:
    names = [each.name for each in domain.inputs if not each.required]
    return f", and perhaps {', '.join(names)}" if names else ""


score = DomainCommands(
    "score",
    make=make,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Score every row of a source with a domain's model.

    \b
    Examples:
      deepfield score medical-imaging xrays/ --output scored.csv
      deepfield score medical-imaging --help
    """,
)


def run(
    domain: Domain,
    formats: Formats,
    source: str,
    output: Path | None,
    overwrite: bool,
    batch_size: int | None,
    as_json: bool,
    model: str | None,
    device: str,
    quiet: bool,
    mapping: tuple[str, ...],
    history: str | None = None,
    annotated: Path | None = None,
    **values: Any,
) -> None:
    columns = read_columns(mapping)
    for each in filter(None, (source, history)):
        find_path(each)  # a wrong path is said before a model is loaded
    printer = Printer(as_json) if output is None else None
    job = Job(
        load_model(domain, model, device, formats),
        source,
        history=history,
        columns=columns,
        options=given(values),
        output=output,
        annotated=annotated,
        overwrite=overwrite,
        batch_size=batch_size,
        on_batch=printer,
        face="command line",
    )
    say_columns(job.source.columns, quiet)
    if printer is not None:
        printer.when_closed = job.cancel
    with watched(job, quiet), stoppable(job.cancel):
        result = job.run()
    if output is not None and as_json:
        click.echo(json.dumps(summary(result)))
    if not quiet:
        report(result)
        advise(job.model, result, device)
    sys.exit(exit_code(result))


class Printer:
    """Print results as they come, so that a pipe can read while we score."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.header = True
        self.when_closed: Callable[[], None] = lambda: None

    def __call__(self, batch: Batch) -> None:
        rows = batch.results.reset_index()
        if self.as_json:
            for name in rows.columns:
                if nested_type(rows[name]) is not None:  # which pandas writes as text
                    rows[name] = rows[name].astype(object)
            text = rows.to_json(orient="records", lines=True, date_format="iso", force_ascii=False)
        else:
            text = safe_for_spreadsheets(without_nesting(rows)).to_csv(
                index=False, header=self.header
            )
            self.header = False
        if len(rows):
            try:
                click.echo(text, nl=False)
            except BrokenPipeError:  # `| head` has enough; that is no failure
                sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  (until the process ends)
                self.when_closed()


@contextmanager
def watched(job: Job, quiet: bool) -> Iterator[None]:
    """Show a bar on standard error while a job runs, if a person is looking."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("[yellow]{task.fields[aside]}"),
        console=console,
    )
    with bar:
        task = bar.add_task(job.model.domain.name, total=job.progress.total, rate="", aside="")

        def show(progress: Any) -> None:
            aside = f"{progress.rejected:,} set aside" if progress.rejected else ""
            bar.update(
                task,
                description=f"{job.model.domain.name}: {progress.stage}",
                completed=progress.done,
                total=progress.total,
                rate=f"{progress.rate:,.0f} rows/s",
                aside=aside,
            )

        job.on_progress = show
        yield


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def report(result: Result) -> None:
    """Say on standard error what came of a run."""
    run = result.run

    def say(text: str) -> None:
        click.echo(text, err=True)

    of = "Stopped after" if result.stopped else "Scored"
    rate = f", {run.rows_in / run.seconds:,.0f} a second" if run.seconds else ""
    where = f" -> {run.result}" if run.result else ""
    read = run.rows_in - run.rows_rejected
    what = _rows(run.rows_out)
    if read > run.rows_out:  # whole groups have one answer
        what = f"{_rows(read)} of {run.rows_out:,} groups"
    say(f"{of} {what} in {run.seconds:.1f} s{rate}{where}")
    if not run.rows_in and not result.stopped:
        say(f"{run.source} has no rows below its header: there was nothing to score.")
    if result.annotated is not None:
        say(f"Drawn over the pictures: {result.annotated}")
    if run.rows_rejected:
        say(
            f"{run.rows_rejected:,} of {run.rows_in:,} rows were set aside"
            + (f" in {run.rejected}:" if run.rejected else ":")
        )
        for row in result.rejected.head(5).itertuples():
            say(f"  row {row.row}, {row.source}: {row.reason}")
        if run.rows_rejected > 5:
            say(f"  and {run.rows_rejected - 5:,} more")
    if len(result.unread_history):
        first = result.unread_history.iloc[0]
        say(
            f"{_rows(len(result.unread_history))} of the history could not be read and left out; "
            f"the first: row {first['row']}, {first['reason']}"
        )
    if result.left_alone:
        say(f"{result.left_alone:,} other files were left alone: they are no pictures.")


def advise(model: Model, result: Result, device: str) -> None:
    """Name the model of the domain that knows rows which this one called unfamiliar."""

    def load(name: str) -> Model:
        return load_model(model.domain, name, device, model.formats)

    found = None if result.stopped else suggest(model, result.unfamiliar, load)
    if found is not None:
        click.echo(
            f"Of the first {found.tried} unfamiliar rows, the model {found.model!r} knows "
            f"{found.known}: --model {found.model}",
            err=True,
        )


def summary(result: Result) -> dict[str, Any]:
    run = result.run
    names = (
        "id",
        "domain",
        "model",
        "model_hash",
        "status",
        "rows_in",
        "rows_out",
        "rows_rejected",
        "seconds",
        "result",
        "rejected",
    )
    drawn = {} if result.annotated is None else {"annotated": str(result.annotated)}
    return {name: getattr(run, name) for name in names} | drawn


def exit_code(result: Result) -> int:
    """Return 0 all rows, 3 some set aside, 1 none served, 130 stopped."""
    if result.stopped:
        return 130
    if result.run.rows_rejected:
        return 3 if result.run.rows_out else 1
    return 0
