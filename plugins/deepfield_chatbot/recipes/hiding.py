"""Whether the words that explanations name carried the answers: hide them, and as many others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepfield_chatbot.answering import Answerer
from deepfield_chatbot.explaining import hidden_margins, words_of

__all__ = ["hiding_figures"]


def hiding_figures(
    answerer: Answerer, questions: Sequence[str], count: int = 3, draws: int = 5, seed: int = 0
) -> dict[str, float]:
    """Return how far a span's margin falls when words are hidden, in logits, on the mean.

    Questions count whose likeliest answer is a span, given or not, beside more than twice ``count``
    words.

    Args:
        count: words that are hidden together: those that fell the margin most each by itself.
        draws: how often as many words are drawn at random instead.
    """
    generator = np.random.default_rng(seed)
    named: list[float] = []
    drawn: list[float] = []
    hurt: list[bool] = []
    for answer in answerer.answer(questions):
        if answer.found is None or answer.found.answer is not None:
            continue
        words, window, first, last = words_of(answerer.reader, answer.searched, answer.found.text)
        if len(words) <= 2 * count:
            continue
        alone = [(), *(each.pieces for each in words)]
        margins = hidden_margins(answerer.reader, window, first, last, alone)
        strongest = np.argsort(margins[1:], kind="stable")[:count]
        sets = [strongest, *(generator.permutation(len(words))[:count] for _ in range(draws))]
        hidden = [[piece for place in some for piece in words[place].pieces] for some in sets]
        falls = margins[0] - hidden_margins(answerer.reader, window, first, last, hidden)
        named.append(float(falls[0]))
        drawn.append(float(falls[1:].mean()))
        hurt.append(bool(falls[0] > falls[1:].mean()))
    return {
        "answers": len(named),
        "words": count,
        "named": float(np.mean(named)) if named else float("nan"),
        "drawn": float(np.mean(drawn)) if drawn else float("nan"),
        "hurt more": float(np.mean(hurt)) if hurt else float("nan"),
    }
