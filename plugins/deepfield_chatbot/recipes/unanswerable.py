"""Questions without answer, made of those with one: the few that people wrote are not enough.

Three ways, none of which leaves a mark that a reader could tell them by: the question put to
another paragraph; the sentence with the answer taken out of the paragraph; and the question
altered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from deepfield_chatbot.lexical import Lexical, Vocabulary
from deepfield_chatbot.recipes.altering import altered_question
from deepfield_chatbot.recipes.questions import Question

__all__ = ["altered", "paired_with_others", "with_answer_taken_out"]

LEFT = 150
"""Characters that a paragraph has at least when the answer is taken out of it."""


def paired_with_others(
    questions: Sequence[Question], share: float, seed: int
) -> Iterator[Question]:
    """Let questions ask another paragraph that does not hold their answer.

    The other is among the five of its kin (or, where it has fewer, of all) that share the most
    words with the question: what is easily told apart teaches little.

    Args:
        share: how many to make, of the number of questions.
    """
    contexts = list(dict.fromkeys(each.context for each in questions))
    kin = _kin(questions)
    places = {context: place for place, context in enumerate(contexts)}
    vocabulary = Vocabulary()
    lexical = Lexical.build([vocabulary.add(each) for each in contexts], vocabulary)
    chosen, generator = _chosen(questions, share, seed)
    for each in chosen:
        scores = lexical.scores(each.question)
        own = kin[each.title]
        among = np.array([places[one] for one in own] if len(own) > 3 else range(len(contexts)))
        best = among[np.argsort(-scores[among], kind="stable")[:8]]
        others = [
            contexts[place]
            for place in best
            if contexts[place] != each.context and not _holds(contexts[place], each)
        ][:5]
        if others:
            other = others[int(generator.integers(len(others)))]
            yield replace(each, id=f"{each.id}-elsewhere", context=other, answers=())


def with_answer_taken_out(
    questions: Sequence[Question], share: float, seed: int
) -> Iterator[Question]:
    """Take the sentences with the answer out of the paragraph, if the rest says it nowhere.

    Args:
        share: how many to try, of the number of questions.
    """
    for each in _chosen(questions, share, seed)[0]:
        rest = each.parted()[1].strip()
        if len(rest) >= LEFT and not _holds(rest, each):
            yield replace(each, id=f"{each.id}-taken-out", context=rest, answers=())


def altered(questions: Sequence[Question], share: float, seed: int) -> Iterator[Question]:
    """Change one thing of questions, so that their paragraph does not answer them.

    Args:
        share: how many to try, of the number of questions.
    """
    kin = _kin(questions)
    asked = {(each.question.lower(), each.context) for each in questions}
    chosen, generator = _chosen(questions, share, seed)
    for each in chosen:
        own = kin[each.title]
        elsewhere = own[int(generator.integers(len(own)))]
        told = [answer.text for answer in each.answers]
        text = altered_question(each.question, each.context, told, elsewhere, generator)
        if text and (text.lower(), each.context) not in asked:
            yield replace(each, id=f"{each.id}-altered", question=text, answers=())


def _chosen(
    questions: Sequence[Question], share: float, seed: int
) -> tuple[list[Question], np.random.Generator]:
    """Return some of those that can be answered, in a random order, and what drew them."""
    generator = np.random.default_rng(seed)
    answerable = [each for each in questions if each.answers]
    order = generator.permutation(len(answerable))[: round(share * len(questions))]
    return [answerable[place] for place in order], generator


def _kin(questions: Sequence[Question]) -> dict[str, list[str]]:
    """Return each title's paragraphs."""
    found: dict[str, dict[str, None]] = {}
    for each in questions:
        found.setdefault(each.title, {})[each.context] = None
    return {title: list(contexts) for title, contexts in found.items()}


def _holds(text: str, question: Question) -> bool:
    lowered = text.lower()
    return any(answer.text.lower() in lowered for answer in question.answers)
