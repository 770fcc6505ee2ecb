"""The folder that a predictor wrote, made a model of the platform's."""

from __future__ import annotations

import json
from pathlib import Path

from deepfield import __version__
from deepfield.errors import ContractError, InputError
from deepfield.evaluation.truth import truth_field
from deepfield.fits import Fit
from deepfield.fitting.data import Examples
from deepfield.fitting.splitting import Split
from deepfield.loading import Model
from deepfield.models import ModelFolder
from deepfield.store import FittedModel

__all__ = ["describe", "load_fitted"]


def describe(
    folder: Path, name: str, base: Model, fit: Fit, examples: Examples, parts: Split
) -> None:
    """Add to the model's config what the platform must know to find its class again.

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
        "data": {
            "fingerprint": examples.fingerprint,
            "classes": examples.labelled.counts,
            "rows": parts.sizes,
            "columns": dict(examples.labelled.columns),
        },
    }
    text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")


def load_fitted(folder: Path, name: str, base: Model, examples: Examples, device: str) -> Model:
    """Load the model where it lies, before it is put in its place.

    Raises:
        ContractError: if it does not tell apart what it was fitted to.
    """
    spec = FittedModel(
        name, base.spec.technique, base.spec.predictor, place=folder, base=base.spec.name
    )
    found = ModelFolder(folder)
    model = Model(base.domain, spec, found, type(base.predictor).load(found, device))
    if not base.predictor.needs_labels:
        return model
    answers, classes = set(truth_field(model).values), set(examples.labelled.counts)
    if answers != classes:
        raise ContractError(
            f"The model that was fitted answers {sorted(answers)}, and the rows are of "
            f"{sorted(classes)}: {base.spec.predictor} does not take its classes from the rows."
        )
    return model
