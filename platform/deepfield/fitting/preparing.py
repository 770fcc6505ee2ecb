"""From rows as they were read to what a predictor is fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from deepfield.fitting.data import Examples, check_rows, distinct
from deepfield.fitting.splitting import Split, split
from deepfield.grouping import gathered
from deepfield.labelled import Labelled
from deepfield.loading import Model, parse_options
from deepfield.table import Table

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """Checked rows, each once, with what they take from earlier ones; and the split."""

    examples: Examples
    rows: pd.DataFrame
    """Inputs and what was gathered; not the truth, which a model could learn to repeat."""
    parts: Split

    def frame(self, part: pd.Index) -> pd.DataFrame:
        """Return what ``Predictor.fit`` gets of a part."""
        rows, labels = self.rows.loc[part], self.examples.labelled.labels
        return rows.assign(label=labels.loc[part]) if labels.notna().any() else rows


def prepare(read: Labelled, raw: Labelled, inputs: Table, base: Model) -> Prepared:
    """Check rows that were read, gather their history, and split those that are of use.

    The history is gathered over all rows before they are split, so that those that are measured
    on know what came before them; it never looks ahead.

    Args:
        read: the rows as the model reads them.
        raw: the same rows as the source gave them.
        inputs: what the model reads.

    Raises:
        InputError: if there is not enough to learn from.
    """
    check_rows(read, base)
    examples = distinct(read, raw, inputs)
    labelled = examples.labelled
    check_rows(labelled, base)
    needed = base.predictor.needs_labels
    used = labelled.known if needed else labelled
    moments = used.rows[inputs.order_by] if inputs.order_by else None
    parts = split(used, moments, needed=needed)
    options = parse_options(base.domain, {})
    rows = gathered(base.predictor, inputs, labelled.rows, options)
    return Prepared(examples, rows.drop(columns=base.domain.truth, errors="ignore"), parts)
