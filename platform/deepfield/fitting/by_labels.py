"""Fit a model to rows with their truth beside them, or to rows of which nobody knows it."""

from __future__ import annotations

from deepfield.evaluation.measuring import measure
from deepfield.evaluation.result import Evaluation
from deepfield.evaluation.survey import Survey, survey
from deepfield.fitting.card import write_card
from deepfield.fitting.folder import check_classes, describe, load_fitted
from deepfield.fitting.golden import write_golden_rows
from deepfield.fitting.preparing import prepare
from deepfield.fitting.task import FitTask, Made

__all__ = ["fit_by_labels"]


def fit_by_labels(task: FitTask) -> Made:
    """Split the rows into three parts, fit to two, measure on the third, and write the card."""
    raw, base = task.take_rows(), task.base
    read = raw.checked(task.inputs, lambda done: task.say("reading", done))
    prepared = prepare(read, raw, task.inputs, base)
    examples, parts = prepared.examples, prepared.parts
    task.folder.mkdir()
    task.say("fitting", 0.0)
    type(base.predictor).fit(
        prepared.frame(parts.training),
        prepared.frame(parts.validation),
        task.folder,
        base=base.folder,
        options=task.options,
        report=lambda done, figures=None: task.say("fitting", done, figures),
        device=task.device,
    )
    data = {
        "fingerprint": examples.fingerprint,
        "classes": examples.labelled.counts,
        "rows": parts.sizes,
        "columns": dict(examples.labelled.columns),
    }
    describe(task.folder, task.name, base, task.fit, data)
    model = load_fitted(task.folder, task.name, base, task.device)
    check_classes(model, examples)
    task.say("measuring", 0.0)
    used = raw.part(examples.labelled.rows.index)
    known = used.labels.loc[parts.test].notna().any()
    evaluation: Evaluation | Survey = (measure if known else survey)(
        model,
        used,
        parts.test,
        on_progress=lambda progress: task.say("measuring", progress.done / len(parts.test)),
    )
    write_golden_rows(model, used, parts.test)
    write_card(model, evaluation, raw, examples, parts, dict(task.request), task.fit.log)
    return Made(evaluation, parts.sizes, examples.labelled.rejected, examples.duplicates)
