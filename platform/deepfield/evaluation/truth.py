"""The truth of labelled rows, in the words of the model that it is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from deepfield.errors import ContractError, InputError, UsageError
from deepfield.fields import Label
from deepfield.labelled import Labelled, Truth
from deepfield.loading import Model

__all__ = ["in_words", "read_mapping", "truth_field", "truth_of"]


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


def truth_of(model: Model, mapping: Mapping[str, str] | None = None) -> Truth | None:
    """Return the input that holds the truth, in a domain where one does.

    Args:
        mapping: what words of a source stand for, beyond no and yes.

    Raises:
        ContractError: if the model does not answer with two values, a no and a yes.
        UsageError: if ``mapping`` names another.
    """
    if not model.domain.truth:
        return None
    values = truth_field(model).values
    if len(values) != 2:
        raise ContractError(
            f"{model!r}: the truth is the input {model.domain.truth!r}, yes or no, and its label "
            f"has the {len(values)} values {', '.join(values)}"
        )
    _check_mapping(mapping or {}, values, model)
    return Truth(model.domain.truth, (values[0], values[1]), dict(mapping or {}))


def in_words(labelled: Labelled, mapping: Mapping[str, str], model: Model) -> pd.Series:
    """Return the truth in the model's words; nothing is taken for another unless it is said.

    Raises:
        InputError: if a label is none of the model's classes.
        UsageError: if ``mapping`` names a class that is none.
    """
    classes = truth_field(model).values
    _check_mapping(mapping, classes, model)
    if model.domain.truth:  # read as such, and in the model's words already
        return labelled.labels
    meant = {name: mapping.get(name, name) for name in labelled.counts}
    unknown = sorted(set(meant.values()) - set(classes))
    if unknown:
        by_lower = {name.lower(): name for name in classes}
        near = by_lower.get(unknown[0].lower(), classes[0])
        raise InputError(
            f"{labelled.name!r} has the label {', '.join(map(repr, unknown[:10]))}, and the model "
            f"{model.spec.name!r} knows {', '.join(classes)}. Say which class each label means, "
            f"such as --map {unknown[0]}={near}."
        )
    return labelled.labels.map(meant)


def read_mapping(lines: Iterable[str]) -> dict[str, str]:
    """Return ``LABEL=CLASS`` texts as a mapping; a label may hold a sign of equality itself.

    Raises:
        UsageError: at the first that is not of that form, or names a label again.
    """
    found: dict[str, str] = {}
    for line in lines:
        label, sign, meant = (part.strip() for part in line.rpartition("="))
        if not sign or not label or not meant:
            raise UsageError(f"{line!r} is not of the form LABEL=CLASS.")
        if label in found:
            raise UsageError(f"The label {label!r} is mapped twice.")
        found[label] = meant
    return found


def _check_mapping(mapping: Mapping[str, str], classes: tuple[str, ...], model: Model) -> None:
    wrong = sorted(set(mapping.values()) - set(classes))
    if wrong:
        raise UsageError(f"{wrong[0]!r} is no class of {model.spec.name!r}: {', '.join(classes)}.")
