"""Figures of answers, end to end: questions to texts, off topic, and to lists of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from deepfield.evaluation import expected_calibration_error
from deepfield.evaluation.squad import squad_figures
from deepfield_chatbot.answering import MAX_ERROR, READ
from deepfield_chatbot.candidates import Candidate
from deepfield_chatbot.judging import Judge
from deepfield_chatbot.recipes.asking import Asked
from deepfield_chatbot.recipes.card import ERRORS
from deepfield_chatbot.recipes.judge import as_people_ask, winner

__all__ = ["Judged", "off_topic_figures", "pair_figures", "text_figures"]


@dataclass(frozen=True)
class Judged:
    """A question that was asked, and what is to judge its answer."""

    one: Asked
    judge: Judge

    @cached_property
    def winner(self) -> Candidate:
        return winner(self.one.candidates, self.judge)

    @cached_property
    def confidence(self) -> float:
        return float(self.judge.spans.confidence(self.winner.signs[None])[0])

    @cached_property
    def foreignness(self) -> float:
        return float(self.judge.familiar.foreignness(self.one.near[None])[0])

    def sure(self, error: float) -> bool:
        """Return whether it is answered at an accepted error rate, on topic or not."""
        return self.confidence >= self.judge.spans.least(error)


def text_figures(some: Sequence[Judged]) -> dict[str, Any]:
    """Return figures of questions to texts, end to end; F1 and exact match in percent."""
    asked = [each.one for each in some]
    winners = [each.winner for each in some]
    right = np.array([each.one.is_right(each.winner) for each in some])
    confidence = np.array([each.confidence for each in some])
    foreign = np.array([each.foreignness > 1 for each in some])
    given = np.array([each.sure(MAX_ERROR) for each in some]) & ~foreign
    can = np.array([bool(one.right) for one in asked])
    usual = np.isin(np.arange(len(some)), as_people_ask(asked))
    sure = given & usual
    wanted = [list(one.right) for one in asked]
    texts = [each.text for each in winners]
    found = {
        "forced": squad_figures(
            [text for text, yes in zip(texts, can, strict=True) if yes],
            [each for each in wanted if each],
            bare=True,
        ),
        "with refusal": squad_figures(
            [text if yes else "" for text, yes in zip(texts, given, strict=True)], wanted
        ),
        "answerable answered": float(given[can].mean()),
        "answerable unfamiliar": float(foreign[can].mean()),
        "unanswerable refused": float((~given)[~can].mean()) if (~can).any() else None,
        "right where answered": float(right[sure].mean()) if sure.any() else None,
        "ece": float(expected_calibration_error(confidence[usual], right[usual])),
        "auroc of right": float(roc_auc_score(right[usual], confidence[usual])),
        "in passages read": float(
            np.mean([any(map(one.is_right, one.candidates)) for one in asked if one.right])
        ),
    }
    for count in (1, 2, 4, READ):
        best = [
            winner(each.one.candidates[:count], each.judge).text for each in some if each.one.right
        ]
        found[f"f1 of {count} read"] = squad_figures(
            best, [each for each in wanted if each], bare=True
        )["f1"]
    for error in ERRORS:
        sure = np.array([each.sure(error) for each in some]) & usual
        found[f"at {error:.0%}"] = {
            "answered of answerable": float(sure[can & usual].mean()),
            "wrong of answered": float(1 - right[sure].mean()) if sure.any() else None,
        }
    return found


def off_topic_figures(foreign: Sequence[Judged], own: Sequence[Judged]) -> dict[str, float]:
    """Return how well what is off topic is told from questions about the documents."""
    scores = [np.array([each.foreignness for each in some]) for some in (foreign, own)]
    labels = np.concatenate([np.ones(len(foreign)), np.zeros(len(own))])
    given = np.array([each.sure(MAX_ERROR) for each in foreign]) & (scores[0] <= 1)
    return {
        "queries": len(foreign),
        "auroc": float(roc_auc_score(labels, np.concatenate(scores))),
        "flagged": float((scores[0] > 1).mean()),
        "own flagged": float((scores[1] > 1).mean()),
        "not answered": float((~given).mean()),
    }


def pair_figures(some: Sequence[Asked], judge: Judge) -> dict[str, float | None]:
    """Return figures of questions to a list of questions with answers."""
    first = [one.candidates[0] for one in some]
    right = np.array([one.is_right(each) for one, each in zip(some, first, strict=True)])
    can = np.array([bool(one.right) for one in some])
    confidence = judge.pairs.confidence(np.array([each.signs for each in first]))
    given = confidence >= judge.pairs.least(MAX_ERROR)
    return {
        "questions": len(some),
        "listed": int(can.sum()),
        "right first": float(right[can].mean()),
        "listed answered": float(given[can].mean()),
        "unlisted refused": float((~given)[~can].mean()),
        "right where answered": float(right[given].mean()) if given.any() else None,
        "ece": float(expected_calibration_error(confidence, right)),
    }
