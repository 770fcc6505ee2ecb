"""The folder that a predictor wrote, made a model of the platform's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deepfield import __version__
from deepfield.errors import ContractError, InputError
from deepfield.evaluation.truth import truth_field
from deepfield.fits import Fit
from deepfield.fitting.data import Examples
from deepfield.loading import Model
from deepfield.models import ModelFolder
from deepfield.store import FittedModel

__all__ = ["check_classes", "describe", "load_fitted"]


def describe(folder: Path, name: str, base: Model, fit: Fit, data: Mapping[str, Any]) -> None:
    """Add to the model's config what the platform must know to find its class again.

    Args:
        data: what the model learned from; ``columns`` says how that was called.

    Raises:
        ContractError: if there is no model.
    """
    try:
        config = ModelFolder(folder).config
    except InputError as error:
        raise ContractError(f"Fitting {base.spec.name!r} wrote no model: {error}") from error
    config |= {
        "domain": base.domain.name,
        "model": name,
        "technique": base.spec.technique,
        "base": base.spec.name,
        "base_hash": base.folder.hash,
        "fitted": fit.started,
        "deepfield": __version__,
        "data": dict(data),
    }
    text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")


def load_fitted(folder: Path, name: str, base: Model, device: str) -> Model:
    """Load the model where it lies, before it is put in its place."""
    spec = FittedModel(
        name, base.spec.technique, base.spec.predictor, place=folder, base=base.spec.name
    )
    found = ModelFolder(folder)
    return Model(base.domain, spec, found, type(base.predictor).load(found, device))


def check_classes(model: Model, examples: Examples) -> None:
    """Raise ContractError unless a model tells apart what it was fitted to."""
    if not model.predictor.needs_labels:
        return
    answers, classes = set(truth_field(model).values), set(examples.labelled.counts)
    if answers != classes:
        raise ContractError(
            f"The model that was fitted answers {sorted(answers)}, and the rows are of "
            f"{sorted(classes)}: {model.spec.predictor} does not take its classes from the rows."
        )
