"""SQuAD's figures of a reader, and the articles that they are taken on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from torch import nn

from deepfield.evaluation.squad import best_threshold, squad_figures
from deepfield.neural.engines import TorchEngine
from deepfield_chatbot.encoder import minilm_folder
from deepfield_chatbot.pieces import open_tokenizer
from deepfield_chatbot.reader import read_pairs
from deepfield_chatbot.recipes.questions import VALIDATION, Question

__all__ = [
    "CHOSEN_BY", "Found", "chosen_and_measured", "figures_by_others", "figures_of", "found_by",
]  # fmt: skip

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


@dataclass(frozen=True)
class Found:
    """What a reader found for questions whose paragraph it was given."""

    questions: Sequence[Question]
    texts: Sequence[str]
    doubts: Sequence[float]

    @property
    def right(self) -> list[list[str]]:
        """The answers that people gave to each; none where there is none."""
        return [[answer.text for answer in each.answers] for each in self.questions]

    def best_threshold(self) -> float:
        """Return the doubt above which to refuse that is the best for these questions."""
        return best_threshold(self.texts, self.right, self.doubts)[0]

    def of(self, titles: Collection[str]) -> Found:
        """Return what was found for the questions to some articles."""
        kept = [place for place, each in enumerate(self.questions) if each.title in titles]
        return Found(
            [self.questions[place] for place in kept],
            [self.texts[place] for place in kept],
            [self.doubts[place] for place in kept],
        )

    def figures(self, thresholds: Sequence[float]) -> dict[str, float]:
        """Return SQuAD's figures: v1.1 over what can be answered, and v2.0 over all.

        Args:
            thresholds: the doubt above which each question is refused.
        """
        right = self.right
        answerable = [place for place, each in enumerate(right) if each]
        first = squad_figures(
            [self.texts[place] for place in answerable],
            [right[place] for place in answerable],
            bare=True,
        )
        given = [
            text if doubt <= border else ""
            for text, doubt, border in zip(self.texts, self.doubts, thresholds, strict=True)
        ]
        second = squad_figures(given, right)
        return {
            "exact_v1": first["exact"],
            "f1_v1": first["f1"],
            **{f"{name}_v2": value for name, value in second.items()},
        }

    def figures_at(self, threshold: float) -> dict[str, float]:
        """Return the figures where one doubt refuses them all."""
        return {**self.figures([threshold] * len(self.texts)), "threshold": threshold}


def found_by(network: nn.Module, questions: Sequence[Question], device: str, length: int) -> Found:
    """Return what a reader finds; windows overlap by half."""
    tokenizer = open_tokenizer(minilm_folder().file("tokenizer.json"))
    pairs = [(each.question, each.context) for each in questions]
    spans = read_pairs(TorchEngine(network, device), tokenizer, pairs, length, length // 2)
    texts = [each.context[s.start : s.end] for each, s in zip(questions, spans, strict=True)]
    return Found(questions, texts, [-each.margin for each in spans])


def figures_of(
    network: nn.Module,
    questions: Sequence[Question],
    device: str,
    length: int,
    threshold: float | None = None,
) -> dict[str, float]:
    """Return SQuAD's figures of a reader.

    Args:
        threshold: the doubt above which to refuse; None: the best for these questions.
    """
    found = found_by(network, questions, device, length)
    return found.figures_at(found.best_threshold() if threshold is None else threshold)


def figures_by_others(found: Found) -> dict[str, float]:
    """Return SQuAD's figures where each article is refused by a threshold that the others chose."""
    titles = {each.title for each in found.questions}
    chosen = {title: found.of(titles - {title}).best_threshold() for title in titles}
    return found.figures([chosen[each.title] for each in found.questions])
