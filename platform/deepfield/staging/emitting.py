"""The last pass: answers in the input's order, beside the rows that they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from deepfield.errors import InputError
from deepfield.explanation import Explanation
from deepfield.results import beside, no_results
from deepfield.staging.groups import InOrder
from deepfield.staging.spool import Column, read_spool, to_frame
from deepfield.tasks import Batch, Task

__all__ = ["WHY", "emitted"]

WHY = "why"
"""The stored column of explanations."""


def emitted(
    task: Task,
    answers: Iterator[pa.RecordBatch],
    answered: Sequence[Column],
    rows: Path,
    checked: Sequence[Column],
) -> Iterator[Batch]:
    """Read the source once more, which spares keeping what travels along, and merge.

    Args:
        answers: of the staged rows, by row number.
        answered: the columns of answers.
        rows: the staged rows, by row number; some may have no answer.
        checked: their columns.

    Raises:
        InputError: if the source is not what it was.
    """
    coming, staged = InOrder(answers), InOrder(read_spool(rows, checked))
    for chunk in task.source.chunks():
        if chunk.rows.empty:
            continue
        last = int(chunk.rows.index[-1])
        found, held = coming.take(last), staged.take(last)
        if not held or found is None:
            continue
        if not found:
            nothing = no_results(task.model)
            yield Batch(nothing, nothing, others=len(held))
            continue
        results, inputs = to_frame(found, answered), to_frame(held, checked)
        if not results.index.isin(chunk.rows.index).all():
            raise _changed(task)
        raw = _only(chunk.rows, results.index)
        yield Batch(
            raw,
            beside(task.model, raw, _only(inputs, results.index), results),
            explanations=_explanations(found) if task.explain else {},
            others=len(held) - len(found) if task.model.inputs.answer_per else 0,
        )
    if coming.left:
        raise _changed(task)


def _only(rows: pd.DataFrame, numbers: pd.Index) -> pd.DataFrame:
    """Return the rows of these numbers; all, mostly, and then without a copy."""
    return rows if rows.index.equals(numbers) else rows.loc[numbers]


def _explanations(found: pa.Table) -> dict[int, Explanation]:
    texts = zip(found["row"].to_pylist(), found[WHY].to_pylist(), strict=True)
    return {row: Explanation.unpacked(text) for row, text in texts}


def _changed(task: Task) -> InputError:
    return InputError(f"{task.source.name!r} was changed while its rows were scored.")
