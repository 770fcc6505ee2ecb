"""The model card of a fitted model, from what was measured."""

from __future__ import annotations

import math
import shlex
from typing import Any

import pandas as pd
from huggingface_hub import EvalResult, ModelCard, ModelCardData

from deepfield.evaluation.report import FIGURE_WORDS, interval, number
from deepfield.evaluation.result import Evaluation
from deepfield.fitting.data import Examples
from deepfield.fitting.splitting import Split
from deepfield.labelled import Labelled
from deepfield.loading import Model

__all__ = ["repeat_command", "write_card"]

INDEXED = ("accuracy", "auc", "average_precision", "sensitivity", "specificity", "macro_f1", "ece")
FEW = 100
"""Held-out rows under which the figures say little."""


def write_card(
    model: Model,
    evaluation: Evaluation,
    raw: Labelled,
    examples: Examples,
    parts: Split,
    request: dict[str, Any],
    log: pd.DataFrame,
) -> None:
    """Write ``README.md``: YAML metadata with model-index, then words and tables."""
    domain, spec = model.domain, model.spec
    figures = {each.name: each for each in evaluation.figures if not each.of}
    pictures = domain.inputs.image is not None
    task = "image-classification" if pictures else "tabular-classification"
    data = ModelCardData(
        library_name="deepfield",
        pipeline_tag=task,
        tags=[domain.name, "fitted"],
        model_name=spec.name,
        eval_results=[
            EvalResult(
                task_type=task,
                dataset_type="own",
                dataset_name=f"held-out part, {evaluation.rows:,} rows",
                metric_type=name,
                metric_value=round(figures[name].value, 4),
            )
            for name in INDEXED
            if name in figures and math.isfinite(figures[name].value)
        ],
    )
    config = model.folder.config
    if request["group"]:
        split_by = (
            f"by the column '{_cell(request['group'])}', so that no group stands in two parts"
        )
        drawn = "whole groups"
    elif raw.by_file:
        split_by = "by file, so that the slices or frames of one file were kept together"
        drawn = "whole files"
    else:
        split_by, drawn = "at random, class by class", "its rows"
    golden = (
        "The golden rows in `golden/` are pictures of this data: share the folder only with those "
        "who may see them."
        if pictures
        else "The golden rows in `golden/` are rows of this data."
    )
    few = (
        f"\n**Only {evaluation.rows:,} rows were held out: look at the intervals, not at the "
        "values.**\n"
        if evaluation.rows < FEW
        else ""
    )
    notes = "".join(f"\n{_cell(note)}\n" for note in evaluation.notes)
    text = f"""---
{data.to_yaml()}
---

# {spec.name}

{domain.title}: fitted with Deepfield {config["deepfield"]} on {config["fitted"][:10]} to a
person's own data, starting from `{config["base"]}` (version {config["base_hash"][:12]},
{spec.technique}). It tells apart: {", ".join(map(_cell, evaluation.classes))}.

## Intended use and limits

{domain.notice or "It knows what it was fitted to, and nothing else."}

It was fitted to one source and measured on a part of the same source. On data from elsewhere
expect less, and measure it: `deepfield evaluate {domain.name} FOLDER --model {spec.name}`.

## Data

`{_code(raw.name)}`: {sum(parts.sizes.values()):,} rows were used, split {split_by}:
{parts.sizes["training"]:,} to learn from, {parts.sizes["validation"]:,} to stop, calibrate and
set the guard by, {parts.sizes["test"]:,} to measure on.

{_counts(examples, parts)}

{len(examples.labelled.rejected):,} rows could not be read (`rejected.csv` says why);
{examples.duplicates:,} pictures were there twice and counted once. SHA-256 over all rows and
labels, as the network reads them: `{examples.fingerprint}`.

{golden}

## Figures

On the held-out part, which the fit never saw, with 95 % intervals from 1,000 bootstrap resamples
of {drawn}; – where they tell none.
{few}{notes}
| figure | value | 95 % interval |
|---|---|---|
{_figures(evaluation)}

Confusion matrix, truth down, called across:

{_confusion(evaluation)}

## Reproduce

    {_one_line(repeat_command(domain.name, spec.name, request))}

{_epochs(log)}
"""
    ModelCard(text, ignore_metadata_errors=True).save(model.folder.path / "README.md")


def repeat_command(domain: str, name: str, request: dict[str, Any]) -> str:
    """Return the command that makes a fit again."""
    parts = ["deepfield", "fit", domain, request["source"], "--name", name]
    parts += ["--base", request["base"]]
    if request["label"] != "label":
        parts += ["--label", request["label"]]
    if request["group"]:
        parts += ["--group", request["group"]]
    for option, value in request["options"].items():
        flag = option.replace("_", "-")
        if isinstance(value, bool):
            parts.append(f"--{flag}" if value else f"--no-{flag}")
        elif value is not None:
            parts += [f"--{flag}", str(value)]
    return shlex.join(parts)


def _counts(examples: Examples, parts: Split) -> str:
    labels = examples.labelled.labels
    lines = ["| class | to learn from | to choose by | to measure on |", "|---|---|---|---|"]
    for name in examples.labelled.counts:
        cells = [f"{(labels.loc[rows] == name).sum():,}" for rows in vars(parts).values()]
        lines.append(f"| {_cell(name)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _figures(evaluation: Evaluation) -> str:
    found = {each.name: each for each in evaluation.figures if not each.of}
    lines = [
        f"| {words} | {number(found[name].value)} | {interval(found[name])} |"
        for name, words in FIGURE_WORDS.items()
        if name in found
    ]
    for of in evaluation.classes:
        for name in ("sensitivity", "precision"):
            each = evaluation.figure(name, of)
            lines.append(
                f"| {FIGURE_WORDS[name]} of {_cell(of)} | {number(each.value)} | {interval(each)} |"
            )
    return "\n".join(lines)


def _confusion(evaluation: Evaluation) -> str:
    names = [_cell(name) for name in evaluation.classes]
    lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for name, row in zip(names, evaluation.confusion.to_numpy(), strict=True):
        lines.append(f"| **{name}** | " + " | ".join(f"{cell:,}" for cell in row) + " |")
    return "\n".join(lines)


def _epochs(log: pd.DataFrame) -> str:
    return f"It learned for {len(log):,} epochs." if len(log) else ""


def _cell(text: str) -> str:
    """Return other people's words so that a table and Markdown show them to the letter."""
    for sign in "\\`*_{}[]()<>#|!":
        text = text.replace(sign, f"\\{sign}")
    return _one_line(text)


def _code(text: str) -> str:
    return _one_line(text).replace("`", "'")


def _one_line(text: str) -> str:
    return " ".join(text.split())
