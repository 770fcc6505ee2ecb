"""The model card of a chest X-ray model, from its measured figures."""

from __future__ import annotations

from typing import Any

import pandas as pd
from huggingface_hub import EvalResult, ModelCard, ModelCardData

from deepfield.models import ModelFolder
from deepfield_datasets.chest_xray import ChestXray
from deepfield_medical_imaging.augmentation import CORRUPTIONS

__all__ = ["write_card"]

COLUMNS = ("auc", "accuracy", "sensitivity", "specificity", "ece")


def write_card(
    folder: ModelFolder,
    figures: dict[str, Any],
    *,
    films: pd.DataFrame,
    held_out: pd.Series,
    size: int,
    architecture: str,
    recipes: list[str],
    data_hash: str,
) -> None:
    """Write ``README.md``: YAML metadata with model-index, then words and tables."""
    data = ModelCardData(
        license="apache-2.0",
        library_name="deepfield",
        pipeline_tag="image-classification",
        tags=["medical-imaging", "chest-x-ray", "cnn"],
        model_name="Deepfield chest X-ray, pneumonia",
        eval_results=[
            EvalResult(
                task_type="image-classification",
                dataset_type="chest-xray",
                dataset_name="Kermany 2018, held-out training patients",
                dataset_config=name,
                metric_type=metric,
                metric_value=round(figures[name][metric], 4),
            )
            for name in ("clean", "corrupted, mean")
            for metric in COLUMNS
        ],
    )
    card = ChestXray.card
    training, validation = films[~held_out], films[held_out]
    deletion, guard = figures["deletion"], dict(figures["guard"])
    flagged = guard.pop("chest films flagged")
    near = figures["near the official test"]
    text = f"""---
{data.to_yaml()}
---

# Chest X-ray, pneumonia

{architecture} (timm, {size} pixels, grey) with temperature scaling and class biases, an abstention
bound and a Mahalanobis guard. It started from ImageNet weights of MobileNetV2 (TensorFlow's,
Apache 2.0) and was fine-tuned throughout. Each picture is standardised inside the network, so
brightness and contrast alone change nothing.

## Intended use and limits

To study and to show. **Not a medical device.** It learned from front chest films of children aged
one to five of one hospital in Guangzhou; on adults, other projections, other hospitals' machines
or other diseases its answers mean nothing. It tells pneumonia from a normal film and knows no
third answer. A film is squashed to a square before it is read, as its training films were.

## Data

{card.title}: {card.summary} {card.citation}; {card.license}; {card.source}.
Only its official training part was used: {len(training):,} films of
{training["patient"].nunique():,} patients to learn from, {len(validation):,} films of
{validation["patient"].nunique():,} other patients to choose and to measure by
({(validation["label"] == "normal").sum()} normal, {(validation["label"] == "pneumonia").sum()}
pneumonia). SHA-256 over names and bytes of all {len(films):,} films: `{data_hash}`.

Half of the normal validation patients are the lowest-numbered of their series, the nearest that
this data has to the official test films, on which models of others fell far below their
validation figures by calling normal films pneumonia. On this block ({near["films"]} normal
films) specificity is {near["specificity"]:.3f}. **The official test was not looked at; expect
less on it.**

## Figures

Validation patients, each calibrated on other patients' films (5 folds by patient). Chosen by the
log loss under corruption, not by the clean figures.

{_table(figures)}

## Trust

- `confidence` is the calibrated probability of the answer given.
- `unsure`: under the confidence that keeps the accepted error rate, by a bound with 90 %
  certainty from one version of each validation film, clean or corrupted, drawn by lot (films of
  one patient are counted as if they were of several). On the clean films:

| accepted error | answered | wrong among the answered |
|---|---|---|
{_lines(figures["trust"])}

- `unfamiliar`: the guard is the Mahalanobis distance of the picture's texture (mean and spread of
  the network's maps at a sixteenth of its size) to the nearer class, and the texture's part
  outside its leading 64 directions. {flagged:.1%} of clean
  validation films are flagged. Against other pictures:

| pictures | number | AUROC | flagged |
|---|---|---|---|
{_foreign(guard)}

## Explanation

The heat map is activation × gradient of the margin between the two classes, at a sixteenth of the
picture, smoothed. Deletion test on {deletion["films"]} correctly called validation films, the
removed fifth made mean grey; removing the hottest fifth lowers the confidence more than removing

- a random fifth of the pixels in **{deletion["hottest hurts more than random pixels"]:.1%}**,
- a random fifth in squares as large as the map's cells in
  {deletion["hottest hurts more than random squares"]:.1%}

of them (mean fall of the confidence: {deletion["mean drop, hottest"]:.3f}, against
{deletion["mean drop, pixels"]:.3f} and {deletion["mean drop, squares"]:.3f}).

## Reproduce

The shipped weights are the mean of these runs (seeded, CPU or CUDA; a stopped one goes on):

{_commands(recipes)}

and every figure above is measured, from their weights or again from the shipped ones, by

    python -m deepfield_medical_imaging.assessment --data DIR --size {size} \\
        --weights plugins/deepfield_medical_imaging/models/chest-xray/model.safetensors \\
        --output FOLDER
"""
    ModelCard(text).save(folder.path / "README.md")


def _commands(recipes: list[str]) -> str:
    return "\n\n".join(f"    {recipe}" for recipe in recipes)


def _table(figures: dict[str, Any]) -> str:
    rows = {
        "clean": figures["clean"],
        "corrupted, mean of 13": figures["corrupted, mean"],
        "corrupted, worst of 13": figures["corrupted, worst"],
        **{f"– {name}": figures[name] for name in CORRUPTIONS},
        "baseline, clean: logistic regression on 32 × 32 pixels": figures["baseline"],
    }
    lines = [
        f"| {name} | " + " | ".join(f"{row[column]:.3f}" for column in COLUMNS) + " |"
        for name, row in rows.items()
    ]
    head = ["| films | AUC | accuracy | sensitivity | specificity | ECE |", "|---" * 6 + "|"]
    return "\n".join(head + lines)


def _lines(rows: list[dict[str, float]]) -> str:
    return "\n".join(
        f"| {row['promised error']:.0%} | {row['answered']:.1%} | {row['error']:.2%} |"
        for row in rows
    )


def _foreign(guard: dict[str, dict[str, float]]) -> str:
    return "\n".join(
        f"| {kind} | {row['pictures']} | {row['auroc']:.3f} | {row['flagged']:.1%} |"
        for kind, row in guard.items()
    )
