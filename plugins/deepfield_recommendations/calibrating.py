"""What scores are worth, told by what people took after the log that a model learned from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from deepfield.best import top
from deepfield.errors import InputError
from deepfield.evaluation.ranking.figures import found_in
from deepfield.models import ModelFolder
from deepfield_recommendations.baselines import Popularity
from deepfield_recommendations.likelihood import Curve, Likelihood
from deepfield_recommendations.logs import Logs
from deepfield_recommendations.sequences import Sequences

__all__ = ["calibrate", "keep_likelihood"]

DEPTH = 100
"""Items of each user, from the best on, whose scores are compared with what was taken."""
LISTED = 10
"""Items of the lists whose hits are counted."""
HELD = 2_000_000
"""Scores that are in memory at once."""


def calibrate(
    scores: Callable[[Sequences], np.ndarray],
    histories: Sequences,
    wanted: Sequences,
    items: int,
    again: bool,
) -> Likelihood:
    """Learn probabilities from what users took next.

    Args:
        scores: of histories, (users, items + 1).
        histories: of users, at least one event each.
        wanted: what the same users took next, at least one item each.
        again: whether what a user took before is ranked too.
    """
    depth, listed_items = min(DEPTH, items), min(LISTED, items)
    popularity = Popularity(half_life_days=30.0).fit(histories, items)
    codes, values, usual = [], [], []
    for _, part in histories.batches(max(1, HELD // items)):
        found, common = scores(part), popularity.scores(part)
        if not again:
            found[part.users, part.items] = common[part.users, part.items] = -np.inf
        best = top(found, depth)
        codes.append(best)
        values.append(np.take_along_axis(found, best, axis=1))
        usual.append(top(common, listed_items))
    lists, of = np.concatenate(codes), np.concatenate(values)
    asked = wanted.users, wanted.items
    happened = found_in(lists, *asked)
    filled = (lists > 0) & np.isfinite(of)
    item = Curve.fit(of[filled], happened[filled])
    listed = np.where(filled, item(np.where(filled, of, 0)), 0)[:, :LISTED]
    hit = np.asarray(happened[:, :LISTED].any(axis=1))
    return Likelihood(
        item,
        Curve.fit(1 - np.prod(1 - listed, axis=1), hit),
        float(found_in(np.concatenate(usual), *asked).any(axis=1).mean()),
        float(len(np.unique(np.stack(asked, axis=1), axis=0)) / max(len(wanted), 1)),
    )


def keep_likelihood(
    logs: Logs,
    scores: Callable[[Sequences], np.ndarray],
    folder: Path,
    base: ModelFolder | None,
) -> None:
    """Write what a model's scores are worth; with ``base``, what its are, as nothing is held back.

    Raises:
        InputError: if nobody took anything after the log that both know.
    """
    if base is not None:
        Likelihood.load(base.file("calibration.json")).save(folder)
        return
    asked = logs.asked
    if not len(asked):
        raise InputError("Nobody took anything of the catalogue after what is learned from.")
    histories, wanted = logs.learned.take(asked), logs.wanted.take(asked)
    calibrate(scores, histories, wanted, len(logs.vocabulary), logs.again).save(folder)
