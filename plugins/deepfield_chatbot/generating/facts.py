"""What a sentence claims: its words, numbers and names, what it denies, and how these go together.

Words are compared by their stems. The lists are English; of other languages words, numbers and
names are compared all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from deepfield_chatbot.words import COMMON, terms

__all__ = ["Facts", "known", "read_facts", "refuted"]

# A number, a word, or a sign that says what a number counts. "14th" and "10km" are words here.
TOKEN = re.compile(r"\d+(?:[.,:/]\d+)*(?!\w)|\w+(?:['’]\w+)*|[$€£¥%,;:()]|--|[–—]")
THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
COUNTED = re.compile(r"(\d+)([^\W\d_]+)")
CURRENCIES = frozenset("$€£¥")
SIGNS = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "%": "percent"}


def _listed(words: str) -> list[str]:
    return words.split()


UNITS = dict(
    zip(
        _listed(
            "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
            "sixteen seventeen eighteen nineteen"
        ),
        range(2, 20),
        strict=True,
    )
)
TENS = dict(
    zip(
        _listed("twenty thirty forty fifty sixty seventy eighty ninety"),
        range(20, 100, 10),
        strict=True,
    )
)
FUNCTION = COMMON | frozenset(
    _listed(
        "i you he she we us our your my me him her his hers them one ones someone can could may "
        "might would should shall must been being am if so then than such also both about but "
        "because while whereas although though however therefore thus hence additionally "
        "furthermore moreover overall finally next according based per via between during through "
        "upon within out up down off again further once here just very too own same other another "
        "each every all any some many much more most few less least only yes no not never none nor "
        "neither nobody nothing without cannot before after above below over under until unless "
        "except since"
    )
)
"""Words that say little of what a sentence is about; some of them turn its meaning (see below)."""
TURNING = frozenset(
    _listed(
        "before after more less fewer above below over under least most minimum maximum only "
        "except unless until within always sometimes often rarely all every some both half double "
        "twice first last higher lower larger smaller longer shorter earlier later increase "
        "increased decrease decreased rise rose fall fell must may might north south east west"
    )
)
"""Words that turn what a sentence says: one that has such a word needs a source that has it too."""
NEGATIONS = frozenset(_listed("not no never without none nobody nothing neither nor cannot"))
PRONOUNS = frozenset(_listed("it its he she his her they their this these that those"))
STOPS = frozenset([",", ";", ":", "(", ")", "--", "–", "—", "and", "but", "while", "whereas", "or"])


@dataclass
class Clause:
    """A stretch of a sentence between commas or conjunctions."""

    terms: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)


@dataclass
class Facts:
    """What one sentence claims."""

    terms: set[str] = field(default_factory=set)
    """Stems of the words that say what it is about."""
    spelled: dict[str, str] = field(default_factory=dict)
    """How each of these stems was written."""
    words: set[str] = field(default_factory=set)
    """All words as they are written and folded, and their stems."""
    numbers: dict[str, set[str]] = field(default_factory=dict)
    """Numbers, each with the stem of what it counts: the sign before it or the word after it."""
    names: set[str] = field(default_factory=set)
    """Words written as names."""
    opening: str = ""
    """The first word, if it may be a name: at the beginning of a sentence nobody can tell."""
    turning: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    """Stems that a negation comes before."""
    affirmed: set[str] = field(default_factory=set)
    denies: bool = False
    leans: bool = False
    """Whether it begins with a pronoun, so that the sentence before it tells whom it is about."""
    clauses: list[Clause] = field(default_factory=list)


def read_facts(text: str) -> Facts:
    """Return what a sentence claims."""
    facts = Facts()
    tokens = _tokens(text)
    clause, negated, waiting, first = Clause(), False, "", True
    """``waiting`` is the number whose unit is not yet known."""
    for place, token in enumerate(tokens):
        if token.casefold() in STOPS:
            if clause.terms:  # "In 1999," has nothing to say by itself
                facts.clauses.append(clause)
                clause = Clause()
            negated, waiting = False, ""
            continue
        number, word = _number(token)
        if number:
            units = facts.numbers.setdefault(number, set())
            if place and tokens[place - 1] in CURRENCIES:
                units.add(SIGNS[tokens[place - 1]])
            clause.numbers.add(number)
            waiting, first = number, False
            if not word:
                continue
        folded = word.casefold()
        facts.words.update({word, folded, *terms(word)})
        if folded in NEGATIONS or folded.endswith(("n't", "n’t")):
            facts.denies = negated = True
        if folded in TURNING:
            facts.turning.add(folded)
        if first:
            facts.leans = folded in PRONOUNS
        stems = [] if folded in FUNCTION else terms(word)
        if stems and waiting and token not in CURRENCIES:
            facts.numbers[waiting].update(stems)
        waiting = ""
        facts.terms.update(stems)
        facts.spelled.update(dict.fromkeys(stems, folded))
        clause.terms.update(stems)
        (facts.denied if negated else facts.affirmed).update(stems)
        _note_name(facts, word, first, bool(stems))
        first = False
    if clause.terms or not facts.clauses:
        facts.clauses.append(clause)
    else:
        facts.clauses[-1].numbers |= clause.numbers
    return facts


def _tokens(text: str) -> list[str]:
    """Return words, numbers and signs; numbers that are written as words in digits."""
    tokens: list[str] = []
    tens = 0
    for token in TOKEN.findall(text):
        value = UNITS.get(token.casefold())
        if tens and value and value < 10:
            tokens[-1] = str(tens + value)
            tens = 0
            continue
        tens = TENS.get(token.casefold(), 0)
        tokens.append(str(tens or value or token))
    return tokens


def _number(token: str) -> tuple[str, str]:
    """Return the number that a token is or begins with, and the word that it is or ends with."""
    if token.isdigit() or (token[0].isdigit() and not any(letter.isalpha() for letter in token)):
        plain = token.replace(",", "") if THOUSANDS.fullmatch(token) else token
        if plain.count(".") == 1 and plain.replace(".", "").isdigit():
            plain = plain.rstrip("0").rstrip(".")
        return plain.lstrip("0") or "0", ""
    if match := COUNTED.fullmatch(token):
        ordinal = match[2].casefold() in ("st", "nd", "rd", "th")
        return match[1].lstrip("0") or "0", "" if ordinal else match[2]
    return "", SIGNS.get(token, token)


def _note_name(facts: Facts, word: str, first: bool, says: bool) -> None:
    """Keep a word that is written as a name: "Alice", "NASA", "B12", and "A" in "plan A"."""
    bare = re.sub(r"['’]s$", "", word)
    capitals = sum(letter.isupper() for letter in bare)
    is_odd = capitals > 1 or (says and any(letter.isdigit() for letter in bare))
    if is_odd or (capitals and not first and (says or (len(bare) == 1 and bare != "I"))):
        facts.names.add(bare)
    elif capitals and says:
        facts.opening = bare


def known(claim: Facts, source: Facts, before: Facts) -> set[str]:
    """Return the words that a source has for a claim.

    If it begins with a pronoun, they are also the names of the sentence before it, and the first
    word of the claim if it stands there: either may be what the pronoun means. Other words of that
    sentence are not: what Alice did in one year is not what she did in the next.
    """
    if not source.leans:
        return source.words
    names = {*before.names, before.opening}
    meant = names | {stem for name in names for stem in terms(name)}
    return source.words | meant | ({next(iter(claim.spelled), "")} & before.terms)


def refuted(claim: Facts, source: Facts, before: Facts, around: set[str]) -> str:
    """Return why a sentence of a passage cannot bear a claim, or nothing if it may.

    Args:
        before: the sentence before it, which tells whom a pronoun means.
        around: the words of the whole passage.
    """
    for number, units in claim.numbers.items():
        if number == "1" and "one" in source.words:
            continue
        if number not in source.numbers:
            return f"the number {number} is not said of it"
        if units and not units <= source.numbers[number] | source.terms:
            return f"the number {number} counts something else"
    named = known(claim, source, before)
    for name in sorted(claim.names):
        if not _is_among(name, named):
            return f"the name {name!r} is not said of it"
    if claim.opening and not _is_among(claim.opening, around):
        return f"{claim.opening!r} is not in it"
    if missing := sorted(claim.turning - source.words):
        return f"it does not say {missing[0]!r}"
    if claim.denies:
        if not source.denies or (claim.denied and not claim.denied & source.denied):
            return "it does not deny it"
    elif (source.denied - source.affirmed) & claim.terms:
        return "it denies it"
    return _misplaced(claim, source)


def _is_among(name: str, words: set[str]) -> bool:
    if name.casefold() in FUNCTION:  # "A" is a name where "a" is an article
        return name in words
    return name.casefold() in words or bool(set(terms(name)) & words)


def _misplaced(claim: Facts, source: Facts) -> str:
    """Return which number is another's: "A costs 10 and B 20" does not say "A costs 20".

    A number's clause needs a word that no other clause with a number has.
    """
    numbered = [each for each in source.clauses if each.numbers]
    if len(numbered) < 2:
        return ""
    for asked in claim.clauses:
        for number in asked.numbers:
            told = [each for each in numbered if number in each.numbers]
            for each in told:
                others = set[str]().union(*(other.terms for other in numbered if other not in told))
                own = each.terms - others
                if not own or own & asked.terms:
                    break
            else:
                return f"the number {number} is said of something else" if told else ""
    return ""
