"""Evaluate a model on rows whose truth is known."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from deepfield.domain import TRUST
from deepfield.errors import InputError, UsageError
from deepfield.evaluation.resampling import Answers, Figure, figures_with_intervals
from deepfield.fields import Label, Probability
from deepfield.history import History
from deepfield.labelled import Labelled, read_labelled
from deepfield.loading import Model
from deepfield.scoring import Job, Progress
from deepfield.sources.tables import FrameSource

__all__ = ["Evaluation", "evaluate", "measure", "truth_field"]

POINTS = 200
"""Points of a curve that are kept: more cannot be seen."""


@dataclass(frozen=True)
class Evaluation:
    """What came of an evaluation: numbers, and the curves that plots are drawn from."""

    domain: str
    model: str
    model_hash: str
    source: str
    rows: int
    counts: dict[str, int]
    """Rows of each class, by truth."""
    figures: list[Figure]
    confusion: pd.DataFrame
    """Rows by truth (down) and by what they were called (across)."""
    calibration: pd.DataFrame
    """By confidence, in tenths: from, to, confidence, accuracy, rows."""
    risk_coverage: pd.DataFrame
    """coverage, risk, confidence: the error rate of the rows that are at least so confident."""
    roc: pd.DataFrame | None
    """false_positive_rate, true_positive_rate; of two classes with probabilities alone."""
    trust: dict[str, float]
    """The share of ok, unsure and unfamiliar rows."""
    rejected: pd.DataFrame
    """Rows set aside: row, source, reason."""
    notes: list[str] = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        return list(self.confusion.index)

    def figure(self, name: str, of: str = "") -> Figure:
        """Return a figure by its name, of one class or of all."""
        return next(each for each in self.figures if (each.name, each.of) == (name, of))

    def table(self) -> pd.DataFrame:
        """Return the figures as a table: figure, class, value, low, high."""
        return pd.DataFrame(
            [(each.name, each.of, each.value, each.low, each.high) for each in self.figures],
            columns=["figure", "class", "value", "low", "high"],
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers, lists and text; what cannot be told is null."""
        plain = {
            **vars(self),
            "figures": [vars(each) for each in self.figures],
            "confusion": {"classes": self.classes, "rows": self.confusion.to_numpy().tolist()},
        }
        for name in ("calibration", "risk_coverage", "roc", "rejected"):
            frame = getattr(self, name)
            plain[name] = None if frame is None else json.loads(frame.to_json(orient="records"))
        return _without_nan(plain)


