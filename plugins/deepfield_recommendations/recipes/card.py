"""The card of a shipped model, from its figures."""

from __future__ import annotations

from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from deepfield.domain import ModelSpec
from deepfield.models import ModelFolder

__all__ = ["write_card"]

WORDS = {"recall@20": "recall@20", "ndcg@20": "NDCG@20", "hit@20": "hit rate@20"}
ABOUT = {
    "sasrec": "Self-attention over the latest 64 purchases (SASRec, Kang and McAuley 2018, with a "
    "softmax over the next basket), beside it the mean of what was taken lately, what sells in the "
    "week that is asked for, and a term for what was taken before: how often, how lately, how "
    "regularly.",
    "gru4rec": "Gated recurrent units over the latest 64 purchases (GRU4Rec, Hidasi et al. 2016, "
    "with a softmax over the next basket), beside them the mean of what was taken lately, what "
    "sells in the week that is asked for, and a term for what was taken before.",
    "two-tower": "Two networks of plain layers: one turns an item's name, price and category into "
    "a vector, the other what somebody took into one; their product is the score. An item that "
    "nobody took yet has a vector as any other. Of 65 items that were first sold in the last month "
    "it finds more than chance and less than the likeness of names (hit rate@20 of 339 customers "
    "0.60, by chance 0.52, by names 0.68; `docs/benchmarks.md`).",
    "popularity": "What was taken most, a purchase of 30 days ago counting half; the same list for "
    "everybody.",
    "buy-again": "What each took before: often, and lately (each basket counts nine tenths of the "
    "one after it).",
    "item-neighbours": "Items that the same people took, by cosine (Sarwar et al. 2001), seen from "
    "what each took lately; the 400 nearest of each item.",
    "markov": "What followed in the next basket elsewhere after what somebody took last, a "
    "first-order chain; the 400 most frequent followers of each item.",
}


def write_card(folder: ModelFolder, spec: ModelSpec, figures: dict[str, Any]) -> None:
    """Write ``README.md``: YAML metadata with model-index, then words and tables."""
    own = figures["models"]["this model"]
    data = ModelCardData(
        license="apache-2.0",
        library_name="deepfield",
        tags=["recommendations", spec.technique],
        model_name=f"recommendations-{spec.name}",
        eval_results=[
            EvalResult(
                task_type="recommendation",
                dataset_type="online-retail",
                dataset_name="Online Retail II, next basket of the last month",
                metric_type=name,
                metric_name=words,
                metric_value=round(own[name], 4),
            )
            for name, words in WORDS.items()
        ],
    )
    log = figures["log"]
    text = f"""---
{data.to_yaml()}
---

# Recommendations: {spec.title}

{ABOUT[spec.name]}

## Intended use and limits

It shows the domain at work, and it knows one catalogue: gifts of a British wholesaler in 2009 to
2011. Most of its customers are shops that order the same again. Fit a model of your own to
recommend anything else. A name that the catalogue lacks is left out of a history; somebody of whom
nothing is left gets what is popular, marked `unfamiliar`. `unsure` is a list that promises no more
hits than one of what is popular.

## Data

Online Retail II (Chen 2019, UCI Machine Learning Repository, CC BY 4.0): {log["orders"]:,} orders
of {log["users"]:,} customers, {log["lines"]:,} lines of {figures["items"]:,} products. Stock codes,
names and prices of the products lie beside the weights; no order and no customer does.

## Figures

The first order in the last 30 days of each of {figures["customers"]:,} customers who had ordered
three times before, from all that came before those days, all products ranked, those bought before
too. The model that is measured did not learn from these days; the one that ships learned from them
too.

{_table(figures)}
{_beyond(figures)}
{_probabilities(figures)}
{_reasons(figures["reasons"])}
## Reproduce

    {figures["command"]}

(with the extra `benchmarks`, for ALS). It took {figures["minutes"]:.0f} minutes of one core.
Chosen on the month before: {_chosen(figures)}.
"""
    ModelCard(text, ignore_metadata_errors=True).save(folder.path / "README.md")


def _table(figures: dict[str, Any]) -> str:
    lines = [
        "| | " + " | ".join([*WORDS.values(), "share of the catalogue in lists"]) + " |",
        "|---" * (len(WORDS) + 2) + "|",
    ]
    for who, found in figures["models"].items():
        cells = [f"{found[name]:.3f}" for name in WORDS] + [f"{found['coverage']:.1%}"]
        lines.append(f"| {who} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _beyond(figures: dict[str, Any]) -> str:
    found = [
        f"{WORDS[name]} {mean:+.3f} ({low:+.3f} to {high:+.3f}) beside {rival}"
        for rival, margins in figures["beyond"].items()
        for name, (mean, low, high) in margins.items()
    ]
    return f"\nDifferences with their 95 % bootstrap interval over customers: {'; '.join(found)}.\n"


def _probabilities(figures: dict[str, Any]) -> str:
    of_items, of_lists = figures["ece of items"], figures["ece of lists"]
    sure, with_hit = figures["sure lists"], figures["lists with a hit"]
    return f"""**Probabilities**: their expected calibration error is {of_items:.3f} for an item of
a list of ten and {of_lists:.3f} for that something of it is ordered next, learned on the month
before. {sure:.1%} of the lists were sure, and of {_share(figures)} of these something was ordered
(of all: {with_hit:.1%}).
"""


def _reasons(found: dict[str, float]) -> str:
    if not found["lowered"]:
        return "**Reasons**: none; no list hangs on what somebody took.\n"
    return f"""**Reasons**: the item named as reason carried more of the score than another one of
the same history, drawn at random, for {found["larger"]:.1%} of the recommended items of 200
customers, and leaving it out lowered the score for {found["lowered"]:.1%}.
"""


def _share(figures: dict[str, Any]) -> str:
    share = figures["sure lists with a hit"]
    return "none" if share is None else f"{share:.1%}"


def _chosen(figures: dict[str, Any]) -> str:
    found = figures["chosen"].items()
    plain = [f"{name} {value}" for name, value in found if not isinstance(value, dict)]
    return ", ".join(plain) or "nothing"
