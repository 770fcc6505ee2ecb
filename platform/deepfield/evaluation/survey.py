"""What a model answers on rows whose truth nobody knows: not how good, but how it is spread."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from deepfield.domain import TRUST, changed_options
from deepfield.errors import InputError
from deepfield.evaluation.answering import answer
from deepfield.evaluation.inventory import Inventory
from deepfield.evaluation.polylines.result import PolylineEvaluation
from deepfield.evaluation.ranking.result import RankingEvaluation
from deepfield.evaluation.result import Evaluation
from deepfield.fields import Label, Number
from deepfield.labelled import Labelled
from deepfield.loading import Model
from deepfield.scoring import Progress

__all__ = ["Survey", "read_finding", "survey"]

SHARES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


@dataclass(frozen=True)
class Survey:
    """How a model's answers are spread over rows whose truth nobody knows."""

    domain: str
    model: str
    model_hash: str
    source: str
    rows: int
    called: dict[str, int]
    """Rows of each value of the label that the model answers; empty if it answers none."""
    trust: dict[str, float]
    """The share of ok, unsure and unfamiliar rows."""
    scores: pd.DataFrame
    """Of each number that the model answers: score, mean, and the value under which 0 %, 1 % …
    of the rows lie."""
    rejected: pd.DataFrame
    """Rows set aside: row, source, reason."""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Return what the rows were called and how far that is to be trusted, in one sentence."""
        called = ", ".join(
            f"{count:,} {name} ({count / self.rows:.1%})" for name, count in self.called.items()
        )
        trust = ", ".join(f"{share:.1%} {name}" for name, share in self.trust.items())
        return f"Of {self.rows:,} held-out rows: {called or 'none has a label'}; trust: {trust}."

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers, lists and text."""
        frames = {
            name: json.loads(getattr(self, name).to_json(orient="records"))
            for name in ("scores", "rejected")
        }
        return {**vars(self), **frames}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Survey:
        """Return what ``to_json`` wrote down."""
        frames = {name: pd.DataFrame(values[name]) for name in ("scores", "rejected")}
        return cls(**{**values, **frames})


def survey(
    model: Model,
    labelled: Labelled,
    rows: pd.Index,
    options: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Survey:
    """Say how the answers to some rows are spread; the others are their history, if they have one.

    Raises:
        InputError: if no row can be read.
    """
    answered = answer(model, labelled, rows, options, on_progress)
    results = answered.results
    if results.empty:
        raise InputError(f"No row of {labelled.name!r} could be read.")
    label = next((each for each in model.outputs if isinstance(each, Label)), None)
    names = [each.name for each in model.results if isinstance(each, Number)]
    numbers = results[names].astype(float)
    spread = numbers.quantile(list(SHARES)).T.set_axis([f"{share:.0%}" for share in SHARES], axis=1)
    spread.insert(0, "mean", numbers.mean())
    called = pd.Series(dtype=object) if label is None else results[label.name].astype(str)
    found = Counter(called)
    return Survey(
        model.domain.name,
        model.spec.name,
        model.folder.hash,
        labelled.name,
        len(results),
        {name: found[name] for name in (label.values if label else ()) or sorted(found)},
        {name: float((results["trust"] == name).mean()) for name in TRUST},
        spread.rename_axis("score").reset_index(),
        answered.rejected,
        {**labelled.reading, **changed_options(answered.options)},
    )


def read_finding(
    values: Mapping[str, Any],
) -> Evaluation | RankingEvaluation | PolylineEvaluation | Survey | Inventory:
    """Return what came of a fit, as any of them wrote it down."""
    if "files" in values:
        return Inventory.from_json(values)
    if "leads" in values:
        return RankingEvaluation.from_json(values)
    if "by_number" in values:
        return PolylineEvaluation.from_json(values)
    return Evaluation.from_json(values) if "figures" in values else Survey.from_json(values)
