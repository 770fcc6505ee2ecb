"""How well intents are told from examples, by frozen sentence vectors and a small network.

    python benchmarks/classify_intents.py --data DIR

clinc150: fitted to the training set with its out-of-scope examples, measured on the validation set.
banking77: of the training set a seventh of each intent is held out, and measured on.
"""

from __future__ import annotations

import csv
import gzip
import json
import time
from pathlib import Path

import click
import numpy as np

from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.intents import fit_intents


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--seed", default=0, show_default=True)
def main(data: Path, seed: int) -> None:
    encoder = Encoder.load()
    with gzip.open(data / "clinc150.json.gz", "rt", encoding="utf-8") as text:
        sets = json.load(text)
    measure("clinc150", encoder, sets["train"], sets["val"], seed, sets["oos_val"])
    learned = sets["train"] + sets["oos_train"]
    measure("  with examples", encoder, learned, sets["val"], seed, sets["oos_val"])
    with gzip.open(data / "banking77-train.csv.gz", "rt", encoding="utf-8") as text:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(text)]
    by_intent: dict[str, list] = {}
    for row in rows:
        by_intent.setdefault(row[1], []).append(row)
    generator = np.random.default_rng(seed)
    held_out, learned = [], []
    for several in by_intent.values():
        order = generator.permutation(len(several))
        held_out += [several[place] for place in order[::7]]
        learned += [several[place] for number, place in enumerate(order) if number % 7]
    measure("banking77", encoder, learned, held_out, seed)


def measure(name, encoder, learned, known, seed, foreign=()) -> None:
    began = time.process_time()
    fitted = fit_intents(*zip(*learned, strict=True), encoder, seed=seed)
    seconds = time.process_time() - began
    found = fitted.judge(encoder.encode([text for text, _ in known]))
    right = np.array([each.label == label for each, (_, label) in zip(found, known, strict=True)])
    scope = np.array([each.foreignness <= 1 for each in found])
    told = f"accuracy {right.mean():.3f}, and in scope {(right & scope).mean():.3f}"
    if foreign:
        outside = fitted.judge(encoder.encode([text for text, _ in foreign]))
        recall = np.mean([each.foreignness > 1 for each in outside])
        told += f", out of scope found {recall:.3f}"
    click.echo(f"{name}: {told}; {seconds:.0f} s of one core to fit {len(learned):,}")


if __name__ == "__main__":
    main()
