"""How well the check of generated sentences tells what the passages say from what they do not.

    python benchmarks/check_support.py --data DIR

Each draw takes five paragraphs of one SQuAD article and a sentence of one of them. As it stands,
its first clause, and with a word left out it should be called supported; with a number, a name or a
word put in the place of another, denied, or with another paragraph cited it should not. Questions
with their answers put in stand for what a model words by itself, and with another question's answer
for what it gets wrong.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click

from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.generating.facts import FUNCTION
from deepfield_chatbot.generating.support import Support
from deepfield_chatbot.passages import SENTENCE
from deepfield_chatbot.recipes.questions import Question, load_sets

SHORTEST = 30
"""Characters of a sentence."""
PARAGRAPHS = 5
ASKING = re.compile(
    r"\b(who|what|which|when|where|how many|how much|whom|whose)\b"
    r"(?: (?:is|are|was|were|did|does|do)\b)?",
    re.IGNORECASE,
)
SAYS = re.compile(r" (is|was|are|were|has|had) ")
DENIES = re.compile(r"\b(not|no|never|none|cannot|without|nor)\b")
NUMBER = re.compile(r"\d+")
NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}")
WORD = re.compile(r"\b[a-z]{4,}\b")

Reply = tuple[str, str]
"""What was done to a sentence, and the reply that came of it."""


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--draws", default=400, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=0, show_default=True)
def main(data: Path, draws: int, seed: int) -> None:
    chance = random.Random(seed)
    articles: dict[str, dict[str, list[Question]]] = {}
    for each in load_sets(data, ["squad"]):
        articles.setdefault(each.title, {}).setdefault(each.context, []).append(each)
    long = [each for each in articles.values() if len(each) >= PARAGRAPHS]
    encoder = Encoder.load()
    found: dict[str, list[bool]] = {}
    for _ in range(draws):
        article = chance.choice(long)
        passages = chance.sample(list(article), PARAGRAPHS)
        support = Support(passages, encoder)
        place = chance.randrange(PARAGRAPHS)
        replies = [
            *of_sentence(passages, place, chance),
            *of_question(article[passages[place]], place, chance),
        ]
        for kind, reply in replies:
            found.setdefault(kind, []).append(support.check(reply).supported)
    click.echo(f"{'reply':<32} {'draws':>6}  supported")
    for kind, supported in found.items():
        click.echo(f"{kind:<32} {len(supported):>6}  {sum(supported) / len(supported):.3f}")


def of_sentence(passages: list[str], place: int, chance: random.Random) -> Iterator[Reply]:
    """Give replies made of a sentence of a passage."""
    passage = passages[place]
    edges = [0, *(match.end() for match in SENTENCE.finditer(passage)), len(passage)]
    sentences = [passage[a:b].strip().rstrip(". ") for a, b in pairwise(edges)]
    long = [each for each in sentences if len(each) > SHORTEST]
    if not long:
        return
    said = chance.choice(long)
    cited = f" [{place + 1}]."
    yield "as it stands", said + cited
    if ", " in said:
        yield "its first clause", said.partition(", ")[0] + cited
    words = [each for each in WORD.findall(said) if each not in FUNCTION]
    if len(words) > 3:
        yield "a word left out", re.sub(rf"\b{chance.choice(words)}\b ?", "", said) + cited
    numbers = NUMBER.findall(said)
    if numbers:
        changed = chance.choice(numbers)
        other = str(int(changed) + chance.randint(1, 9))
        yield "a number changed", replaced(said, changed, other) + cited
    for kind, pattern in (("a name", NAME), ("a word", WORD)):
        own = [each for each in pattern.findall(said) if each not in FUNCTION]
        others = [
            each
            for each in pattern.findall(passage)
            if each not in FUNCTION and each[:4] not in said
        ]
        if own and others:
            put = replaced(said, chance.choice(own), chance.choice(others))
            yield f"{kind} of the passage for another", put + cited
    if SAYS.search(said) and not DENIES.search(said):
        yield "denied", SAYS.sub(r" \1 not ", said, count=1) + cited
    wrong = chance.choice([each for each in range(len(passages)) if each != place])
    yield "another passage cited", f"{said} [{wrong + 1}]."


def of_question(asked: list[Question], place: int, chance: random.Random) -> Iterator[Reply]:
    """Give replies made of a question of a passage, with its answer and with another's."""
    answerable = [each for each in asked if each.answers and ASKING.search(each.question)]
    if not answerable:
        return
    question = chance.choice(answerable)

    def told(answer: str) -> str:
        return ASKING.sub(lambda _: answer, question.question.rstrip("? "), 1) + f" [{place + 1}]."

    right = question.answers[0].text
    yield "a question with its answer", told(right)
    own = set(right.lower().split())
    others = [each.answers[0].text for each in asked if each.answers]
    wrong = [each for each in others if not own & set(each.lower().split())]
    if wrong:
        yield "a question with another's answer", told(chance.choice(wrong))


def replaced(text: str, old: str, new: str) -> str:
    """Put a word or number in the place of another, where it stands by itself."""
    return re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda _: new, text)


if __name__ == "__main__":
    main()
