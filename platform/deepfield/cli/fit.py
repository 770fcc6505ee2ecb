"""``deepfield fit``: a person's own rows or documents in, a model of their own out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from deepfield.cli.domains import (
    DomainCommands,
    flags_of,
    label_flag,
    labelled_source,
    map_flag,
    say_columns,
)
from deepfield.cli.fit_report import report, summary
from deepfield.cli.output import print_json
from deepfield.cli.stopping import stoppable
from deepfield.columns import read_columns
from deepfield.domain import Domain, ModelSpec, ranked_output
from deepfield.fitting import (
    FitProgress,
    Fitting,
    Stopped,
    file_endings,
    fit_bases,
    options_kind,
)
from deepfield.formats import Formats
from deepfield.loading import predictor_class

__all__ = ["fit"]


def make(domain: Domain, formats: Formats) -> click.Command:
    flags: dict[str, click.Option] = {}
    bases = fit_bases(domain)
    for spec in bases:  # models of one domain may differ in what can be set
        for flag in flags_of(options_kind(spec).model_fields):
            flags.setdefault(str(flag.name), flag)
    for flag in flags_of(formats.fields):
        flags.setdefault(str(flag.name), flag)
    endings = file_endings(domain)
    starts = ", ".join(spec.name for spec in bases) or "none of this domain's can be fitted"
    return click.Command(
        domain.name,
        callback=lambda **values: run(domain, formats, **values),
        params=[
            click.Argument(["source"], required=not endings, nargs=-1 if endings else 1),
            click.Option(
                ["--name", "-n"], required=True, help="of your model: letters, digits, hyphens"
            ),
            click.Option(
                ["--base"], help=f"the model to start from: {starts} [default: the first]"
            ),
            *(ADDING if endings else _columns(domain, bases)),
            click.Option(["--overwrite"], is_flag=True, help="replace a fitted model of that name"),
            *flags.values(),
            click.Option(
                ["--device"],
                type=click.Choice(["auto", "cpu", "cuda"]),
                default="auto",
                show_default=True,
                help="where the network learns",
            ),
            click.Option(["--quiet", "-q"], is_flag=True, help="no progress bar, no summary"),
            click.Option(["--json", "as_json"], is_flag=True, help="print figures as JSON"),
        ],
        help=_documents_help(domain, endings) if endings else _rows_help(domain),
        epilog="Ctrl-C ends the fit and leaves nothing behind. Exit codes: 0 fitted, 3 fitted and "
        f"some {'files' if endings else 'rows'} were set aside, 1 failed, 2 wrong usage, "
        "130 stopped.",
    )


ADDING = (
    click.Option(
        ["--add"],
        is_flag=True,
        help="add to the model of that name, replacing documents of the same name, instead of "
        "making it anew",
    ),
    click.Option(
        ["--remove"],
        multiple=True,
        metavar="DOCUMENT",
        help="take a document out of the model of that name; SOURCE may then be left out",
    ),
)


def _columns(domain: Domain, bases: list[ModelSpec]) -> list[click.Option]:
    """Return the flags that say what a table's columns are."""
    if ranked_output(domain.inputs, domain.outputs) is not None:
        return [map_flag(domain)]
    group = click.Option(
        ["--group"],
        help="column of what must not be split, such as the patient's number: rows of one "
        "group are alike, and measuring on them would flatter",
    )
    return [label_flag(domain, _unlabelled(bases)), group, map_flag(domain)]


def _documents_help(domain: Domain, endings: tuple[str, ...]) -> str:
    return f"""Make a model of {domain.name} from your own documents.

        SOURCE is a file, a folder or a .zip of documents ({", ".join(endings)}); several may be
        named. A document in a folder is called by its path from there. Files of other kinds in
        folders are left alone, and one that cannot be read is set aside with its reason.

        Nothing is held out, so nothing is measured.

        \b
        Examples:
          deepfield fit {domain.name} handbook/ --name handbook
          deepfield fit {domain.name} handbook/ --name handbook --add
          deepfield fit {domain.name} --name handbook --remove old.txt
          deepfield models {domain.name} --card handbook
        """


