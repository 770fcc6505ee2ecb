"""The model card of a shipped classifier, from its measured figures."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import pandas as pd
from huggingface_hub import EvalResult, ModelCard, ModelCardData

from deepfield.models import ModelFolder
from deepfield_medical_imaging.recipes.augmentation import CORRUPTIONS
from deepfield_medical_imaging.recipes.studies import Study

__all__ = ["write_card"]

NAMES = {
    "auc": "AUC",
    "accuracy": "accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "ece": "ECE",
}


def write_card(
    folder: ModelFolder,
    study: Study,
    figures: dict[str, Any],
    *,
    rows: pd.DataFrame,
    held_out: pd.Series,
    size: int,
    architecture: str,
    recipes: list[str],
    data_hash: str,
) -> None:
    """Write ``README.md``: YAML metadata with model-index, then words and tables."""
    columns = [name for name in NAMES if name in figures["clean"]]
    data = ModelCardData(
        license="apache-2.0",
        library_name="deepfield",
        pipeline_tag="image-classification",
        tags=["medical-imaging", study.model, "cnn"],
        model_name=f"Deepfield {study.title}",
        eval_results=[
            EvalResult(
                task_type="image-classification",
                dataset_type=study.dataset.name,
                dataset_name=f"{study.dataset.card.title}, {study.split}",
                dataset_config=name,
                metric_type=metric,
                metric_value=round(figures[name][metric], 4),
            )
            for name in ("clean", "corrupted, mean")
            for metric in columns
        ],
    )
    card = study.dataset.card
    training, validation = rows[~held_out], rows[held_out]
    deletion, guard = figures["deletion"], dict(figures["guard"])
    flagged = guard.pop("own scans flagged")
    text = f"""---
{data.to_yaml()}
---

# {study.title}

{architecture} (timm, {size} pixels, grey) with temperature scaling and class biases, an abstention
bound and a Mahalanobis guard. It started from ImageNet weights of MobileNetV2 (TensorFlow's,
Apache 2.0) and was fine-tuned throughout. Each picture is standardised inside the network, so
brightness and contrast alone change nothing.

## Intended use and limits

To study and to show. **Not a medical device.**
{fill(study.limits, 99)}

## Data

{card.title}: {card.summary} {card.citation}; {card.license}; {card.source}.

{_counts(study, training, validation)}

SHA-256 over names and bytes of all {len(rows):,} files: `{data_hash}`.
{_nearest(figures)}
## Figures

On {len(validation):,} {study.split}, each calibrated on others (5 folds). Chosen by the log loss
under corruption, not by the clean figures.

{_table(figures, columns)}

Which class was called what, clean:

{_confusion(study.classes, figures["confusion"])}

## Trust

- `confidence` is the calibrated probability of the answer given.
- `unsure`: under the confidence that keeps the accepted error rate, by a bound with 90 %
  certainty from one version of each validation picture, clean or corrupted, drawn by lot
  (pictures of one patient are counted as if they were of several). On the clean pictures:

| accepted error | answered | wrong among the answered |
|---|---|---|
{_lines(figures["trust"])}

- `unfamiliar`: the guard is the Mahalanobis distance of the picture's texture (mean and spread of
  the network's maps at a sixteenth of its size) to the nearest class, and the texture's part
  outside its leading 64 directions. Its border lies where {flagged:.1%} of the clean validation
  pictures are beyond it. Against other pictures:

| pictures | number | AUROC | flagged |
|---|---|---|---|
{_foreign(guard)}

## Explanation

The heat map is activation × gradient of the margin between the class called and the next, at a
sixteenth of the picture, smoothed. Deletion test on {deletion["scans"]} correctly called validation
pictures, the removed fifth made mean grey; removing the hottest fifth lowers the confidence more
than removing

- a random fifth of the pixels in **{deletion["hottest hurts more than random pixels"]:.1%}**,
- a random fifth in squares as large as the map's cells in
  {deletion["hottest hurts more than random squares"]:.1%}

of them (mean fall of the confidence: {deletion["mean drop, hottest"]:.3f}, against
{deletion["mean drop, pixels"]:.3f} and {deletion["mean drop, squares"]:.3f}).

## Reproduce

The shipped weights come from these runs, in this order; where several have one start, from their
mean (seeded, CPU or CUDA; a stopped one goes on):

{_commands(recipes)}

and every figure above is measured, from their weights or again from the shipped ones, by

    python -m deepfield_medical_imaging.recipes.assessment {study.model} --data DIR --size {size} \\
        --weights plugins/deepfield_medical_imaging/models/{study.model}/model.safetensors \\
        --foreign KIND DIR --output FOLDER
"""
    ModelCard(text).save(folder.path / "README.md")


def _counts(study: Study, training: pd.DataFrame, validation: pd.DataFrame) -> str:
    """Return how many pictures of each class, and of how many groups where there are groups."""
    head = ["| part | " + " | ".join(study.classes) + " |", "|---" * (1 + len(study.classes)) + "|"]
    for name, part in (("to learn from", training), ("to choose and to measure by", validation)):
        kin = f", {part[study.group].nunique():,} {study.group}s" if study.group else ""
        counts = part["label"].value_counts()
        head.append(
            f"| {name}{kin} | " + " | ".join(f"{counts[c]:,}" for c in study.classes) + " |"
        )
    return "\n".join(head)


def _nearest(figures: dict[str, Any]) -> str:
    """Return what is known of the part that is nearest to the official test, where there is one."""
    if "near the official test" not in figures:
        return ""
    near = figures["near the official test"]
    return f"""
Only its official training part was used. Half of the normal validation patients are the
lowest-numbered of their series, the nearest that this data has to the official test films, on
which models of others fell far below their validation figures by calling normal films pneumonia.
On this block ({near["films"]} normal films) specificity is {near["specificity"]:.3f}. **The
official test was not looked at; expect less on it.**
"""


def _commands(recipes: list[str]) -> str:
    return "\n\n".join(f"    {recipe}" for recipe in recipes)


def _table(figures: dict[str, Any], columns: list[str]) -> str:
    rows = {
        "clean": figures["clean"],
        "corrupted, mean of 13": figures["corrupted, mean"],
        "corrupted, worst of 13": figures["corrupted, worst"],
        **{f"– {name}": figures[name] for name in CORRUPTIONS},
        **{f"baseline, clean: {name}": row for name, row in figures["baselines"].items()},
    }
    lines = [
        f"| {name} | "
        + " | ".join(f"{row[column]:.3f}" if column in row else "–" for column in columns)
        + " |"
        for name, row in rows.items()
    ]
    head = "| pictures | " + " | ".join(NAMES[column] for column in columns) + " |"
    return "\n".join([head, "|---" * (1 + len(columns)) + "|", *lines])


def _confusion(classes: tuple[str, ...], counts: list[list[int]]) -> str:
    lines = [
        "| truth \\\\ called | " + " | ".join(classes) + " |",
        "|---" * (1 + len(classes)) + "|",
    ]
    for name, row in zip(classes, counts, strict=True):
        lines.append(f"| {name} | " + " | ".join(map(str, row)) + " |")
    return "\n".join(lines)


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
