"""``deepfield explain``: what carried each answer, in words and pictures."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from deepfield.cli.domains import DomainCommands, given, map_flag, option_flags, say_columns
from deepfield.cli.score import common_flags, exit_code, history_flag, report, watched
from deepfield.cli.stopping import stoppable
from deepfield.columns import read_columns
from deepfield.domain import Domain
from deepfield.errors import DeepfieldError, UsageError
from deepfield.explanation import overlay
from deepfield.formats import Formats
from deepfield.images import open_picture
from deepfield.labelled import find_path
from deepfield.loading import Model, load_model
from deepfield.scoring import Batch, Job

__all__ = ["explain"]


def make(domain: Domain, formats: Formats) -> click.Command:
    pictures = domain.inputs.image is not None
    example = "xray.png" if pictures else "rows.csv"
    return click.Command(
        domain.name,
        callback=lambda **values: run(domain, formats, **values),
        params=[
            click.Argument(["source"], required=True),
            click.Option(
                ["--output", "-o"],
                type=click.Path(path_type=Path, file_okay=False),
                help="a folder for explanations.jsonl and, for pictures, the heat maps as PNG",
            ),
            click.Option(["--overwrite"], is_flag=True, help="replace what is in the folder"),
            click.Option(["--json", "as_json"], is_flag=True, help="JSON Lines, maps included"),
            map_flag(domain),
            *history_flag(domain),
            *option_flags(domain, formats),
            *common_flags(),
        ],
        help=f"""Explain the answer to: {domain.question}

        \b
        Examples:
          deepfield explain {domain.name} {example}
          deepfield explain {domain.name} {example} --output why/
        """,
    )


explain = DomainCommands(
    "explain",
    make=make,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Say what carried each answer, and draw it where there is a picture.

    \b
    Example:
      deepfield explain medical-imaging xray.png --output why/
    """,
)


def run(
    domain: Domain,
    formats: Formats,
    source: str,
    output: Path | None,
    overwrite: bool,
    as_json: bool,
    model: str | None,
    device: str,
    quiet: bool,
    mapping: tuple[str, ...],
    history: str | None = None,
    **values: Any,
) -> None:
    columns = read_columns(mapping)
    for each in filter(None, (source, history)):
        find_path(each)  # a wrong path is said before a model is loaded
    loaded = load_model(domain, model, device, formats)
    job = Job(
        loaded,
        source,
        history=history,
        columns=columns,
        options=given(values),
        explain=True,
        on_batch=Writer(loaded, output, as_json, overwrite),
        face="command line",
    )
    say_columns(job.source.columns, quiet)
    with watched(job, quiet), stoppable(job.cancel):
        result = job.run()
    if not quiet:
        report(result)
        if output is not None:
            click.echo(f"Explanations -> {output}", err=True)
    sys.exit(exit_code(result))


class Writer:
    """Print a line for each answer; keep heat maps in a folder if there is one."""

    def __init__(self, model: Model, folder: Path | None, as_json: bool, overwrite: bool) -> None:
        self.image = model.inputs.image
        self.folder = folder
        self.as_json = as_json
        if folder is not None:
            if (folder / "explanations.jsonl").exists() and not overwrite:
                raise UsageError(
                    f"{str(folder)!r} holds explanations already. "
                    "Name another folder, or allow overwriting."
                )
            try:
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "explanations.jsonl").write_text("")
            except OSError as error:
                raise DeepfieldError(
                    f"Cannot write to {str(folder)!r}: {error.strerror}."
                ) from error

    def __call__(self, batch: Batch) -> None:
        for number, explanation in batch.explanations.items():
            record = {
                "row": number,
                **json.loads(batch.results.loc[[number]].to_json(orient="records"))[0],
                **explanation.to_json(),
            }
            line = json.dumps(record, ensure_ascii=False)
            click.echo(line if self.as_json else f"row {number}: {explanation.summary}")
            if self.folder is None:
                continue
            with (self.folder / "explanations.jsonl").open("a", encoding="utf-8") as file:
                file.write(line + "\n")
            if self.image is not None and explanation.heatmap is not None:
                picture = open_picture(batch.rows.at[number, self.image.name], "RGB")
                drawn = overlay(picture, explanation.heatmap)
                drawn.save(self.folder / f"row-{number}.png")