def _rows_help(domain: Domain) -> str:
    pictures = domain.inputs.image is not None
    example = "films/" if pictures else "rows.csv"
    ranked = ranked_output(domain.inputs, domain.outputs)
    return f"""Fit a model of {domain.name} to your own {"" if ranked else "labelled "}data.

        {labelled_source(domain)}

        {_split(domain)}

        \b
        Examples:
          deepfield fit {domain.name} {example} --name mine
          deepfield score {domain.name} new{"/" if pictures else ".csv"} --model mine
          deepfield models {domain.name} --card mine
        """


def _split(domain: Domain) -> str:
    """Say for help which rows are held out."""
    if ranked_output(domain.inputs, domain.outputs) is not None:
        return (
            f"Of each {domain.inputs.answer_per} with three moments or more the last is held out "
            "to measure on, beside the simplest baselines, and the one before it tells when to "
            "stop and calibrate."
        )
    by_time = f": the last ones, by {domain.inputs.order_by}" if domain.inputs.order_by else ""
    return (
        "About 70 % of the rows are learned from, 15 % tell when to stop and calibrate, and 15 % "
        f"are held out to measure on{by_time}."
    )


def _unlabelled(bases: list[ModelSpec]) -> str:
    names = [spec.name for spec in bases if not predictor_class(spec).needs_labels]
    if not names:
        return ""
    return f"; {', '.join(names)} learn{'s' if len(names) == 1 else ''} without, '' for none"


fit = DomainCommands(
    "fit",
    make=make,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Fit a domain's model to your own labelled data: a folder for each class, or a table. Or
    to your own documents, where a domain learns from these.

    \b
    Examples:
      deepfield fit medical-imaging films/ --name mine
      deepfield fit medical-imaging films.csv --name mine --label finding --group patient
      deepfield fit medical-imaging --help
    """,
)


def run(
    domain: Domain,
    formats: Formats,
    source: str | tuple[str, ...],
    name: str,
    base: str | None,
    overwrite: bool,
    device: str,
    quiet: bool,
    as_json: bool,
    label: str | None = None,
    group: str | None = None,
    mapping: tuple[str, ...] = (),
    add: bool = False,
    remove: tuple[str, ...] = (),
    **values: Any,
) -> None:
    if not source and not remove:
        raise click.MissingParameter(param_type="argument", param_hint="'SOURCE'")
    fitting = Fitting(
        domain,
        source or None,
        name=name,
        base=base,
        label=label,
        group=group,
        columns=read_columns(mapping),
        overwrite=overwrite,
        add=add,
        remove=remove,
        # All that was said is passed on: a flag of another base is refused with a sentence.
        options={option: value for option, value in values.items() if value is not None},
        device=device,
        face="command line",
        formats=formats,
    )
    say_columns(fitting.columns, quiet)
    try:
        with stoppable(fitting.cancel, at_once=True), watched(fitting, quiet):
            fitted = fitting.run()
    except Stopped as error:
        click.echo(str(error), err=True)
        raise SystemExit(130) from error
    if as_json:
        print_json(summary(domain, fitted))
    if not quiet:
        report(domain, fitted)
    raise SystemExit(3 if fitted.rejected else 0)


@contextmanager
def watched(fitting: Fitting, quiet: bool) -> Iterator[None]:
    """Show a bar with the latest figures while a person looks, or else a line an epoch."""
    console = Console(stderr=True)
    if quiet:
        yield
        return
    if not console.is_terminal:
        fitting.on_progress = lambda progress: (
            click.echo(figures_of(progress), err=True) if progress.figures else None
        )
        yield
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[figures]}"),
        console=console,
    )
    with bar:
        task = bar.add_task("starting", total=1.0, figures="")

        def show(progress: FitProgress) -> None:
            bar.update(task, description=progress.stage, completed=progress.done)
            if progress.figures:
                bar.update(task, figures=figures_of(progress))

        fitting.on_progress = show
        yield


def figures_of(progress: FitProgress) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in progress.figures.items())
