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
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from deepfield.neural.training import Schedule, chosen_device, spoken, train
from deepfield.neural.weights import save_weights
from deepfield_chatbot.encoder import minilm_folder
from deepfield_chatbot.network import SpanNetwork
from deepfield_chatbot.recipes.features import Features, features, pieces_of
from deepfield_chatbot.recipes.hasty import hasty
from deepfield_chatbot.recipes.measuring import chosen_and_measured, figures_of
from deepfield_chatbot.recipes.questions import (
    VALIDATION,
    Question,
    load_sets,
)
from deepfield_chatbot.recipes.swapping import swapped
from deepfield_chatbot.recipes.unanswerable import (
    altered,
    paired_with_others,
    with_answer_taken_out,
)

__all__ = [
    "STAGES", "Settings", "Stage", "keep_trained", "learned_from", "opened", "shared_options",
    "span_loss", "start_of", "train_reader",
]  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """What is learned, how often and how fast."""

    sets: tuple[str, ...]
    passes: float
    rate: float
    paired: float = 0.25
    """Questions put to a paragraph that does not answer them, tried for each question."""
    taken_out: float = 0.0
    """Questions whose answer is taken out of the paragraph, tried for each question."""
    altered: float = 0.0
    """Questions altered so that nothing answers them, tried for each question."""
    swapped: float = 0.0
    """Questions of which a word is put in for another, tried for each question."""
    hasty: float = 0.0
    """The share of questions that are put as people type them in haste."""
    again: int = 1
    """How often a pass sees what people asked in vain."""


WIKIPEDIA = ("squad", "squad-train", "squad-sample", "new-wiki")
STAGES = {
    "warm": Stage(("reddit", "tydi", "qed", "fairytale"), 2.0, 1e-4),
    "main": Stage(WIKIPEDIA, 3.0, 8e-5, 0.12, 0.15, 0.35, again=2),
    "sharp": Stage(
        (*WIKIPEDIA, "tydi", "qed"), 0.6, 5e-5, 0.12, 0.12, 0.25, swapped=0.4, hasty=0.12
    ),
}
"""By name, in the order in which they follow each other."""
BEFORE = {"warm": (), "main": ("warm",), "sharp": ("student", "main")}
"""Runs whose weights a stage starts from: the first that is there."""


@dataclass(frozen=True)
class Settings:
    """What every stage may be told; ``shared_options`` says what each is."""

    length: int = 224
    piece: int = 4000
    batch: int = 24
    passes: float | None = None
    rate: float | None = None
    questions: int | None = None
    checked: int = 400
    minutes: float | None = None
    bf16: bool = True
    seed: int = 0
    threads: int = 2


def shared_options(command: Callable) -> click.Command:
    """Give a command the options of ``Settings``, and where data and work lie."""
    usual = Settings()
    for option in reversed((
        click.option("--data", type=click.Path(exists=True, path_type=Path), required=True),
        click.option("--work", type=click.Path(path_type=Path), required=True),
        click.option("--length", default=usual.length, help="word pieces of a window"),
        click.option("--piece", default=usual.piece, help="windows between checkpoints"),
        click.option("--batch", default=usual.batch, help="windows of a step"),
        click.option("--passes", type=float, help="how often each is seen; else as the stage says"),
        click.option("--rate", type=float, help="highest learning rate; else as the stage says"),
        click.option("--questions", type=int, help="learn from so many only, to try it"),
        click.option("--checked", default=usual.checked, help="questions that judge each piece"),
        click.option("--minutes", type=float, help="stop after a piece once so many have passed"),
        click.option("--bf16/--no-bf16", default=usual.bf16, help="on a CPU that multiplies in it"),
        click.option("--seed", default=usual.seed),
        click.option("--threads", default=usual.threads, help="of a CPU"),
    )):  # fmt: skip
        command = option(command)
    return click.command(context_settings={"show_default": True})(command)


