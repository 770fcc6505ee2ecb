"""The model card of a fitted model that ranks, from what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from huggingface_hub import EvalResult, ModelCard, ModelCardData

from deepfield.evaluation.ranking import RankingEvaluation
from deepfield.evaluation.ranking.words import beside_baselines, own_figures
from deepfield.fitting.card import FEW, repeat_command
from deepfield.fitting.card_sections import cell, code, one_line
from deepfield.fitting.moments_split import MOST_GROUPS
from deepfield.loading import Model

__all__ = ["write_ranking_card"]

INDEXED = ("ndcg", "recall", "hit", "mrr")
"""Figures of the first k places; the index names them with the k."""


def write_ranking_card(
    model: Model,
    found: RankingEvaluation,
    data: Mapping[str, Any],
    request: dict[str, Any],
    twice: bool,
    log: pd.DataFrame,
) -> None:
    """Write ``README.md``: YAML metadata with model-index, then words and tables.

    Args:
        data: what the config says of the rows.
        twice: whether what is kept learned from the held-out rows too.
    """
    domain, spec, config = model.domain, model.spec, model.folder.config
    head = ModelCardData(
        library_name="deepfield",
        tags=[domain.name, "fitted", "ranking"],
        model_name=spec.name,
        eval_results=_indexed(found) or None,
    )
    kept = (
        "**These figures were measured before it learned from the held-out moments.** Then it was "
        "fitted once more, to all rows, with what the measured model had settled; the model in "
        "this folder is the one that knows all, and no row is left to measure it on."
        if twice
        else "It learned from neither the moments that it was measured on nor those that it was "
        "chosen by."
    )
    sizes = data["rows"]
    text = f"""---
{head.to_yaml()}
---

# {spec.name}

{domain.title}: fitted with Deepfield {config["deepfield"]} on {config["fitted"][:10]} to a
person's own data, starting from `{config["base"]}` (version {config["base_hash"][:12]},
{spec.technique}). It ranks {found.data["items"]:,} different values of `{found.of}`.

## Intended use and limits

{domain.notice or "It knows what it was fitted to, and nothing else."}

It was fitted to one source and measured on the last moments of the same source. On data from
elsewhere expect less, and measure it:
`deepfield evaluate {domain.name} TABLE --model {spec.name}`.

## Data

`{code(found.source)}`: {_log(found)}

Of each `{found.key}` with rows of three moments or more the last moment was held out to measure on
({sizes["test"]:,} rows), and the one before it to stop and calibrate by ({sizes["validation"]:,}
rows); all else was learned from ({sizes["training"]:,} rows). Of more than {MOST_GROUPS:,} such
groups that many were drawn for it, seeded. What others took may be later than what was held out.

{kept}

{len(found.rejected):,} rows could not be read (`rejected.csv` says why).
SHA-256 over all rows, as the model reads them: `{data["fingerprint"]}`.

The golden rows in `golden/` are rows of this data.

## Figures

{_figures(found)}

## Reproduce

    {one_line(repeat_command(domain.name, spec.name, request))}

{f"It learned for {len(log):,} epochs." if len(log) else ""}
"""
    ModelCard(text, ignore_metadata_errors=True).save(model.folder.path / "README.md")


def _indexed(found: RankingEvaluation) -> list[EvalResult]:
    """Return the figures of the card's model-index."""
    figures = {
        **{f"{name}@{found.k}": found.figure(name).value for name in INDEXED},
        "coverage": found.figure("coverage").value,
    }
    return [
        EvalResult(
            task_type="ranking",
            dataset_type="own",
            dataset_name=f"held-out last moments of {found.groups:,} groups",
            metric_type=name,
            metric_value=round(value, 4),
        )
        for name, value in figures.items()
        if math.isfinite(value)
    ]


def _log(found: RankingEvaluation) -> str:
    """Say how large the log is, from when to when, and how much of it comes again."""
    data = found.data
    span = "in the order in which they stand"
    if data["first"] is not None:
        span = f"from {_short(data['first'])} to {_short(data['last'])}"
    repeats = ""
    if data["repeats"] is not None:
        repeats = (
            f" Of what was taken after a group's first moment, {data['repeats']:.1%} it had taken "
            "before."
        )
    return (
        f"{found.rows:,} rows of {data['groups']:,} `{found.key}` groups with {data['moments']:,} "
        f"moments, which took {data['items']:,} different values of `{found.of}`, {span}.{repeats}"
    )


def _short(moment: str) -> str:
    """Return a time without its seconds; a number as it is."""
    return moment[:16]


def _figures(found: RankingEvaluation) -> str:
    few = (
        f"\n**Only {found.groups:,} groups were held out: look at the intervals, not at the "
        "values.**\n"
        if found.groups < FEW
        else ""
    )
    notes = "".join(f"\n{cell(note)}\n" for note in found.notes)
    trust = ", ".join(f"{share:.1%} {name}" for name, share in found.trust.items())
    return f"""On the held-out last moment of {found.groups:,} groups, lists of up to {
        found.k
    }; with
95 % intervals from 1,000 bootstrap resamples of whole groups; – where they tell none.
{few}{notes}
{_table(("figure", "value", "95 % interval"), own_figures(found))}

Beside the simplest baselines, made from the same rows:

{
        _table(
            ("baseline", "figure", "value", "ahead of it by", "95 % interval"),
            beside_baselines(found),
        )
    }

Trust of the lists: {trust}."""


def _table(head: tuple[str, ...], rows: list[Any]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    lines += [f"| {' | '.join(map(cell, row))} |" for row in rows]
    return "\n".join(lines)
