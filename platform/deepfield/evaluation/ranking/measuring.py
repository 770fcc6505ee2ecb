"""Measure a model that ranks: hide what each group took last, and look for it in its list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from deepfield.columns import listed
from deepfield.domain import TRUST, changed_options, ranked_output
from deepfield.errors import InputError, UsageError
from deepfield.evaluation.ranking.baselines import again, popular, popular_new, shares
from deepfield.evaluation.ranking.comparing import Hidden, calibration, compared, hits_by_length
from deepfield.evaluation.ranking.lists import recommended
from deepfield.evaluation.ranking.moments import Moments, in_moments
from deepfield.evaluation.ranking.result import RankingEvaluation
from deepfield.fields import Ranking
from deepfield.labelled import read_unlabelled
from deepfield.loading import Model, parse_options
from deepfield.table import Rejected
from deepfield.tasks import Progress

__all__ = ["evaluate_ranking", "measure_ranking", "ranking_of"]


def ranking_of(model: Model) -> Ranking:
    """Return the output that is compared with what groups took next.

    Raises:
        UsageError: if the model has none.
    """
    found = ranked_output(model.inputs, model.outputs)
    if found is None:
        raise UsageError(
            f"The model {model.spec.name!r} ranks nothing that its inputs hold, so its lists "
            "cannot be compared with what came next."
        )
    return found


def evaluate_ranking(
    model: Model,
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    shown_as: str | None = None,
) -> RankingEvaluation:
    """Hide each group's last moment, recommend after the rest, and compare.

    Args:
        source: a table with the inputs; no labels are needed, and none are read.
        columns: field -> column of the table, where that is not obvious.
        options: the domain's own.
        shown_as: what a person calls the source, if not by its path.

    Raises:
        InputError: if no group has two moments, or there is but one group or one item.
        UsageError: if the model ranks nothing.
    """
    ranking = ranking_of(model)
    read = read_unlabelled(source, model.inputs, shown_as, columns=columns)
    checked = read.checked(model.inputs, lambda done: on_progress(Progress(stage="reading")))
    name, aside, said = read.name, checked.rejected, dict(read.columns)
    moments = in_moments(model.inputs, ranking, checked.rows)
    del read, checked  # the same rows as they came: a log may fill much of the memory
    counts = moments.counts
    if counts.max() < 2:
        raise InputError(
            f"No {moments.key} of {name!r} has rows of two moments: one is hidden and compared "
            "with what is recommended after the others."
        )
    single = int((counts == 1).sum())
    notes = [f"Columns: {listed(said)}."] if said else []
    if single:
        notes.append(
            f"{single:,} of {len(counts):,} {moments.key} groups have rows of but one moment: they "
            "were not measured on, and count for what is popular."
        )
    return measure_ranking(
        model,
        moments,
        (moments.later == 0) & (counts[moments.groups] > 1),
        source=name,
        rejected=aside,
        notes=notes,
        options=options,
        on_progress=on_progress,
    )


def measure_ranking(
    model: Model,
    moments: Moments,
    hidden: np.ndarray,
    *,
    source: str,
    rejected: Sequence[Rejected] = (),
    notes: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> RankingEvaluation:
    """Do what ``evaluate_ranking`` does for rows that were read before.

    Args:
        hidden: (n,) bool: the rows of the last moment of each group that is measured on. What is
            recommended follows from its rows before; what is popular from all that are not hidden.
        source: what a person calls it.
    """
    ranking = ranking_of(model)
    asked = parse_options(model.domain, dict(options or {}))
    parsed = asked.model_copy(update=dict(model.domain.when_measured))
    size = len(moments.names)
    told = hidden & (moments.items > 0)
    measured = np.zeros(len(moments.counts), dtype=bool)
    measured[moments.groups[told]] = True
    number = np.cumsum(measured) - 1
    past = measured[moments.groups] & ~hidden
    truth = Hidden(number[moments.groups[told]], moments.items[told])
    lists = recommended(model, ranking, moments, past, parsed, on_progress)
    count, k = lists.codes.shape
    if not k:
        raise InputError(f"The model {model.spec.name!r} recommended nothing to anybody.")
    strange = (lists.codes > size).sum() / max((lists.codes > 0).sum(), 1)
    if strange:
        notes = [
            *notes,
            f"{strange:.1%} of what is listed stands nowhere in these rows: the model knows other "
            f"values of {moments.of}.",
        ]
    share = shares(moments.items[~hidden], size)
    own, items = number[moments.groups[past]], moments.items[past]
    baselines = {
        "popular": popular(share, count, k),
        "popular_new": popular_new(share, own, items, count, k),
        "again": again(own, items, count, k),
    }
    figures, leads = compared(lists, baselines, truth, share, size)
    return RankingEvaluation(
        model.domain.name,
        model.spec.name,
        model.folder.hash,
        source,
        len(moments.rows),
        count,
        moments.key,
        moments.of,
        k,
        figures,
        leads,
        hits_by_length({"": lists.codes, **baselines}, truth),
        calibration(lists, truth),
        {name: float((lists.trust == name).mean()) for name in TRUST},
        moments.summary | {"hidden": int(told.sum())},
        pd.DataFrame([vars(each) for each in rejected], columns=["row", "source", "reason"]),
        list(notes),
        changed_options(asked),
    )
