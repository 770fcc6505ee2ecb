"""How well intents are told from examples, beside TF-IDF with a logistic regression.

    python benchmarks/classify_intents.py --data DIR

clinc150: fitted to the training set, with its out-of-scope examples and without; measured on the
validation set. banking77: of the training set a seventh of each intent is held out, and measured
on. The same figures of seed 0 stand in the card of the shipped model.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import click

from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.recipes.intent_measures import figures_of, learn, learn_baseline
from deepfield_chatbot.recipes.intent_sets import banking77, clinc150


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--seed", default=0, show_default=True)
def main(data: Path, seed: int) -> None:
    encoder = Encoder.load(fast=False)
    clinc = clinc150(data)
    sets = {
        "clinc150": clinc,
        "  no examples out of scope": replace(clinc, outside=()),
        "banking77": banking77(data, seed),
    }
    for name, each in sets.items():
        for kind, fit in (
            ("ours", lambda it: learn(it, encoder, seed)),
            ("baseline", learn_baseline),
        ):
            began = time.process_time()
            found = figures_of(each, fit(each), encoder, began)
            told = (
                f"accuracy {found['accuracy']:.3f}, and in scope {found['right and in scope']:.3f}"
            )
            if each.foreign:
                told += f", out of scope found {found['out of scope found']:.3f}"
            seconds = found["processor seconds to fit"]
            click.echo(f"{name}, {kind}: {told}, ECE {found['ece']:.3f}; {seconds} s of processor")


if __name__ == "__main__":
    main()
