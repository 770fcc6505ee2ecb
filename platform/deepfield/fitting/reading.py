"""A person's rows as the source has them, and how the model that is made of them will read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from pydantic import BaseModel

from deepfield.domain import ranked_output
from deepfield.evaluation.measuring import check_no_labels, truth_of
from deepfield.fitting.data import check_rows
from deepfield.formats import Formats
from deepfield.labelled import Labelled, read_labelled, read_unlabelled
from deepfield.loading import Model
from deepfield.table import Table

__all__ = ["read_rows"]


def read_rows(
    source: Any,
    base: Model,
    options: BaseModel,
    label: str | None,
    group: str | None,
    shown_as: str | None,
    formats: Formats,
    reading: Mapping[str, Any],
    columns: Mapping[str, str] | None,
) -> tuple[Labelled, Table]:
    """Return the rows with the inputs that the model is to read.

    Args:
        base: the model to start from.
        options: of the fit.
        reading: how files of ``formats`` are to be read.

    Raises:
        DeepfieldError: if nothing can be learned from them, as far as can be told unread.
    """
    ranked = ranked_output(base.inputs, base.outputs)
    if ranked is not None:
        check_no_labels(base, label, group)
        raw = read_unlabelled(source, base.inputs, shown_as, columns=columns, further=True)
    else:
        raw = read_labelled(
            source,
            base.inputs,
            label,
            group,
            shown_as,
            formats,
            reading,
            columns=columns,
            truth=truth_of(base),
            needed=base.predictor.needs_labels,
            further=True,
        )
    inputs = type(base.predictor).fit_inputs(base.inputs, options, _sample(raw, base))
    raw = raw.of(inputs)
    if ranked is None:
        check_rows(raw, base)
    return raw, inputs


def _sample(raw: Labelled, base: Model) -> pd.DataFrame | None:
    """Return a table as it came, for a predictor to find what it can learn from."""
    if base.inputs.image is not None:
        return None
    return raw.rows.drop(columns=base.domain.truth, errors="ignore")
