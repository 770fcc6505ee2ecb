"""Questions as people type them in haste: without articles, without a question mark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from deepfield_chatbot.recipes.questions import Question

__all__ = ["hasty"]

ARTICLE = re.compile(r"^(?:The|An?)\s+|\b(?:the|an?)\s+")


def hasty(questions: Sequence[Question], share: float, seed: int) -> Iterator[Question]:
    """Give all questions back in order, a share of them as they are typed in haste."""
    generator = np.random.default_rng(seed)
    for each in questions:
        if generator.random() < share:
            text = " ".join(ARTICLE.sub(" ", each.question).split()).rstrip(" ?")
            yield replace(each, question=text or each.question)
        else:
            yield each
