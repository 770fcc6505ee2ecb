"""How well intents are told, and what is none of them: ours beside the simplest baseline.

The baseline is TF-IDF of words and pairs of words, a logistic regression, and its largest
probability as the sign of scope; its border is set by the same rule, on a held-out seventh.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline

from deepfield.evaluation import expected_calibration_error
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.intents.classifier import IntentClassifier
from deepfield_chatbot.intents.explaining import explain_intents, without_words
from deepfield_chatbot.intents.fitting import fit_intents
from deepfield_chatbot.intents.scope import border_of
from deepfield_chatbot.recipes.intent_sets import IntentSet, Rows

__all__ = ["ERRORS", "Answered", "explanation_figures", "figures_of", "learn", "learn_baseline"]

ERRORS = (0.02, 0.05, 0.1, 0.2)
"""Accepted ones that are measured."""
HIDDEN = 3
"""Words that are left out together to measure explanations by."""


@dataclass(frozen=True)
class Answered:
    """What a classifier said of sentences."""

    best: np.ndarray  # (n,) the likeliest intents
    called: np.ndarray  # (n,) the same, or that it is out of scope
    confidence: np.ndarray  # (n,) of what it is called
    foreign: np.ndarray  # (n,) bool
    strangeness: np.ndarray  # (n,) orders sentences by how foreign they are
    least: dict[float, float] = field(default_factory=dict)
    """Accepted error rate -> the confidence that keeps it."""


def learn(sets: IntentSet, encoder: Encoder, seed: int = 0) -> IntentClassifier:
    """Fit to all that a set has to learn from."""
    rows = sets.learned + sets.outside
    return fit_intents(*_parted(rows), encoder, seed=seed)


def figures_of(
    sets: IntentSet, fitted: IntentClassifier | Baseline, encoder: Encoder, began: float
) -> dict[str, Any]:
    """Return the figures of a classifier on what a set holds to measure on.

    Args:
        began: the processor's time when its fit began.
    """
    seconds = time.process_time() - began
    answer = fitted.answer if isinstance(fitted, Baseline) else _answerer(fitted, encoder)
    known, truth = answer([text for text, _ in sets.known]), _labels(sets.known)
    right = known.best == truth
    correct = known.called == truth
    found: dict[str, Any] = {
        "examples": len(sets.learned),
        "examples out of scope": len(sets.outside),
        "intents": len(set(_labels(sets.learned))),
        "measured": len(sets.known),
        "accuracy": float(right.mean()),
        "right and in scope": float((right & ~known.foreign).mean()),
        "ece": expected_calibration_error(known.confidence, correct),
        "processor seconds to fit": round(seconds),
    }
    given = [(~known.foreign, known.confidence, right)]
    if sets.foreign:
        foreign = answer([text for text, _ in sets.foreign])
        given.append((~foreign.foreign, foreign.confidence, np.zeros(len(sets.foreign), bool)))
        strange = np.concatenate([known.strangeness, foreign.strangeness])
        outside = np.repeat([0, 1], [len(sets.known), len(sets.foreign)])
        found |= {
            "measured out of scope": len(sets.foreign),
            "out of scope found": float(foreign.foreign.mean()),
            "auroc of scope": float(roc_auc_score(outside, strange)),
        }
    found["trust"] = [
        {"promised error": error, **_kept(given, known.least[error])} for error in known.least
    ]
    return found


def _kept(given: Sequence[tuple[np.ndarray, ...]], least: float) -> dict[str, float | None]:
    """Return the share of sentences in scope that is answered, and what is wrong of all answers."""
    answered = [scope & (confidence >= least) for scope, confidence, _ in given]
    count = sum(int(each.sum()) for each in answered)
    wrong = sum(
        int((each & ~right).sum()) for each, (_, _, right) in zip(answered, given, strict=True)
    )
    return {"answered": float(answered[0].mean()), "error": wrong / count if count else None}


def _answerer(fitted: IntentClassifier, encoder: Encoder):
    def answer(texts: Sequence[str]) -> Answered:
        judged = fitted.judge(encoder.encode(texts))
        return Answered(
            np.array(fitted.labels, dtype=object)[judged.best],
            fitted.called(judged),
            fitted.confidence(judged),
            judged.foreign,
            judged.foreignness,
            {error: fitted.calibration.least_confidence(error) for error in ERRORS},
        )

    return answer


@dataclass(frozen=True)
class Baseline:
    """TF-IDF, a logistic regression, and a border of its largest probability."""

    network: Pipeline
    border: float
    out_of_scope: str | None

    def answer(self, texts: Sequence[str]) -> Answered:
        odds = self.network.predict_proba(list(texts))
        best = self.network.classes_[odds.argmax(axis=1)].astype(object)
        most = odds.max(axis=1)
        foreign = most < self.border
        called = best.copy()
        if self.out_of_scope is not None:
            called[foreign] = self.out_of_scope
        return Answered(best, called, most, foreign, -most)


def learn_baseline(sets: IntentSet, seed: int = 0) -> Baseline:
    """Fit the baseline; what it learns last it learns from every example in scope."""
    texts, labels = _parted(sets.learned)
    rest, held = train_test_split(
        np.arange(len(texts)), test_size=1 / 7, stratify=labels, random_state=seed
    )
    draft = _baseline().fit([texts[each] for each in rest], [labels[each] for each in rest])
    known = draft.predict_proba([texts[each] for each in held]).max(axis=1)
    foreign = np.zeros(0)
    if sets.outside:
        foreign = draft.predict_proba([text for text, _ in sets.outside]).max(axis=1)
    name = sets.outside[0][1] if sets.outside else None
    return Baseline(_baseline().fit(texts, labels), border_of(known, foreign), name)


def _baseline() -> Pipeline:
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(C=10, max_iter=300),
    )


def explanation_figures(
    fitted: IntentClassifier, encoder: Encoder, rows: Rows, seed: int = 0
) -> dict[str, float]:
    """Return how far the log-odds fall without the strongest words together, and without others.

    Args:
        rows: sentences; those that are in scope and have twice as many words count.
    """
    texts = [text for text, _ in rows if len(without_words(text)[0]) >= 2 * HIDDEN]
    judged = fitted.judge(encoder.encode(texts))
    texts = [text for text, foreign in zip(texts, judged.foreign, strict=True) if not foreign]
    generator = np.random.default_rng(seed)
    cut = []
    for text, told in zip(texts, explain_intents(fitted, encoder, texts), strict=True):
        assert told.contributions is not None
        names, _ = without_words(text)
        added = told.contributions.values
        strongest = sorted(added, key=lambda name: -added[name])[:HIDDEN]
        drawn = list(generator.choice(names, HIDDEN, replace=False))
        cut += [text, _left(text, names, strongest), _left(text, names, drawn)]
    judged = fitted.judge(encoder.encode(cut))
    lead = judged.lead[np.arange(len(cut)), np.repeat(judged.best[::3], 3)].reshape(-1, 3)
    named, others = (lead[:, :1] - lead[:, 1:]).T
    return {
        "answers": len(texts),
        "words": HIDDEN,
        "named": float(named.mean()),
        "drawn": float(others.mean()),
        "hurt more": float((named > others).mean()),
    }


def _left(text: str, names: Sequence[str], out: Sequence[str]) -> str:
    """Return the words of a text but for some."""
    return " ".join(name.partition(" (")[0] for name in names if name not in out)


def _labels(rows: Rows) -> np.ndarray:
    return np.array([label for _, label in rows], dtype=object)


def _parted(rows: Rows) -> tuple[list[str], list[str]]:
    return [text for text, _ in rows], [label for _, label in rows]
