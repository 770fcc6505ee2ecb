"""SQuAD's figures of a reader, and the articles that they are taken on."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from deepfield.evaluation.squad import best_threshold, squad_figures
from deepfield.neural.engines import TorchEngine
from deepfield_chatbot.encoder import minilm_folder
from deepfield_chatbot.pieces import open_tokenizer
from deepfield_chatbot.reader import read_pairs
from deepfield_chatbot.recipes.questions import VALIDATION, Question

__all__ = ["CHOSEN_BY", "chosen_and_measured", "figures_of"]

CHOSEN_BY = VALIDATION[::2]
"""Articles that choose the best piece and the doubt above which to refuse; others are measured."""


def chosen_and_measured(
    questions: Sequence[Question],
) -> tuple[list[Question], list[Question]]:
    """Return the questions of articles that choose, and of those that are measured."""
    return (
        [each for each in questions if each.title in CHOSEN_BY],
        [each for each in questions if each.title in VALIDATION and each.title not in CHOSEN_BY],
    )


def figures_of(
    network: nn.Module,
    questions: Sequence[Question],
    device: str,
    length: int,
    threshold: float | None = None,
) -> dict[str, float]:
    """Return SQuAD's figures: v1.1 over what can be answered, and v2.0 over all.

    Args:
        threshold: the doubt above which to refuse; None: the best for these questions.
    """
    tokenizer = open_tokenizer(minilm_folder().file("tokenizer.json"))
    pairs = [(each.question, each.context) for each in questions]
    spans = read_pairs(TorchEngine(network, device), tokenizer, pairs, length, length // 2)
    found = [each.context[s.start : s.end] for each, s in zip(questions, spans, strict=True)]
    right = [[answer.text for answer in each.answers] for each in questions]
    doubts = [-each.margin for each in spans]
    answerable = [place for place, each in enumerate(right) if each]
    first = squad_figures(
        [found[place] for place in answerable], [right[place] for place in answerable], bare=True
    )
    if threshold is None:
        threshold, _ = best_threshold(found, right, doubts)
    given = [text if doubt <= threshold else "" for text, doubt in zip(found, doubts, strict=True)]
    second = squad_figures(given, right)
    return {
        "exact_v1": first["exact"],
        "f1_v1": first["f1"],
        **{f"{name}_v2": value for name, value in second.items()},
        "threshold": threshold,
    }
