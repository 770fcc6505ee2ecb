"""Train the shipped classifier of intents, measure it beside the simplest baseline, write its card.

    python -m deepfield_chatbot.recipes.intents --data DIR
        --output plugins/deepfield_chatbot/models/assistant

It learns from CLINC150's training set with its 100 sentences out of scope, and is measured on the
validation sets. The same fit is measured without these 100 sentences, and on a seventh of
Banking77's training set that it did not learn from. On one core it takes some ten minutes.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from deepfield.errors import InputError
from deepfield.loading import Model
from deepfield.models import ModelFolder
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.intents import Intents
from deepfield_chatbot.intents.predictor import IntentPredictor
from deepfield_chatbot.recipes.intent_measures import (
    explanation_figures,
    figures_of,
    learn,
    learn_baseline,
)
from deepfield_chatbot.recipes.intent_sets import IntentSet, banking77, clinc150
from deepfield_chatbot.recipes.intents_card import write_card

__all__ = ["main", "make_model"]

EXPLAINED = 400
"""Validation sentences that explanations are measured on, evenly over the intents."""


def make_model(data: Path, output: Path, encoder: Encoder, seed: int = 0) -> dict[str, Any]:
    """Write the model folder with figures, card and golden rows, and return the figures."""
    clinc, banking = clinc150(data), banking77(data, seed)
    domain = Intents()
    samples = domain.samples()
    _check_ours(samples["text"], clinc)
    began = time.process_time()
    learn(clinc, encoder, seed).save(output)
    spec = domain.models[0]
    _describe(output, spec.name, spec.technique, seed)
    folder = ModelFolder(output)
    # What is measured is what is kept: float16, read again.
    fitted = IntentPredictor.load(folder).classifier
    figures: dict[str, Any] = {"clinc150": figures_of(clinc, fitted, encoder, began)}
    figures["explanation"] = explanation_figures(
        fitted, encoder, clinc.known[:: max(len(clinc.known) // EXPLAINED, 1)], seed
    )
    alone = replace(clinc, outside=())
    for name, sets in (("clinc150, no examples out of scope", alone), ("banking77", banking)):
        began = time.process_time()
        figures[name] = figures_of(sets, learn(sets, encoder, seed), encoder, began)
    for name, sets in (("clinc150", clinc), ("banking77", banking)):
        began = time.process_time()
        figures[f"baseline, {name}"] = figures_of(sets, learn_baseline(sets, seed), encoder, began)
    figures["kilobytes"] = round(folder.weights.stat().st_size / 1000)
    text = json.dumps(figures, indent=2, ensure_ascii=False)
    (output / "figures.json").write_text(text + "\n", encoding="utf-8")
    write_card(folder, figures)
    model = Model(domain, spec, folder, IntentPredictor.load(folder, "cpu"))
    folder.write_golden(samples, model.predict(samples))
    return figures


def _check_ours(texts: Iterable[str], sets: IntentSet) -> None:
    """Raise InputError if a sentence of the built-in example stands in a set: none is shipped."""
    theirs = {_bare(text) for rows in vars(sets).values() for text, _ in rows}
    for text in texts:
        if _bare(text) in theirs:
            raise InputError(f"The example {text!r} is a sentence of CLINC150; write another.")


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _describe(output: Path, name: str, technique: str, seed: int) -> None:
    """Add to the config what the model is and what made it."""
    file = output / "config.json"
    command = f"python -m deepfield_chatbot.recipes.intents --data DIR --output DIR --seed {seed}"
    config = {
        "domain": Intents.name,
        "model": name,
        "technique": technique,
        **json.loads(file.read_text(encoding="utf-8")),
        "trained_by": [command],
    }
    text = json.dumps(config, indent=2, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
@click.option("--seed", default=0, show_default=True)
def main(data: Path, output: Path, seed: int) -> None:
    figures = make_model(data, output, Encoder.load(fast=False), seed)
    click.echo(json.dumps(figures, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
