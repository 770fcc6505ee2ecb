"""A question that can be answered, altered so that its paragraph no longer answers it.

People who wrote SQuAD 2.0's questions without answer did it mostly so: another name, another
number, the opposite of a word, a negation (Rajpurkar et al. 2018, table 1).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

__all__ = ["altered_question"]

OPPOSITES = """
    above/below accept/reject accepted/rejected after/before allies/enemies allow/forbid
    allowed/forbidden ancient/modern appear/disappear arrive/depart arrived/departed began/ended
    begin/end beginning/end best/worst better/worse bottom/top bought/sold broad/narrow
    build/destroy built/destroyed buy/sell cause/prevent caused/prevented cold/hot common/rare
    complex/simple daughter/son daughters/sons decline/growth decrease/increase
    decreased/increased defended/attacked died/born different/same difficult/easy
    domestic/foreign earlier/later earliest/latest early/late east/west eastern/western
    exclude/include excluded/included export/import external/internal failed/succeeded fast/slow
    father/mother female/male fewer/more fewest/largest fewest/most first/last former/present
    founded/dissolved gain/lose gained/lost given/taken greater/smaller greatest/smallest
    heavy/light high/low higher/lower highest/lowest husband/wife inside/outside join/leave
    joined/left king/queen large/small larger/smaller largest/smallest least/most legal/illegal
    less/more longer/shorter longest/shortest lose/win lost/won major/minor majority/minority
    man/woman maximum/minimum men/women military/civilian near/far negative/positive newer/older
    newest/oldest north/south northern/southern odd/even official/unofficial old/new open/closed
    opened/closed oppose/support opposed/supported ordinary/special permanent/temporary
    poor/rich popular/unpopular possible/impossible private/public raise/lower raised/lowered
    reveal/hide rise/fall rising/falling rose/fell rural/urban separate/united similar/different
    smallest/biggest start/stop started/stopped strong/weak stronger/weaker strongest/weakest
    successful/unsuccessful summer/winter upper/lower victory/defeat war/peace young/old
    youngest/oldest
"""
NEGATED = {
    "is": "isn't", "are": "aren't", "was": "wasn't", "were": "weren't", "did": "didn't",
    "does": "doesn't", "do": "don't", "has": "hasn't", "have": "haven't", "had": "hadn't",
    "can": "can't", "could": "couldn't", "would": "wouldn't", "will": "won't",
}  # fmt: skip
DENIED = re.compile(r"\bnot\b|n['’]t\b", re.IGNORECASE)
NO_NAME = re.compile(
    r"(?:wh\w+|how|in|on|at|by|to|for|from|of|during|after|if|the|an?)\b", re.IGNORECASE
)
"""Words that begin a question with a capital though they are no names."""
NEGATIONS = 0.08
"""The share of negations tried; where they fail nothing else is: too many would mark a question."""
NAME = re.compile(r"[A-Z][\w'’-]*[a-z0-9](?:(?: (?:of|the|de|von|van|la))* [A-Z][\w'’-]+)*")
NUMBER = re.compile(r"(?<![\w.,-])\d+(?:[.,]\d+)*(?![\w-])")
YEAR = re.compile(r"1\d{3}|20\d{2}")
SENTENCE_START = re.compile(r"(?:^|[.!?:;\"“(]\s*|\n)$")


def altered_question(
    question: str,
    context: str,
    answers: Sequence[str],
    elsewhere: str,
    generator: np.random.Generator,
) -> str | None:
    """Return the question with one thing changed; None where nothing can be.

    Args:
        answers: never put in for another name or number.
        elsewhere: more text of the same subject, whose names and numbers may be put in too.
    """
    if not question.strip() or DENIED.search(question):
        return None
    first = question.split()[0]
    named = first in context and not NO_NAME.match(question)
    asked = question if named else question[0].lower() + question[1:]
    kept = [*answers, question]
    ways: list[tuple[Callable[[], str | None], float]] = [
        (lambda: _swapped(asked, context, elsewhere, kept, NAME, generator), 0.5),
        (lambda: _swapped(asked, context, elsewhere, kept, NUMBER, generator), 0.2),
        (lambda: _opposite(asked, generator), 0.3),
    ]
    if generator.random() < NEGATIONS:
        changed = _negated(asked)
        return changed and _sentence(changed)
    chances = np.array([chance for _, chance in ways])
    for place in generator.choice(len(ways), len(ways), replace=False, p=chances):
        changed = ways[place][0]()
        if changed and changed != asked:
            return _sentence(changed)
    return None


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _swapped(
    question: str,
    context: str,
    elsewhere: str,
    kept: Sequence[str],
    pattern: re.Pattern[str],
    generator: np.random.Generator,
) -> str | None:
    """Put another name or number in; one of the paragraph, in 7 of 10 if there is any."""
    known = context.lower()
    own = [each for each in pattern.finditer(question) if each[0].lower() in known]
    if not own:
        return None
    old = own[int(generator.integers(len(own)))]
    taken = " ".join(kept).lower()
    sources = [context, elsewhere] if generator.random() < 0.7 else [elsewhere, context]
    for source in sources:
        others = sorted(
            {
                each[0]
                for each in pattern.finditer(source)
                if each[0].lower() not in taken
                and bool(YEAR.fullmatch(each[0])) == bool(YEAR.fullmatch(old[0]))
                and not SENTENCE_START.search(source[: each.start()][-3:])
            }
        )
        if others:
            new = others[int(generator.integers(len(others)))]
            return question[: old.start()] + new + question[old.end() :]
    return None


def _opposites() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in OPPOSITES.split():
        one, other = pair.split("/")
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return found


OPPOSITE = _opposites()


def _opposite(question: str, generator: np.random.Generator) -> str | None:
    own = [each for each in re.finditer(r"[a-z]+", question) if each[0] in OPPOSITE]
    if not own:
        return None
    old = own[int(generator.integers(len(own)))]
    others = OPPOSITE[old[0]]
    return (
        question[: old.start()]
        + others[int(generator.integers(len(others)))]
        + question[old.end() :]
    )


def _negated(question: str) -> str | None:
    verb = re.search(rf"\b({'|'.join(NEGATED)})\b", question)
    return question[: verb.start()] + NEGATED[verb[0]] + question[verb.end() :] if verb else None
