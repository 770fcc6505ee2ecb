"""The two sets of intents: CLINC150, with what is none of them, and Banking77."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["IntentSet", "banking77", "clinc150"]

Rows = tuple[tuple[str, str], ...]
"""Sentences with their labels."""


@dataclass(frozen=True)
class IntentSet:
    """Sentences to learn from and to measure on."""

    learned: Rows
    outside: Rows
    """To learn from, none of the intents."""
    known: Rows
    """To measure on, in scope."""
    foreign: Rows
    """To measure on, out of scope."""


def clinc150(folder: Path) -> IntentSet:
    """Return training and validation sets of CLINC150 (Larson et al. 2019); never its test."""
    with gzip.open(folder / "clinc150.json.gz", "rt", encoding="utf-8") as text:
        sets = json.load(text)
    names = ("train", "oos_train", "val", "oos_val")
    return IntentSet(*(_rows(sets[name]) for name in names))


def banking77(folder: Path, seed: int = 0) -> IntentSet:
    """Return Banking77's training set (Casanueva et al. 2020), a seventh of each held out."""
    with gzip.open(folder / "banking77-train.csv.gz", "rt", encoding="utf-8") as text:
        rows = [(row["text"].strip(), row["category"]) for row in csv.DictReader(text)]
    by_intent: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        by_intent.setdefault(row[1], []).append(row)
    generator = np.random.default_rng(seed)
    learned: list[tuple[str, str]] = []
    known: list[tuple[str, str]] = []
    for several in by_intent.values():
        order = generator.permutation(len(several))
        known += [several[place] for place in order[::7]]
        learned += [several[place] for number, place in enumerate(order) if number % 7]
    return IntentSet(tuple(learned), (), tuple(known), ())


def _rows(rows: Sequence[Sequence[str]]) -> Rows:
    return tuple((text, label) for text, label in rows)
