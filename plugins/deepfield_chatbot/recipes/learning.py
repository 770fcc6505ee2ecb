"""How the reader learns: the questions of a stage, its loss, and a run with checkpoints."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from deepfield.neural.training import Schedule, spoken, train
from deepfield.neural.weights import save_weights
from deepfield_chatbot.encoder import minilm_folder
from deepfield_chatbot.network import SpanNetwork
from deepfield_chatbot.recipes.features import Features, pieces_of
from deepfield_chatbot.recipes.measuring import (
    CHOSEN_BY,
    figures_by_others,
    figures_of,
    found_by,
)
from deepfield_chatbot.recipes.questions import VALIDATION, Question, load_sets
from deepfield_chatbot.recipes.stages import Settings, Stage
from deepfield_chatbot.recipes.unanswerable import (
    altered,
    paired_with_others,
    with_answer_taken_out,
)

__all__ = [
    "keep_trained", "learned_from", "opened", "span_loss", "train_reader", "unanswerable",
]  # fmt: skip


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
    device = str(next(network.parameters()).device)
    own = [each for each in held_out if each.title in VALIDATION]
    found = found_by(network, own, device, length)
    choosing = found.of(CHOSEN_BY)
    threshold = choosing.best_threshold()
    figures = found.of(set(VALIDATION) - set(CHOSEN_BY)).figures_at(threshold)
    told = {
        "chosen_by": choosing.figures_at(threshold),
        "measured": figures,
        "each refused by the others": figures_by_others(found),
        "articles": sorted(VALIDATION),
    }
    (folder / "figures.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return figures
