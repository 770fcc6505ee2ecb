"""``deepfield evaluate``: labelled rows in, figures with intervals out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from deepfield.cli.domains import (
    DomainCommands,
    given,
    label_flag,
    labelled_source,
    map_flag,
    option_flags,
)
from deepfield.cli.output import print_json
from deepfield.cli.polylines import lines_source, show_polylines
from deepfield.cli.ranking import show_ranking
from deepfield.cli.score import common_flags
from deepfield.columns import read_columns
from deepfield.domain import Domain, ranked_output
from deepfield.evaluation import Evaluation, PolylineEvaluation, RankingEvaluation
from deepfield.evaluation import evaluate as evaluate_model
from deepfield.evaluation.measuring import read_mapping
from deepfield.evaluation.polylines.measuring import lines_output
from deepfield.evaluation.polylines.words import protocol as of_lines
from deepfield.evaluation.ranking.words import protocol as of_lists
from deepfield.evaluation.report import (
    FIGURE_WORDS,
    Found,
    check_report,
    conditions,
    interval,
    number,
    write_report,
)
from deepfield.formats import Formats
from deepfield.labelled import find_path
from deepfield.loading import load_model

__all__ = ["evaluate"]


def make(domain: Domain, formats: Formats) -> click.Command:
    pictures = domain.inputs.image is not None
    example = "films/" if pictures else "rows.csv"
    ranked = ranked_output(domain.inputs, domain.outputs)
    grouped = click.Option(
        ["--group"],
        help="column of what belongs together, such as the patient's number: intervals "
        "then draw whole groups",
    )
    about_labels = [
        label_flag(domain),
        grouped,
        map_flag(domain, "; or what a label of yours is called by the model"),
    ]
    mapped = f"{example} --map Healthy=normal"
    if ranked is not None:
        about_labels = [map_flag(domain)]
        mapped = f"log.csv --map {ranked.of}=COLUMN"
    truth, about_source = "labelled data", labelled_source(domain)
    if ranked is not None:
        truth = "what was taken next"
    elif lines_output(domain.outputs) is not None:
        truth, about_source = "pictures whose lines are known", lines_source(domain)
        about_labels, example = [grouped, map_flag(domain)], "labels.json"
        mapped = "pictures/ --group drive"
    return click.Command(
        domain.name,
        callback=lambda **values: run(domain, formats, **values),
        params=[
            click.Argument(["source"], required=True),
            *about_labels,
            click.Option(
                ["--report"],
                type=click.Path(path_type=Path),
                help="one .html page, one .png, or a folder of PNG files and figures.json",
            ),
            click.Option(["--overwrite"], is_flag=True, help="replace the report if it exists"),
            click.Option(["--json", "as_json"], is_flag=True, help="print figures as JSON"),
            *option_flags(domain, formats),
            *common_flags(),
        ],
        help=f"""Say how good a model of {domain.name} is on {truth}.

        {about_source}

        \b
        Examples:
          deepfield evaluate {domain.name} {example}
          deepfield evaluate {domain.name} {example} --model mine --report report.html
          deepfield evaluate {domain.name} {mapped}
        """,
        epilog="Rows that cannot be read are set aside, each with its reason in the report; the "
        "exit code is then 3.",
    )


evaluate = DomainCommands(
    "evaluate",
    make=make,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Say how good a model is on labelled data: figures with 95 % intervals, calibration,
    risk and coverage, confusion matrix; printed, and as a report.

    \b
    Examples:
      deepfield evaluate medical-imaging films/ --report report.html
      deepfield evaluate medical-imaging --help
    """,
)


def run(
    domain: Domain,
    formats: Formats,
    source: str,
    mapping: tuple[str, ...],
    report: Path | None,
    overwrite: bool,
    as_json: bool,
    model: str | None,
    device: str,
    quiet: bool,
    label: str | None = None,
    group: str | None = None,
    **values: Any,
) -> None:
    # What begins with a field's name says which column that is; all else is about labels.
    fields = [each for each in mapping if each.partition("=")[0].strip() in domain.inputs.names]
    columns = read_columns(fields)
    meant = read_mapping(each for each in mapping if each not in fields)
    if report is not None:
        check_report(report, overwrite)
    find_path(source)  # a wrong path is said before a model is loaded
    loaded = load_model(domain, model, device, formats)
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
        task = bar.add_task(domain.name, total=None)
        found = evaluate_model(
            loaded,
            source,
            label=label,
            group=group,
            mapping=meant,
            columns=columns,
            options=given(values),
            on_progress=lambda done: bar.update(task, completed=done.done, total=done.total),
        )
    if as_json:
        print_json(found.to_json())
    elif isinstance(found, RankingEvaluation):
        show_ranking(found)
    elif isinstance(found, PolylineEvaluation):
        show_polylines(found)
    else:
        show(found)
    if report is not None:
        write_report(found, report)
    if not quiet:
        said(found, report)
    raise SystemExit(3 if len(found.rejected) else 0)


def show(found: Evaluation) -> None:
    """Print the figures of all classes, of each, and the confusion matrix."""
    console = Console()
    table = Table("figure", "value", "95 % interval", box=box.SIMPLE_HEAD, pad_edge=False)
    overall = {each.name: each for each in found.figures if not each.of}
    for name, words in FIGURE_WORDS.items():
        if name in overall:
            each = overall[name]
            table.add_row(words, number(each.value), interval(each))
    console.print(table)
    names = [
        name
        for name in ("sensitivity", "specificity", "precision", "f1", "auc")
        if any(each.name == name and each.of for each in found.figures)
    ]
    by_class = Table("class", "rows", *names, box=box.SIMPLE_HEAD, pad_edge=False)
    for of in found.classes:
        cells = [number(found.figure(name, of).value) for name in names]
        by_class.add_row(escape(of), f"{found.counts[of]:,}", *cells)
    console.print(by_class)
    called = [escape(name) for name in found.classes]
    matrix = Table("truth, called →", *called, box=box.SIMPLE_HEAD, pad_edge=False)
    for name, row in zip(called, found.confusion.to_numpy(), strict=True):
        matrix.add_row(name, *(f"{cell:,}" for cell in row))
    console.print(matrix)


def said(found: Found, report: Path | None) -> None:
    """Say on standard error what the figures do not."""
    shares = ", ".join(f"{share:.1%} {name}" for name, share in found.trust.items())
    click.echo(f"{found.rows:,} rows of {found.source}, by {found.model}: {shares}.", err=True)
    told = ""
    if isinstance(found, RankingEvaluation):
        told = of_lists(found)
    elif isinstance(found, PolylineEvaluation):
        told = of_lines(found)
    for note in (told, conditions(found), *found.notes):
        if note:
            click.echo(note, err=True)
    if len(found.rejected):
        click.echo(f"{len(found.rejected):,} rows were set aside:", err=True)
        for row in found.rejected.head(5).itertuples():
            click.echo(f"  row {row.row}, {row.source}: {row.reason}", err=True)
        if len(found.rejected) > 5:
            click.echo(f"  and {len(found.rejected) - 5:,} more", err=True)
    if report is not None:
        click.echo(f"Report -> {report}", err=True)
