"""Check a person's labelled rows before anything is fitted to them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from deepfield.domain import TRUST
from deepfield.errors import InputError
from deepfield.evaluation.truth import truth_field
from deepfield.fields import Image, Label
from deepfield.labelled import Labelled
from deepfield.loading import Model
from deepfield.table import Rejected, Table

__all__ = ["Examples", "check_rows", "distinct"]


@dataclass(frozen=True)
class Examples:
    """Checked rows, each once."""

    labelled: Labelled
    duplicates: int
    """Pictures that were left out because the same one is there already."""
    fingerprint: str
    """SHA-256 over all rows and labels, whatever their order."""


def check_rows(labelled: Labelled, model: Model) -> None:
    """Raise InputError unless there is something to learn and to measure.

    Args:
        model: the one to start from, whose other outputs no class may be named like.
    """
    if not model.predictor.needs_labels:
        _check_unlabelled(labelled, model)
    else:
        _check_classes(labelled.known, model)


def _check_unlabelled(labelled: Labelled, model: Model) -> None:
    """Check rows that are learned from without labels; those that there are must be the model's."""
    fewest = model.predictor.fewest_rows
    if len(labelled.rows) < fewest:
        first = f" The first set aside: {labelled.rejected[0].reason}." if labelled.rejected else ""
        raise InputError(
            f"{labelled.name!r} has {_rows(len(labelled.rows))} that can be read; at least "
            f"{fewest} are needed, and many more to be of use.{first}"
        )
    known = {value for each in model.outputs if isinstance(each, Label) for value in each.values}
    strange = [name for name in labelled.counts if name not in known]
    if strange:
        raise InputError(
            f"{labelled.name!r} has the label {strange[0]!r}, and a model that learns without "
            f"labels answers {', '.join(sorted(known)) or 'none'}: name another column of labels, "
            "or none."
        )


def _check_classes(labelled: Labelled, model: Model) -> None:
    if labelled.empty_folders:
        raise InputError(
            f"The class folder {labelled.empty_folders[0]!r} of {labelled.name!r} holds no "
            "pictures; fill it or remove it."
        )
    counts = labelled.counts
    if not counts:
        first = f" The first: {labelled.rejected[0].reason}." if labelled.rejected else ""
        raise InputError(f"No row of {labelled.name!r} can be read.{first}")
    if len(counts) == 1:
        (only,) = counts
        count = len(labelled.rows)
        every = f"All {count:,} rows" if count > 1 else "The one row"
        missing = ""
        if model.domain.truth:  # what is missing has a name
            every += " with a label"
            missing = f" and none is {next(n for n in truth_field(model).values if n != only)!r}"
        raise InputError(
            f"{every} of {labelled.name!r} {'are' if count > 1 else 'is'} {only!r}{missing}; "
            "at least two classes are needed to tell apart."
        )
    fewest = model.predictor.fewest_rows
    few = {name: count for name, count in counts.items() if count < fewest}
    if few:
        names = list(few)
        listed = ", ".join(f"{name!r} has {few[name]}" for name in names[:5])
        more = f" and {len(names) - 5:,} more classes have too few" if len(names) > 5 else ""
        raise InputError(
            f"Each class needs at least {fewest} rows, and many more to be of use; "
            f"of {len(labelled.rows):,} rows {listed}{more}."
        )
    labels = {value for each in model.outputs if isinstance(each, Label) for value in each.values}
    columns = set(model.outputs.names)
    taken = {"row", "confidence", "trust", *TRUST}
    # A probability of a class may well be named like it; anything else is taken. Where the base has
    # no columns for its classes, a fitted model has none either, and names of columns are free.
    if not labels or labels & columns:
        taken |= {*model.inputs.names, *(columns - labels)}
    for name in counts:
        if name in taken:
            raise InputError(
                f"No class may be named {name!r}: results have a column or a word of that name. "
                "Rename it."
            )


def distinct(labelled: Labelled, raw: Labelled, inputs: Table) -> Examples:
    """Leave out pictures that are there twice, and refuse one that stands in two classes.

    A picture there twice could be learned from and measured on. Rows of numbers may well be
    equal, each measured by itself: they stay. A picture of one colour throughout, such as the
    black slices at the ends of a volume, belongs to any class and is set aside.

    Args:
        labelled: the rows as the model reads them.
        raw: the same rows as the source gave them, which alone know their names.

    Raises:
        InputError: naming the two places of a picture with two labels.
    """
    if not any(isinstance(each, Image) for each in inputs):
        return Examples(labelled, 0, _fingerprint(labelled))
    labelled = _without_blank(labelled, raw, inputs)
    hashes = _hashes(labelled.rows)
    keyed = hashes + "\0" + labelled.labels
    digest = hashlib.sha256("\n".join(sorted(keyed)).encode()).hexdigest()
    if inputs.image is None:
        return Examples(labelled, 0, digest)
    first: dict[str, Any] = {}
    for number, key in zip(hashes.index, hashes, strict=True):
        other = first.setdefault(key, number)
        if labelled.labels[other] != labelled.labels[number]:
            raise InputError(
                f"The same picture is {labelled.labels[other]!r} in row {other} and "
                f"{labelled.labels[number]!r} in row {number}: "
                f"{raw.shown(other, inputs)!r} and {raw.shown(number, inputs)!r}. "
                "Remove one of them."
            )
    kept = pd.Index(list(first.values()))
    return Examples(labelled.part(kept), len(labelled.rows) - len(kept), digest)


def _without_blank(labelled: Labelled, raw: Labelled, inputs: Table) -> Labelled:
    """Set aside pictures on which nothing is to be seen."""
    if inputs.image is None:
        return labelled
    pictures = labelled.rows[inputs.image.name]
    blank = [number for number, each in pictures.items() if (each == each[:1, :1]).all()]
    if not blank:
        return labelled
    reason = f"column {inputs.image.name!r} is of one single colour: nothing is to be seen on it"
    aside = [Rejected(int(str(each)), raw.shown(each, inputs), reason) for each in blank]
    rejected = sorted([*labelled.rejected, *aside], key=lambda each: each.row)
    return replace(labelled.part(pictures.index.drop(blank)), rejected=tuple(rejected))


def _fingerprint(labelled: Labelled) -> str:
    """Return a SHA-256 over rows without pictures, of which there may be millions."""
    frame = labelled.rows.assign(**{"\0label": labelled.labels.fillna("")}).infer_objects()
    # As they are: looking for values that are there twice takes longer than it saves.
    hashes = pd.util.hash_pandas_object(frame, index=False, categorize=False).to_numpy()
    return hashlib.sha256(np.sort(hashes).tobytes()).hexdigest()


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _hashes(rows: pd.DataFrame) -> pd.Series:
    """Return a SHA-256 of each row's values, as the model reads them."""
    found = []
    for values in rows.itertuples(index=False, name=None):
        digest = hashlib.sha256()
        for value in values:
            if isinstance(value, np.ndarray):
                digest.update(f"{value.dtype}{value.shape}".encode())
                digest.update(np.ascontiguousarray(value).tobytes())
            else:
                digest.update(repr(value).encode())
            digest.update(b"\0")
        found.append(digest.hexdigest())
    return pd.Series(found, rows.index, dtype=object)
