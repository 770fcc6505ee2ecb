"""Train the reader: question sets in, weights out, stage by stage.

    python -m deepfield_chatbot.recipes.training warm --data DIR --work runs/reader
    python -m deepfield_chatbot.recipes.training main --data DIR --work runs/reader

Runs on a CPU or on CUDA. A stage that was stopped goes on from its last piece when the same command
is given again; ``--minutes`` stops it by itself. ``main`` starts from what ``warm`` reached, if it
is in the work folder. Figures are of six articles that no stage learns from.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.data import DataLoader

from deepfield.evaluation.squad import best_threshold, squad_figures
from deepfield.neural.engines import TorchEngine
from deepfield.neural.training import Schedule, chosen_device, spoken, train
from deepfield.neural.weights import save_weights
from deepfield_chatbot.encoder import minilm_folder
from deepfield_chatbot.network import SpanNetwork
from deepfield_chatbot.pieces import PAD, open_tokenizer, padded
from deepfield_chatbot.reader import read_pairs, windows
from deepfield_chatbot.recipes.questions import (
    VALIDATION,
    Question,
    load_sets,
    paired_with_others,
)

__all__ = ["Features", "features", "figures_of", "span_loss", "train_reader"]

CHOSEN_BY = VALIDATION[::2]
"""Articles that choose the best piece and the doubt above which to refuse; others are measured."""


@dataclass(frozen=True)
class Stage:
    """What is learned, how often and how fast."""

    sets: tuple[str, ...]
    paired: float
    """Questions paired with a paragraph that does not answer them, for each question."""
    passes: float
    rate: float


STAGES = {
    "warm": Stage(("reddit", "tydi", "qed", "fairytale"), 0.25, 1.0, 1e-4),
    "main": Stage(("squad", "squad-train", "squad-sample", "new-wiki"), 0.15, 3.0, 8e-5),
}
"""By name, in the order in which they follow each other."""


@dataclass(frozen=True)
class Features:
    """Windows to learn from; those without an answer in them point at the first piece, [CLS]."""

    ids: list[list[int]]
    targets: np.ndarray  # (windows, 2) first and last piece of the answer

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, place: int) -> tuple[list[int], np.ndarray]:
        return self.ids[place], self.targets[place]


def features(
    questions: Sequence[Question], length: int, stride: int, seed: int, empty: float = 0.3
) -> Features:
    """Cut questions into windows.

    Args:
        empty: the share of windows kept that hold no answer though the paragraph does.
    """
    tokenizer = open_tokenizer(minilm_folder().file("tokenizer.json"))
    generator = np.random.default_rng(seed)
    ids, targets = [], []
    pairs = [(each.question, each.context) for each in questions]
    for window in windows(tokenizer, pairs, length, stride):
        question = questions[window.pair]
        target = (0, 0)
        if question.answers and window.offsets:
            target = _target(question, window.offsets, window.first)
            if target == (0, 0) and generator.random() > empty:
                continue
        ids.append(window.ids)
        targets.append(target)
    return Features(ids, np.array(targets, dtype=np.int64).reshape(-1, 2))


def _target(question: Question, offsets: list[tuple[int, int]], first: int) -> tuple[int, int]:
    """Return the pieces of the answer that most people gave, if the window holds it whole."""
    places = [(each.start, each.start + len(each.text)) for each in question.answers]
    begins, ends = max(
        dict.fromkeys(places), key=lambda each: (places.count(each), each[0] - each[1])
    )
    if offsets[0][0] > begins or offsets[-1][1] < ends:
        return 0, 0
    start = int(np.searchsorted([end for _, end in offsets], begins, side="right"))
    end = int(np.searchsorted([start for start, _ in offsets], ends, side="left")) - 1
    return (first + start, first + end) if start <= end else (0, 0)


def pieces_of(data: Features, piece: int, batch: int, seed: int) -> Callable[[int], DataLoader]:
    """Return what gives the batches of a piece of the windows, by its number.

    Every window comes once in a pass, in an order of its own in each; those of about one length
    share a batch.
    """

    def batches(number: int) -> DataLoader:
        wanted = np.arange(number * piece, (number + 1) * piece)
        order = np.concatenate(
            [
                np.random.default_rng([seed, turn]).permutation(len(data))
                for turn in range(wanted[0] // len(data), wanted[-1] // len(data) + 1)
            ]
        )
        chosen = order[wanted - wanted[0] // len(data) * len(data)]
        generator = np.random.default_rng([seed, 7, number])
        lengths = np.array([len(data.ids[place]) for place in chosen])
        chosen = chosen[np.argsort(lengths + generator.uniform(0, 16, len(chosen)))]
        groups = [chosen[start : start + batch].tolist() for start in range(0, piece, batch)]
        generator.shuffle(groups)
        return DataLoader(data, batch_sampler=groups, collate_fn=collate)  # type: ignore[arg-type]

    return batches


def collate(rows: list[tuple[list[int], np.ndarray]]) -> tuple[Tensor, Tensor]:
    """Return ids (batch, length) and targets (batch, 2).

    Lengths are multiples of 16: a CPU keeps what it prepared for each shape, and there are fewer.
    """
    ids, targets = zip(*rows, strict=True)
    whole = torch.from_numpy(padded(ids, 512))
    whole = nn.functional.pad(whole, (0, -whole.shape[1] % 16), value=PAD)
    return whole, torch.from_numpy(np.stack(targets))


def span_loss(network: nn.Module, ids: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy of where answers begin and end."""
    start, end = network(ids)  # (batch, length) each
    entropy = nn.functional.cross_entropy
    return (entropy(start, targets[:, 0]) + entropy(end, targets[:, 1])) / 2


