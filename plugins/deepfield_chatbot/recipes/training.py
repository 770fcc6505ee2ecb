"""Train the reader: question sets in, weights out, stage by stage.

    python -m deepfield_chatbot.recipes.training warm --data DIR --work runs/reader
    python -m deepfield_chatbot.recipes.training main --data DIR --work runs/reader
    python -m deepfield_chatbot.recipes.training sharp --data DIR --work runs/reader

Runs on a CPU or on CUDA. A stage that was stopped goes on from its last piece when the same command
is given again; ``--minutes`` stops it by itself. ``main`` starts from what ``warm`` reached, if it
is in the work folder, and every stage from the run that ``--start`` names. Several runs of ``main``
differ by their ``--seed`` and ``--name``; ``recipes.distilling`` makes one reader of them,
``student``, and ``sharp`` starts from that. ``recipes.averaging`` makes one of runs that went on
from each other, without learning. Figures are of six articles that no stage learns from.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import torch

from deepfield.neural.training import chosen_device
from deepfield_chatbot.recipes.features import features
from deepfield_chatbot.recipes.hasty import hasty
from deepfield_chatbot.recipes.learning import (
    keep_trained,
    learned_from,
    opened,
    span_loss,
    train_reader,
    unanswerable,
)
from deepfield_chatbot.recipes.measuring import chosen_and_measured
from deepfield_chatbot.recipes.questions import load_sets
from deepfield_chatbot.recipes.stages import BEFORE, STAGES, Settings, shared_options
from deepfield_chatbot.recipes.swapping import swapped

__all__ = ["start_of"]


def start_of(stage: str, work: Path) -> Path | None:
    """Return the weights that a stage starts from; None: those of all-MiniLM-L6-v2.

    Raises:
        UsageError: if the last stage has none to start from.
    """
    found = [work / each / "weights.safetensors" for each in BEFORE[stage]]
    start = next((each for each in found if each.is_file()), None)
    if start is None and stage == "sharp":
        raise click.UsageError(
            f"{str(work)!r} holds no finished run to start from: {' or '.join(BEFORE[stage])}."
        )
    return start


@shared_options
@click.argument("stage", type=click.Choice(list(STAGES)))
@click.option("--name", help="of the run; else that of the stage")
@click.option(
    "--start",
    type=click.Path(exists=True, path_type=Path),
    help="folder of the run that it goes on from; else the one before in the work folder",
)
def main(
    stage: str, data: Path, work: Path, name: str | None, start: Path | None, **chosen
) -> None:
    before = start / "weights.safetensors" if start else start_of(stage, work)
    if before is not None and not before.is_file():
        raise click.UsageError(f"{str(start)!r} holds no weights.safetensors.")
    click.echo(f"starts from {before or 'the weights of all-MiniLM-L6-v2'}")
    device, told = chosen_device(), STAGES[stage]
    settings = Settings(**chosen).of(told)
    torch.set_num_threads(settings.threads)
    questions = learned_from(data, told.sets, settings.questions)
    questions += [
        *unanswerable(questions, told, settings.seed),
        *swapped(questions, told.swapped, settings.seed + 3),
    ]
    questions = list(hasty(questions, told.hasty, settings.seed + 4))
    held_out = load_sets(data, ["squad"])
    trained = train_reader(
        features(questions, settings.length, settings.length // 2, settings.seed),
        span_loss,
        opened(before, device),
        chosen_and_measured(held_out)[0],
        work / (name or stage),
        settings,
        f"{told} {before and before.parent.name}",
        device,
    )
    figures = keep_trained(trained, held_out, work / (name or stage), settings.length)
    click.echo(json.dumps(figures, indent=2))


main.help = __doc__

if __name__ == "__main__":
    main()
