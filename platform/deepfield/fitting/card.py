"""The model card of a fitted model, from what was measured."""

from __future__ import annotations

import math
import shlex
from typing import Any

import pandas as pd
from huggingface_hub import EvalResult, ModelCard, ModelCardData

from deepfield.evaluation.result import Evaluation
from deepfield.evaluation.survey import Survey
from deepfield.fitting.card_sections import cell, code, counts, figures, one_line, spread
from deepfield.fitting.data import Examples
from deepfield.fitting.splitting import Split
from deepfield.labelled import Labelled
from deepfield.loading import Model

__all__ = ["FEW", "repeat_command", "write_card"]

INDEXED = ("accuracy", "auc", "average_precision", "sensitivity", "specificity", "macro_f1", "ece")
FEW = 100
"""Held-out rows under which the figures say little."""


def write_card(
    model: Model,
    evaluation: Evaluation | Survey,
    raw: Labelled,
    examples: Examples,
    parts: Split,
    request: dict[str, Any],
    log: pd.DataFrame,
) -> None:
    """Write ``README.md``: YAML metadata with model-index, then words and tables."""
    domain, spec, config = model.domain, model.spec, model.folder.config
    pictures = model.inputs.image is not None
    task = "image-classification" if pictures else "tabular-classification"
    source = "FOLDER" if pictures else "TABLE"
    data = ModelCardData(
        library_name="deepfield",
        pipeline_tag=task,
        tags=[domain.name, "fitted"],
        model_name=spec.name,
        eval_results=_indexed(evaluation, task) or None,
    )
    split_by, drawn = _split(model, raw, request)
    golden = (
        "The golden rows in `golden/` are pictures of this data: share the folder only with those "
        "who may see them."
        if pictures
        else "The golden rows in `golden/` are rows of this data."
    )
    classes = list(evaluation.called if isinstance(evaluation, Survey) else evaluation.classes)
    tells = f" It tells apart: {', '.join(map(cell, classes))}." if classes else ""
    doubles = (
        f"{examples.duplicates:,} pictures were there twice and counted once. " if pictures else ""
    )
    text = f"""---
{data.to_yaml()}
---

# {spec.name}

{domain.title}: fitted with Deepfield {config["deepfield"]} on {config["fitted"][:10]} to a
person's own data, starting from `{config["base"]}` (version {config["base_hash"][:12]},
{spec.technique}).{tells}

## Intended use and limits

{domain.notice or "It knows what it was fitted to, and nothing else."}

It was fitted to one source and measured on a part of the same source. On data from elsewhere
expect less, and measure it: `deepfield evaluate {domain.name} {source} --model {spec.name}`.

## Data

`{code(raw.name)}`: {sum(parts.sizes.values()):,} rows were used, split {split_by}:
{parts.sizes["training"]:,} to learn from, {parts.sizes["validation"]:,} to stop, calibrate and
set the guard by, {parts.sizes["test"]:,} to measure on.{_unknown(model, examples)}

{counts(examples, parts, model.inputs.order_by)}

{len(examples.labelled.rejected):,} rows could not be read (`rejected.csv` says why).
{doubles}SHA-256 over all rows and labels, as the network reads them: `{examples.fingerprint}`.

{golden}

## Figures

{spread(evaluation) if isinstance(evaluation, Survey) else _measured(evaluation, drawn)}

## Reproduce

    {one_line(repeat_command(domain.name, spec.name, request))}

{f"It learned for {len(log):,} epochs." if len(log) else ""}
"""
    ModelCard(text, ignore_metadata_errors=True).save(model.folder.path / "README.md")


def repeat_command(domain: str, name: str, request: dict[str, Any]) -> str:
    """Return the command that makes a fit again."""
    sources = request.get("sources") or ([request["source"]] if request["source"] else [])
    parts = ["deepfield", "fit", domain, *sources, "--name", name]
    parts += ["--base", request["base"]]
    if request.get("add"):
        parts.append("--add")
    for document in request.get("remove", ()):
        parts += ["--remove", document]
    if request["label"] is not None:
        parts += ["--label", request["label"]]
    if request["group"]:
        parts += ["--group", request["group"]]
    for field, column in request["columns"].items():
        parts += ["--map", f"{field}={column}"]
    for option, value in request["options"].items():
        flag = option.replace("_", "-")
        if isinstance(value, bool):
            parts.append(f"--{flag}" if value else f"--no-{flag}")
        elif value is not None:
            parts += [f"--{flag}", str(value)]
    return shlex.join(parts)


def _indexed(evaluation: Evaluation | Survey, task: str) -> list[EvalResult]:
    """Return the figures of the card's model-index; of unknown truth there are none."""
    if isinstance(evaluation, Survey):
        return []
    found = {each.name: each for each in evaluation.figures if not each.of}
    return [
        EvalResult(
            task_type=task,
            dataset_type="own",
            dataset_name=f"held-out part, {evaluation.rows:,} rows",
            metric_type=name,
            metric_value=round(found[name].value, 4),
        )
        for name in INDEXED
        if name in found and math.isfinite(found[name].value)
    ]


def _split(model: Model, raw: Labelled, request: dict[str, Any]) -> tuple[str, str]:
    """Return how the rows were split, and what the intervals draw."""
    drawn = "whole groups" if request["group"] else "whole files" if raw.by_file else "its rows"
    if model.inputs.order_by:
        return (
            "by time, so that what was measured on is later than all that was learned from",
            drawn,
        )
    if request["group"]:
        by = f"by the column '{cell(request['group'])}', so that no group stands in two parts"
        return by, drawn
    if raw.by_file:
        return "by file, so that the slices or frames of one file were kept together", drawn
    by_class = ", class by class" if model.predictor.needs_labels else ""
    return f"at random{by_class}", drawn


def _unknown(model: Model, examples: Examples) -> str:
    """Say what became of rows without a label."""
    count = int(examples.labelled.labels.isna().sum())
    if not count:
        return ""
    if not model.predictor.needs_labels:
        return f" Of all these, {count:,} have no label; it learned without any."
    history = " beyond being the history of others" if model.inputs.group_by else ""
    return f" {count:,} more have no label and were not used{history}."


def _measured(evaluation: Evaluation, drawn: str) -> str:
    few = (
        f"\n**Only {evaluation.rows:,} rows were held out: look at the intervals, not at the "
        "values.**\n"
        if evaluation.rows < FEW
        else ""
    )
    notes = "".join(f"\n{cell(note)}\n" for note in evaluation.notes)
    return f"""On the held-out part, which the fit never saw, with 95 % intervals from 1,000
bootstrap resamples of {drawn}; – where they tell none.
{few}{notes}
{figures(evaluation)}"""