def span_loss(network: nn.Module, ids: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy of where answers begin and end."""
    start, end = network(ids)  # (batch, length) each
    entropy = nn.functional.cross_entropy
    return (entropy(start, targets[:, 0]) + entropy(end, targets[:, 1])) / 2


def opened(weights: Path | None, device: torch.device) -> SpanNetwork:
    """Return a reader with these weights; with those of all-MiniLM-L6-v2 if there are none.

    Attention learns without dropout: on a CPU, drawing it takes 2 of 5 seconds.
    """
    folder = minilm_folder()
    config = {**folder.config, "attention_probs_dropout_prob": 0.0}
    network = SpanNetwork(config, "sdpa" if device.type == "cuda" else "eager")
    if weights is None:
        network.trunk.load(folder.weights)
    else:
        network.load_state_dict({name: each.float() for name, each in load_file(weights).items()})
    return network


def learned_from(data: Path, sets: Sequence[str], most: int | None = None) -> list[Question]:
    """Return the questions of sets that are learned from; only so many, to try it."""
    questions = [each for each in load_sets(data, sets) if each.title not in VALIDATION]
    if most:
        chosen = np.random.default_rng(0).permutation(len(questions))[:most]
        questions = [questions[place] for place in chosen]
    return questions


def unanswerable(questions: Sequence[Question], stage: Stage, seed: int) -> list[Question]:
    """Return the questions without answer that a stage learns from beside those it is given."""
    return [
        *(each for each in questions if not each.answers for _ in range(stage.again - 1)),
        *paired_with_others(questions, stage.paired, seed),
        *with_answer_taken_out(questions, stage.taken_out, seed + 1),
        *altered(questions, stage.altered, seed + 2),
    ]


def train_reader(
    data: Features,
    loss: Callable[[nn.Module, Tensor, Tensor], Tensor],
    network: SpanNetwork,
    choosing: Sequence[Question],
    folder: Path,
    settings: Settings,
    recipe: str,
    device: torch.device,
    say: Callable[[str], None] = click.echo,
) -> SpanNetwork:
    """Train a network and return that of the best piece.

    Args:
        choosing: questions of which ``settings.checked``, evenly spread, judge each piece.
        settings: with ``passes`` and ``rate``.
        recipe: what else decides the outcome, in words: a checkpoint of another is not gone on
            from.
    """
    assert settings.passes, "a stage says how often"
    assert settings.rate, "a stage says how fast"
    piece = min(settings.piece, len(data))
    count = math.ceil(settings.passes * len(data) / piece)
    few = choosing[:: max(1, len(choosing) // settings.checked)]
    empty = float((data.targets[:, 0] == 0).mean())
    say(
        f"{len(data):,} windows ({empty:.0%} without answer), {count} pieces of {piece:,}; "
        f"{len(few)} of {len(choosing):,} questions judge each"
    )

    def validate(network: nn.Module) -> dict[str, float]:
        figures = figures_of(network, few, str(device), settings.length)
        shown = ("exact_v1", "f1_v1", "f1_v2", "refused_v2")
        kept = {name: figures[name] for name in shown if name in figures}
        return {"score": (figures["f1_v1"] + figures["f1_v2"]) / 2, **kept}

    ends = time.monotonic() + 60 * settings.minutes if settings.minutes else math.inf
    told = spoken(say)

    def report(done: float, figures=None) -> None:
        told(done, figures)
        if figures and time.monotonic() > ends and done < 1:
            raise click.exceptions.Exit(3)

    schedule = Schedule(
        epochs=count,
        learning_rate=settings.rate,
        weight_decay=0.01,
        warmup_epochs=max(0.3, 0.06 * count),
        ema_decay=0.998,
        clip_norm=1.0,
        seed=settings.seed,
    )
    trained = train(
        network,
        pieces_of(data, piece, settings.batch, settings.seed),
        loss,
        validate,
        schedule,
        device=device,
        folder=folder,
        recipe=f"{recipe} {settings.length} {piece} {settings.batch} {len(data)}",
        report=report,
        bf16=settings.bf16,
    )
    assert isinstance(trained, SpanNetwork)
    return trained


def keep_trained(
    network: SpanNetwork, held_out: Sequence[Question], folder: Path, length: int
) -> dict[str, float]:
    """Write a reader's weights and ``figures.json``; return those of the measured articles."""
    save_weights(network, folder / "weights.safetensors", torch.float16)
    choosing, measured = chosen_and_measured(held_out)
    device = str(next(network.parameters()).device)
    seen = figures_of(network, choosing, device, length)
    figures = figures_of(network, measured, device, length, seen["threshold"])
    told = {"chosen_by": seen, "measured": figures, "articles": sorted(VALIDATION)}
    (folder / "figures.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return figures


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
    settings = Settings(**chosen)
    torch.set_num_threads(settings.threads)
    device, told = chosen_device(), STAGES[stage]
    settings = replace(
        settings, passes=settings.passes or told.passes, rate=settings.rate or told.rate
    )
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
