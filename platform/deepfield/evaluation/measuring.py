"""Evaluate a model on rows whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from deepfield.columns import listed
from deepfield.domain import TRUST, changed_options, ranked_output
from deepfield.errors import InputError, UsageError
from deepfield.evaluation import curves
from deepfield.evaluation.answering import answer
from deepfield.evaluation.polylines.measuring import evaluate_polylines, lines_output
from deepfield.evaluation.polylines.result import PolylineEvaluation
from deepfield.evaluation.ranking.measuring import evaluate_ranking
from deepfield.evaluation.ranking.result import RankingEvaluation
from deepfield.evaluation.resampling import Answers, figures_with_intervals
from deepfield.evaluation.result import Evaluation
from deepfield.evaluation.truth import in_words, read_mapping, truth_field, truth_of
from deepfield.fields import Probability
from deepfield.labelled import Labelled, read_labelled
from deepfield.loading import Model
from deepfield.scoring import Progress

__all__ = [
    "check_no_labels",
    "evaluate",
    "measure",
    "read_mapping",
    "truth_field",
    "truth_of",
]


def evaluate(
    model: Model,
    source: Any,
    *,
    label: str | None = None,
    group: str | None = None,
    mapping: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    shown_as: str | None = None,
) -> Evaluation | RankingEvaluation | PolylineEvaluation:
    """Score labelled rows and say how good the answers are.

    Of a domain that ranks what groups take next no labels are read: see ``evaluate_ranking``. Of
    one that draws lines over pictures the truth is lines: see ``evaluate_polylines``.

    Args:
        source: a folder or .zip with a folder for each class, or a table with a column of labels.
        label: the column of labels, for tables; None: the domain's own, or ``label``.
        group: a column that says which rows belong together; intervals then draw whole groups.
        mapping: what a label of the source is called by the model.
        columns: field -> column of the table, where that is not obvious.
        options: the domain's own.
        shown_as: what a person calls the source, if not by its path.

    Raises:
        InputError: if a label is none of the model's classes, or no row can be read.
        UsageError: if the model does not tell classes apart.
    """
    ranking = ranked_output(model.inputs, model.outputs)
    if ranking is not None:
        check_no_labels(model, label, group, mapping)
        return evaluate_ranking(
            model,
            source,
            columns=columns,
            options=options,
            on_progress=on_progress,
            shown_as=shown_as,
        )
    if lines_output(model.outputs) is not None:
        if label or mapping:
            raise UsageError(
                f"The lines in a picture are the truth in {model.domain.name}: there are no labels "
                "to name."
            )
        return evaluate_polylines(
            model,
            source,
            group=group,
            columns=columns,
            options=options,
            on_progress=on_progress,
            shown_as=shown_as,
        )
    truth_field(model)
    reading, own = model.formats.split(options or {})
    truth = truth_of(model, mapping)
    labelled = read_labelled(
        source,
        model.inputs,
        label,
        group,
        shown_as,
        model.formats,
        reading,
        columns=columns,
        truth=truth,
    )
    return measure(model, labelled, mapping=mapping or {}, options=own, on_progress=on_progress)


def check_no_labels(
    model: Model,
    label: str | None,
    group: str | None,
    mapping: Mapping[str, str] | None = None,
) -> None:
    """Raise UsageError if labels or groups are named where what was taken next is the truth."""
    if label or group or mapping:
        raise UsageError(
            f"What each {model.inputs.answer_per} took next is the truth in "
            f"{model.domain.name}: there are no labels and no groups to name."
        )


def measure(
    model: Model,
    labelled: Labelled,
    rows: pd.Index | None = None,
    *,
    mapping: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Evaluation:
    """Do what ``evaluate`` does for rows that were read before.

    Args:
        rows: which of them to measure on, if not on all whose truth is known. Where rows have a
            history, that of each is all rows of ``labelled``.
    """
    target = truth_field(model)
    asked = labelled if rows is None else labelled.part(rows)
    known = asked.known
    truth = in_words(known, mapping or {}, model)
    answered = answer(model, labelled, known.rows.index, options, on_progress)
    results, aside = answered.results, answered.rejected
    if results.empty:
        first = f" The first: {aside['reason'][0]}." if len(aside) else ""
        raise InputError(f"No row of {labelled.name!r} could be read.{first}")
    classes = target.values
    places = {name: place for place, name in enumerate(classes)}
    probabilities, notes = _probabilities(model, classes, results)
    kept = results.index
    answers = Answers(
        classes,
        truth.loc[kept].map(places).to_numpy(dtype=int),
        results[target.name].map(places).to_numpy(dtype=int),
        results["confidence"].to_numpy(dtype=float),
        (results["trust"] == "ok").to_numpy(),
        probabilities,
        None if labelled.groups is None else pd.factorize(labelled.groups.loc[kept])[0],
    )
    if labelled.columns:
        notes.append(f"Columns: {listed(labelled.columns)}.")
    if labelled.by_file:
        notes.append("Pictures of one file are alike: the intervals draw whole files.")
    counts = {name: int((answers.truth == place).sum()) for name, place in places.items()}
    return Evaluation(
        model.domain.name,
        model.spec.name,
        model.folder.hash,
        labelled.name,
        len(answers),
        counts,
        figures_with_intervals(answers),
        curves.confusion(answers),
        curves.calibration(answers),
        curves.risk_coverage(answers),
        curves.roc(answers),
        {name: float((results["trust"] == name).mean()) for name in TRUST},
        aside,
        [*notes, *_untold(counts, len(asked.rows) - len(known.rows))],
        {**labelled.reading, **changed_options(answered.options)},
        dict(mapping or {}),
        labelled.groups is not None,
        curves.precision_recall(answers),
    )


def _untold(counts: dict[str, int], unknown: int) -> list[str]:
    """Return what the rows cannot tell."""
    notes = []
    absent = [name for name, count in counts.items() if not count]
    if absent:
        curves = ", and there is no AUC, no average precision" if len(counts) == 2 else ""
        notes.append(f"No row is {', '.join(absent)}: their sensitivity cannot be told{curves}.")
    if unknown:
        notes.append(f"{unknown:,} rows without a label were not measured on.")
    return notes


def _probabilities(
    model: Model, classes: tuple[str, ...], results: pd.DataFrame
) -> tuple[np.ndarray | None, list[str]]:
    """Return (n, classes) from the outputs that are named like the classes, where they suffice."""
    named = {each.name for each in model.outputs if isinstance(each, Probability)}
    have = [name for name in classes if name in named]
    if len(have) == len(classes):
        return results[list(classes)].to_numpy(dtype=float), []
    if len(classes) == 2 and len(have) == 1:
        one = results[have[0]].to_numpy(dtype=float)
        columns = [one if name == have[0] else 1 - one for name in classes]
        return np.stack(columns, axis=1), []
    return None, [
        "The model gives no probability of each class, so there is no AUC: only what it called "
        "the rows, and its confidence, were measured."
    ]
