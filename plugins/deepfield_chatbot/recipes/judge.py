"""Fit what says how sure an answer is, and whether a question is about the documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from deepfield.trust import Calibration
from deepfield_chatbot.candidates import Candidate
from deepfield_chatbot.judging import (
    OF_CHOICE,
    OF_PAIRS,
    OF_SPANS,
    Familiarity,
    Judge,
    Linear,
    Sureness,
)
from deepfield_chatbot.recipes.asking import Asked
from deepfield_chatbot.recipes.card import ANSWERABLE

__all__ = ["PLAIN", "as_people_ask", "fit_choice", "fit_judge", "winner"]

LOST = 0.02
"""The share of questions about the documents that the border of what is unfamiliar may cost."""


def _plain() -> Judge:
    """Return what reads before anything is fitted: of several spans the one with most margin."""
    never = Calibration(1.0, [0.0, 0.0], [])
    blank = Linear((0.0,) * len(OF_PAIRS), 0.0)
    return Judge(
        Linear((1.0, *blank.weights), 0.0),
        Sureness(Linear((0.0,) * len(OF_SPANS), 0.0), never),
        Sureness(blank, never),
        Familiarity(blank, 0.0),
    )


PLAIN = _plain()


def winner(candidates: Sequence[Candidate], judge: Judge) -> Candidate:
    """Return the span that counts of those that were read for a question."""
    return candidates[judge.best(np.array([each.signs for each in candidates]))]


def fit_choice(texts: Sequence[Asked]) -> Linear:
    """Fit what spans are compared by to which of them are right."""
    signs = np.array([each.signs for one in texts for each in one.candidates])
    right = np.array([one.is_right(each) for one in texts for each in one.candidates])
    return Linear.fit(signs[:, : len(OF_CHOICE)], right)


def fit_judge(texts: Sequence[Asked], off_topic: Sequence[Asked], pairs: Sequence[Asked]) -> Judge:
    """Fit confidence on what was right, and the border of what is unfamiliar."""
    choice = fit_choice(texts)
    # The errors are bounded as those of questions that are independent: each of them once.
    versions: dict[tuple[str, tuple[str, ...]], list[Asked]] = {}
    for one in texts:
        versions.setdefault((one.question, one.right), []).append(one)
    each_once = [some[place % len(some)] for place, some in enumerate(versions.values())]
    once = [each_once[place] for place in as_people_ask(each_once)]
    draft = replace(PLAIN, choice=choice)
    winners = [winner(one.candidates, draft) for one in once]
    right = np.array([one.is_right(each) for one, each in zip(once, winners, strict=True)])
    signs = np.array([each.signs for each in winners])
    spans = Sureness.fit(Linear.fit(signs, right), signs, right)
    first = np.array([one.candidates[0].signs for one in pairs])
    right = np.array([one.is_right(one.candidates[0]) for one in pairs])
    of_pairs = Sureness.fit(Linear.fit(first, right), first, right)
    own = np.array([one.near for one in [*texts, *(each for each in pairs if each.right)]])
    foreign = np.array([one.near for one in off_topic])
    familiar = Linear.fit(
        np.concatenate([own, foreign]), np.arange(len(own) + len(foreign)) < len(own), even=True
    )
    answered = np.array([one.near for one in [*texts, *pairs] if one.right])
    border = float(np.quantile(familiar(answered), LOST))
    return Judge(choice, spans, of_pairs, Familiarity(familiar, border))


def as_people_ask(some: Sequence[Asked]) -> np.ndarray:
    """Return the places of all questions that are answered, and of as many others as
    ``ANSWERABLE`` says, evenly spread.

    In SQuAD 2.0 near every second question has no answer, and each was written to look as if it
    had: no promise about errors that is fitted to that would be of use to anybody.
    """
    can = np.array([bool(one.right) for one in some])
    others = np.flatnonzero(~can)
    wanted = min(len(others), round(can.sum() * (1 - ANSWERABLE) / ANSWERABLE))
    kept = others[np.linspace(0, len(others) - 1, wanted).astype(int)] if wanted else others[:0]
    return np.sort(np.concatenate([np.flatnonzero(can), kept]))
