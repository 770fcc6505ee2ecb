"""The stages in which the reader learns, and what each may be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import click

__all__ = ["BEFORE", "STAGES", "WIKIPEDIA", "Settings", "Stage", "shared_options"]


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

    def of(self, stage: Stage) -> Settings:
        """Return these, with what the stage says where nobody said how often and how fast."""
        return replace(self, passes=self.passes or stage.passes, rate=self.rate or stage.rate)


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
