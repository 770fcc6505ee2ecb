"""Measure a model that draws lines over pictures on pictures whose lines are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from deepfield.domain import TRUST, changed_options
from deepfield.errors import InputError, UsageError
from deepfield.evaluation.polylines.answers import Answered, answers
from deepfield.evaluation.polylines.drawings import worst_drawn
from deepfield.evaluation.polylines.figures import (
    by_number,
    calibration,
    figures_with_intervals,
    sweep,
)
from deepfield.evaluation.polylines.result import PolylineEvaluation
from deepfield.evaluation.polylines.tusimple import SLOWEST_MS
from deepfield.fields import Field, Image, Polylines
from deepfield.labelled import LabelledLines, read_labelled_lines
from deepfield.loading import Model, parse_options
from deepfield.tasks import Progress

__all__ = ["evaluate_polylines", "lines_output", "measure_polylines"]


def lines_output(outputs: Iterable[Field]) -> Polylines | None:
    """Return the output that is compared with the lines that are in pictures, or None."""
    return next((each for each in outputs if isinstance(each, Polylines)), None)


def evaluate_polylines(
    model: Model,
    source: Any,
    *,
    group: str | None = None,
    columns: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    shown_as: str | None = None,
) -> PolylineEvaluation:
    """Draw lines over pictures and say how far they agree with those that are there.

    Args:
        source: a label file, a folder or .zip that holds such, or a table with a column of
            pictures, ``lanes`` and ``h_samples``: see ``labelled.read_labelled_lines``.
        group: a column, or a key of label files, that says which pictures belong together;
            intervals then draw whole groups.
        columns: field -> column of a table, where that is not obvious.
        options: the domain's own.
        shown_as: what a person calls the source, if not by its path.

    Raises:
        InputError: if no row tells the lines of a picture, or no picture can be read.
        UsageError: if the model draws no lines.
    """
    _, image = _lines_over(model)
    reading, own = model.formats.split(dict(options or {}))
    labelled = read_labelled_lines(
        source,
        model.inputs,
        image,
        group=group,
        shown_as=shown_as,
        formats=model.formats,
        reading=reading,
        columns=columns,
    )
    return measure_polylines(model, labelled, options=own, on_progress=on_progress)


def measure_polylines(
    model: Model,
    labelled: LabelledLines,
    *,
    options: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> PolylineEvaluation:
    """Do what ``evaluate_polylines`` does for pictures whose labels were read before."""
    output, image = _lines_over(model)
    parsed = parse_options(model.domain, dict(options or {}), model.formats)
    found, rejected = answers(model, output, image, labelled, parsed, on_progress)
    if not found:
        raise InputError(
            f"No picture of {labelled.name!r} could be read. The first, {rejected[0].source}, "
            f"{rejected[0].reason}."
        )
    rows = pd.Index([each.row for each in found])
    groups = np.arange(len(found))
    if labelled.groups is not None:
        groups = pd.factorize(labelled.groups.loc[rows])[0]
    times = np.array([each.run_time_ms for each in found])
    pictures = _pictures(found, labelled.shown)
    return PolylineEvaluation(
        model.domain.name,
        model.spec.name,
        model.folder.hash,
        labelled.name,
        len(found),
        sum(len(each.accuracies) for each in found),
        sum(len(each.points) for each in found),
        figures_with_intervals(found, groups),
        by_number(found),
        sweep(found),
        calibration(found),
        pictures,
        {name: float(np.mean([each.trust == name for each in found])) for name in TRUST},
        float(np.median(times)),
        pd.DataFrame([vars(each) for each in rejected], columns=["row", "source", "reason"]),
        _notes(found, times),
        changed_options(parsed),
        labelled.groups is not None,
        worst_drawn(pictures, {each.row: each for each in found}, labelled.rows[image.name]),
    )


def _lines_over(model: Model) -> tuple[Polylines, Image]:
    output = lines_output(model.outputs)
    if output is None:
        raise UsageError(
            f"The model {model.spec.name!r} draws no lines, so its answers cannot be compared "
            "with the lines that are in pictures."
        )
    pictures = (each for each in model.inputs if isinstance(each, Image))
    return output, next(each for each in pictures if each.name == output.of)


def _pictures(found: Sequence[Answered], shown: pd.Series) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "row": [each.row for each in found],
            "source": [shown[each.row] for each in found],
            "labelled": [len(each.accuracies) for each in found],
            "drawn": [len(each.points) for each in found],
            "accuracy": [each.score.accuracy for each in found],
            "false_positives": [each.score.false_positives for each in found],
            "false_negatives": [each.score.false_negatives for each in found],
            "run_time_ms": [each.run_time_ms for each in found],
        }
    )
    return frame.sort_values(
        ["false_negatives", "accuracy", "false_positives", "row"],
        ascending=[False, True, False, True],
        ignore_index=True,
    )


def _notes(found: Sequence[Answered], times: np.ndarray) -> list[str]:
    notes = []
    empty = sum(each.truth.empty for each in found)
    if empty:
        notes.append(
            f"{empty:,} labelled lines have no point in the picture: they are none, and were not "
            "counted."
        )
    slow = int((times > SLOWEST_MS).sum())
    if slow:
        notes.append(
            f"{slow:,} of {len(times):,} pictures took over {SLOWEST_MS:.0f} ms here. The "
            "benchmark scores such pictures as nothing; the figures leave the time out, for it "
            "says as much of the machine as of the model."
        )
    return notes