def figures_of(
    network: nn.Module,
    questions: Sequence[Question],
    device: str,
    length: int,
    threshold: float | None = None,
) -> dict[str, float]:
    """Return SQuAD's figures: v1.1 over what can be answered, and v2.0 over all.

    Args:
        threshold: the doubt above which to refuse; None: the best for these questions.
    """
    tokenizer = open_tokenizer(minilm_folder().file("tokenizer.json"))
    pairs = [(each.question, each.context) for each in questions]
    spans = read_pairs(TorchEngine(network, device), tokenizer, pairs, length, length // 2)
    found = [each.context[s.start : s.end] for each, s in zip(questions, spans, strict=True)]
    right = [[answer.text for answer in each.answers] for each in questions]
    doubts = [-each.margin for each in spans]
    answerable = [place for place, each in enumerate(right) if each]
    first = squad_figures(
        [found[place] for place in answerable], [right[place] for place in answerable], bare=True
    )
    if threshold is None:
        threshold, _ = best_threshold(found, right, doubts)
    given = [text if doubt <= threshold else "" for text, doubt in zip(found, doubts, strict=True)]
    second = squad_figures(given, right)
    return {
        "exact_v1": first["exact"],
        "f1_v1": first["f1"],
        **{f"{name}_v2": value for name, value in second.items()},
        "threshold": threshold,
    }


def train_reader(
    questions: Sequence[Question],
    validation: Sequence[Question],
    work: Path,
    stage: Stage,
    *,
    start: Path | None = None,
    length: int = 224,
    piece: int = 4000,
    batch: int = 24,
    passes: float | None = None,
    rate: float | None = None,
    checked: int = 400,
    seed: int = 0,
    device: torch.device,
    bf16: bool = True,
    minutes: float | None = None,
    say: Callable[[str], None] = click.echo,
) -> SpanNetwork:
    """Train one stage and return the network of the best piece.

    Args:
        start: weights of an earlier stage; None: those of all-MiniLM-L6-v2.
        piece: windows between two checkpoints.
        checked: validation questions, evenly spread, that judge each piece.
    """
    questions = [*questions, *paired_with_others(questions, stage.paired, seed)]
    data = features(questions, length, length // 2, seed)
    piece = min(piece, len(data))
    count = math.ceil((passes or stage.passes) * len(data) / piece)
    folder = minilm_folder()
    network = SpanNetwork(folder.config)
    if start is None:
        network.trunk.load(folder.weights)
    else:
        network.load_state_dict({name: each.float() for name, each in load_file(start).items()})
    few = validation[:: max(1, len(validation) // checked)]
    empty = float((data.targets[:, 0] == 0).mean())
    say(
        f"{len(questions):,} questions, {len(data):,} windows ({empty:.0%} without answer), "
        f"{count} pieces of {piece:,}; {len(few)} of {len(validation):,} questions judge each"
    )

    def validate(network: nn.Module) -> dict[str, float]:
        figures = figures_of(network, few, str(device), length)
        shown = ("exact_v1", "f1_v1", "f1_v2", "refused_v2")
        kept = {name: figures[name] for name in shown if name in figures}
        return {"score": (figures["f1_v1"] + figures["f1_v2"]) / 2, **kept}

    ends = time.monotonic() + 60 * minutes if minutes else math.inf
    told = spoken(say)

    def report(done: float, figures=None) -> None:
        told(done, figures)
        if figures and time.monotonic() > ends and done < 1:
            raise click.exceptions.Exit(3)

    schedule = Schedule(
        epochs=count,
        learning_rate=rate or stage.rate,
        weight_decay=0.01,
        warmup_epochs=max(0.3, 0.06 * count),
        ema_decay=0.998,
        clip_norm=1.0,
        seed=seed,
    )
    trained = train(
        network,
        pieces_of(data, piece, batch, seed),
        span_loss,
        validate,
        schedule,
        device=device,
        folder=work,
        recipe=f"{stage} {length} {piece} {batch} {len(data)} {start and start.name}",
        report=report,
        bf16=bf16,
    )
    assert isinstance(trained, SpanNetwork)
    return trained


@click.command(help=__doc__)
@click.argument("name", type=click.Choice(list(STAGES)))
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--length", default=224, show_default=True, help="word pieces of a window")
@click.option("--piece", default=4000, show_default=True, help="windows between checkpoints")
@click.option("--batch", default=24, show_default=True)
@click.option("--passes", type=float, help="how often each window is seen; else as the stage says")
@click.option("--rate", type=float, help="highest learning rate; else as the stage says")
@click.option("--questions", type=int, help="learn from so many only, to try it")
@click.option("--checked", default=400, show_default=True, help="questions that judge each piece")
@click.option("--minutes", type=float, help="stop at the end of a piece after so many minutes")
@click.option("--bf16/--no-bf16", default=True, show_default=True, help="on a CPU with tiles")
@click.option("--seed", default=0, show_default=True)
@click.option("--threads", default=2, show_default=True)
def main(
    name, data, work, length, piece, batch, passes, rate, questions, checked, minutes, bf16, seed,
    threads,
) -> None:  # fmt: skip
    torch.set_num_threads(threads)
    device = chosen_device()
    stage = STAGES[name]
    held_out = [each for each in load_sets(data, ["squad"]) if each.title in VALIDATION]
    learned = [each for each in load_sets(data, stage.sets) if each.title not in VALIDATION]
    if questions:
        chosen = np.random.default_rng(seed).permutation(len(learned))[:questions]
        learned = [learned[place] for place in chosen]
    before = work / "warm" / "weights.safetensors"
    trained = train_reader(
        learned,
        [each for each in held_out if each.title in CHOSEN_BY],
        work / name,
        stage,
        start=before if name == "main" and before.is_file() else None,
        length=length,
        piece=piece,
        batch=batch,
        passes=passes,
        rate=rate,
        checked=checked,
        seed=seed,
        device=device,
        bf16=bf16,
        minutes=minutes,
    )
    save_weights(trained, work / name / "weights.safetensors", torch.float16)
    choosing = [each for each in held_out if each.title in CHOSEN_BY]
    seen = figures_of(trained, choosing, str(device), length)
    others = [each for each in held_out if each.title not in CHOSEN_BY]
    figures = figures_of(trained, others, str(device), length, seen["threshold"])
    told = {"chosen_by": seen, "measured": figures, "articles": sorted(set(VALIDATION))}
    (work / name / "figures.json").write_text(json.dumps(told, indent=2) + "\n")
    click.echo(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
