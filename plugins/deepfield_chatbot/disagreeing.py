"""Whether two answers to one question can both be right, as far as their words tell."""

from __future__ import annotations

import re

from deepfield_chatbot.words import terms

__all__ = ["differ"]

UNITS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
]  # fmt: skip
TENS = [
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
]  # fmt: skip
NUMBERS = {word: number for number, word in enumerate(UNITS)}
NUMBERS |= {word: 10 * number for number, word in enumerate(TENS, 2)}
SPOKEN = re.compile(
    rf"\b(?:({'|'.join(TENS)})(?:[-\s]({'|'.join(UNITS[1:10])}))?|({'|'.join(UNITS)}))\b",
    re.IGNORECASE,
)
DIGITS = re.compile(r"\d+(?:[.,:]\d+)*")


def differ(one: str, other: str) -> bool:
    """Return whether two answers say different things.

    They do if both name numbers and share none ("30 days" and "twenty-five days"), or if they
    share no word. "thirty days" and "30 days of paid leave" agree. Other languages' number words
    are words like any other.
    """
    first, second = _in_digits(one), _in_digits(other)
    numbers = [set(DIGITS.findall(each)) for each in (first, second)]
    if all(numbers):
        return not numbers[0] & numbers[1]
    words = [set(terms(each)) for each in (first, second)]
    if not all(words):  # nothing but common words, or signs
        return first.strip().casefold() != second.strip().casefold()
    return not words[0] & words[1]


def _in_digits(text: str) -> str:
    """Write the numbers up to 99 that stand in words as digits."""

    def digits(match: re.Match[str]) -> str:
        return str(sum(NUMBERS[word.lower()] for word in match.groups() if word))

    return SPOKEN.sub(digits, text)
