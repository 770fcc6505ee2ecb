"""The card of a shipped model, from its figures."""

from __future__ import annotations

from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from deepfield.domain import ModelSpec
from deepfield.models import ModelFolder

__all__ = ["write_card"]

WORDS = {
    "auc": "AUC",
    "average_precision": "average precision",
    "card_precision_at_100": "card precision@100",
    "ece": "ECE",
    "ece_of_fraud": "ECE of the probability of fraud",
    "brier": "Brier score",
}
ABOUT = {
    "mlp": "An ensemble of perceptrons (TabM, Gorishniy et al. 2024) on each number cut into steps "
    "(piecewise linear encoding, Gorishniy et al. 2022). It reads the amount, the hour, what the "
    "card did in 1, 7 and 30 days and how unusual the amount is for it, and what the terminal did, "
    "with its known frauds of the time before the labels' delay.",
    "gru": "What `mlp` reads and, beside it, the latest 8 transactions of the card and the latest "
    "8 known ones of the terminal, each through a GRU (Cho et al. 2014) whose states the present "
    "transaction attends to.",
    "autoencoder": "A denoising autoencoder (Vincent et al. 2008) that learned, without labels, to "
    "put transactions together again from a few numbers; what it cannot put together is unusual. "
    "Labels of the validation town served only to turn that into a probability.",
}


def write_card(folder: ModelFolder, spec: ModelSpec, figures: dict[str, Any]) -> None:
    """Write ``README.md``: YAML metadata with model-index, then words and tables."""
    towns, trained = figures["towns"], folder.config["trained"]
    results = [
        EvalResult(
            task_type="tabular-classification",
            dataset_type="synthetic-transactions",
            dataset_name=f"synthetic transactions, {town}",
            metric_type=name,
            metric_name=WORDS[name],
            metric_value=round(towns[town]["this model"][name], 4),
        )
        for town in towns
        for name in ("average_precision", "auc", "card_precision_at_100", "ece")
    ]
    if "handbook" in figures:
        results += [
            EvalResult(
                task_type="tabular-classification",
                dataset_type="card-transactions",
                dataset_name="Fraud Detection Handbook, four test weeks, without learning from it",
                metric_type=name,
                metric_name=WORDS[name],
                metric_value=round(figures["handbook"][name], 4),
            )
            for name in ("average_precision", "auc", "card_precision_at_100")
        ]
    data = ModelCardData(
        license="apache-2.0",
        library_name="deepfield",
        pipeline_tag="tabular-classification",
        tags=["fraud-detection", spec.technique],
        model_name=f"fraud-detection-{spec.name}",
        eval_results=results,
    )
    parts = {
        name: ", ".join(
            f"{rows:,} rows of seed {seed}" + ("" if known else " whose labels it was not shown")
            for seed, rows, known in listed
        )
        for name, listed in trained["parts"].items()
    }
    guard, sums = figures["guard"], figures["contributions"]
    text = f"""---
{data.to_yaml()}
---

# Fraud detection: {spec.title}

{ABOUT[spec.name]}

## Intended use and limits

It shows the domain at work; fit a model of your own before you rely on one. It knows the habits of
simulated cards, in amounts of some 5 to 500 EUR: every amount over 220 is fraud there, and
terminals and cards fall into wrong hands for 28 and 14 days. Nobody's payment should be declined by
it before it was fitted to, and measured on, that bank's own transactions.

## Data

Only rows of our simulator (`deepfield generate synthetic-transactions`), each seed a town of its
own with other customers and terminals. To learn from: {parts["training"]}. To choose the epoch and
calibrate by: {parts["validation"]}. Two more towns measure it. A label is an input only
once it is 7 days old; the scenario of a fraud never is.

## Figures

On towns that it never saw, beside the simplest baseline and LightGBM with its defaults, on the same
features and rows:

{_town("A town whose older frauds are known", towns["test"])}

{_town("A town where no label is known", towns["test without labels"])}
{_handbook(figures)}
**Contributions** add up to the log-odds: of {sums["rows"]:,} rows the median miss is
{sums["median_miss"]:.1e}, the largest {sums["largest_miss"]:.3f} (a probability moves by at most
{sums["largest_miss_of_probability"]:.4f}).

**Guard**: of {_kinds(guard)} are called unfamiliar.

## Reproduce

    {trained["command"]}
    python -m deepfield_fraud_detection.recipes.assessment {spec.name}

Training took {trained["seconds"] / 60:.0f} minutes of one core.
"""
    ModelCard(text, ignore_metadata_errors=True).save(folder.path / "README.md")


def _town(title: str, figures: dict[str, Any]) -> str:
    names = ("average_precision", "auc", "card_precision_at_100", "ece", "ece_of_fraud")
    rows = figures["rows"]
    lines = [
        f"{title}, {rows['rows']:,} rows, {rows['frauds']:,} frauds:",
        "",
        "| | " + " | ".join(WORDS[name] for name in names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for who, found in figures.items():
        if who != "rows":
            cells = " | ".join(
                f"{found[name]:.4f}" if name.startswith("ece") else f"{found[name]:.3f}"
                for name in names
            )
            lines.append(f"| {who} | {cells} |")
    return "\n".join(lines)


def _handbook(figures: dict[str, Any]) -> str:
    if "handbook" not in figures:
        return ""
    found = figures["handbook"]
    return f"""
On the Fraud Detection Handbook's own file, which it did not learn from, mean of the four test
weeks: average precision {found["average_precision"]:.3f}, AUC {found["auc"]:.3f}, card
precision@100 {found["card_precision_at_100"]:.3f}. What networks and trees reach that do learn
from it stands in `docs/benchmarks.md`.
"""


def _kinds(guard: dict[str, float]) -> str:
    words = {
        "own": "rows of a town like those it learned from",
        "amounts in cents": "the same with amounts in cents",
        "another currency": "the same in another currency",
    }
    return ", ".join(f"{words[name]} {share:.1%}" for name, share in guard.items())