def evaluate(
    model: Model,
    source: Any,
    *,
    label: str = "label",
    group: str | None = None,
    mapping: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Evaluation:
    """Score labelled rows and say how good the answers are.

    Args:
        source: a folder or .zip with a folder for each class, or a table with a column of labels.
        label: the column of labels, for tables.
        group: a column that says which rows belong together; intervals then draw whole groups.
        mapping: what a label of the source is called by the model.
        options: the domain's own.

    Raises:
        InputError: if a label is none of the model's classes, or no row can be read.
        UsageError: if the model does not tell classes apart.
    """
    truth_field(model)
    labelled = read_labelled(source, model.inputs, label, group)
    return measure(
        model, labelled, mapping=mapping or {}, options=options or {}, on_progress=on_progress
    )


def measure(
    model: Model,
    labelled: Labelled,
    *,
    mapping: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Evaluation:
    """Do what ``evaluate`` does for rows that were read before."""
    target = truth_field(model)
    truth = _mapped(labelled, target.values, dict(mapping or {}), model)
    numbers = labelled.rows.index
    with tempfile.TemporaryDirectory() as folder:
        # An evaluation is no run of the history: it leaves no results to come back to.
        job = Job(
            model,
            FrameSource(labelled.rows, labelled.name),
            options=dict(options or {}),
            on_progress=on_progress,
            history=History(Path(folder) / "history.sqlite"),
        )
        result = job.run()
    if result.stopped:
        raise KeyboardInterrupt
    results = result.frame
    aside = pd.concat(
        [
            pd.DataFrame(
                [vars(each) for each in labelled.rejected], columns=["row", "source", "reason"]
            ),
            # The job counted from 1; these are the numbers that the source gave.
            result.rejected.assign(row=[numbers[row - 1] for row in result.rejected["row"]]),
        ]
    ).sort_values("row", ignore_index=True)
    if results.empty:
        first = f" The first: {aside['reason'][0]}." if len(aside) else ""
        raise InputError(f"No row of {labelled.name!r} could be read.{first}")
    kept = numbers[results.index.to_numpy(dtype=int) - 1]
    classes = target.values
    places = {name: place for place, name in enumerate(classes)}
    probabilities, notes = _probabilities(model, classes, results)
    answers = Answers(
        classes,
        truth.loc[kept].map(places).to_numpy(dtype=int),
        results[target.name].map(places).to_numpy(dtype=int),
        results["confidence"].to_numpy(dtype=float),
        (results["trust"] == "ok").to_numpy(),
        probabilities,
        None if labelled.groups is None else pd.factorize(labelled.groups.loc[kept])[0],
    )
    absent = [name for name in classes if not (answers.truth == places[name]).any()]
    if absent:
        notes.append(f"No row is {', '.join(absent)}: their sensitivity cannot be told.")
    return Evaluation(
        model.domain.name,
        model.spec.name,
        model.folder.hash,
        labelled.name,
        len(answers),
        {name: int((answers.truth == place).sum()) for name, place in places.items()},
        figures_with_intervals(answers),
        _confusion(answers),
        _calibration(answers),
        _risk_coverage(answers),
        _roc(answers),
        {name: float((results["trust"] == name).mean()) for name in TRUST},
        aside,
        notes,
    )


def truth_field(model: Model) -> Label:
    """Return the output that is compared with the truth: the first label with named values.

    Raises:
        UsageError: if the model has none.
    """
    for each in model.outputs:
        if isinstance(each, Label) and each.values:
            return each
    raise UsageError(
        f"The model {model.spec.name!r} tells no classes apart, so its answers cannot be "
        "compared with labels."
    )


def _mapped(
    labelled: Labelled, classes: tuple[str, ...], mapping: dict[str, str], model: Model
) -> pd.Series:
    """Return the truth in the model's words; nothing is taken for another unless it is said."""
    wrong = sorted(set(mapping.values()) - set(classes))
    if wrong:
        raise UsageError(f"{wrong[0]!r} is no class of {model.spec.name!r}: {', '.join(classes)}.")
    truth = labelled.labels.map(lambda name: mapping.get(name, name))
    unknown = sorted(set(truth) - set(classes))
    if unknown:
        by_lower = {name.lower(): name for name in classes}
        near = by_lower.get(unknown[0].lower(), classes[0])
        raise InputError(
            f"{labelled.name!r} has the label {', '.join(map(repr, unknown[:10]))}, and the model "
            f"{model.spec.name!r} knows {', '.join(classes)}. Say which class each label means, "
            f"such as --map {unknown[0]}={near}."
        )
    return truth


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


def _confusion(answers: Answers) -> pd.DataFrame:
    size = len(answers.classes)
    cells = np.bincount(answers.truth * size + answers.called, minlength=size * size)
    frame = pd.DataFrame(cells.reshape(size, size), answers.classes, answers.classes)
    return frame.rename_axis(index="truth", columns="called")


def _calibration(answers: Answers, bins: int = 10) -> pd.DataFrame:
    place = np.minimum((answers.confidence * bins).astype(int), bins - 1)
    frame = pd.DataFrame(
        {
            "place": place,
            "confidence": answers.confidence,
            "accuracy": answers.correct.astype(float),
        }
    )
    found = frame.groupby("place").agg(
        confidence=("confidence", "mean"), accuracy=("accuracy", "mean"), rows=("place", "size")
    )
    found.insert(0, "from", found.index / bins)
    found.insert(1, "to", (found.index + 1) / bins)
    return found.reset_index(drop=True)


def _risk_coverage(answers: Answers) -> pd.DataFrame:
    order = np.argsort(-answers.confidence, kind="stable")
    done = np.arange(1, len(order) + 1)
    curve = pd.DataFrame(
        {
            "coverage": done / len(order),
            "risk": np.cumsum(~answers.correct[order]) / done,
            "confidence": answers.confidence[order],
        }
    )
    # Rows of one confidence are answered together or not at all.
    curve = curve.drop_duplicates("confidence", keep="last", ignore_index=True)
    return _thinned(curve)


def _roc(answers: Answers) -> pd.DataFrame | None:
    positive = answers.truth == 1
    if (
        answers.probabilities is None
        or len(answers.classes) != 2
        or positive.all()
        or not positive.any()
    ):
        return None
    false, true, _ = roc_curve(positive, answers.probabilities[:, 1])
    return _thinned(pd.DataFrame({"false_positive_rate": false, "true_positive_rate": true}))


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    if len(curve) <= POINTS:
        return curve
    places = np.unique(np.linspace(0, len(curve) - 1, POINTS).astype(int))
    return curve.iloc[places].reset_index(drop=True)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
