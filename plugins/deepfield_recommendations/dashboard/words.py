"""Numbers and trust as people say them."""

from __future__ import annotations

import math

__all__ = ["TRUST", "chance", "counted", "money", "percent", "trusted"]

TRUST = {
    "ok": (
        ":material/verified:",
        "This list is likelier to hold something of what is taken next than a list of what is "
        "popular.",
    ),
    "unsure": (
        ":material/help:",
        "The model abstains: this list is no likelier to hold something of what is taken next than "
        "a list of what is popular.",
    ),
    "unfamiliar": (
        ":material/report:",
        "Nothing that the model knows was taken here: the list is what most people take.",
    ),
}
"""For each kind of trust an icon and a sentence."""

LEAST = 0.001
"""A calibrated probability below it is not known any more exactly."""


def percent(value: float) -> str:
    """Return a share with the two digits that tell small ones apart; only what is all is 100 %."""
    if math.isnan(value):
        return "–"
    words = f"{100 * value:.2g}" if value < 0.1 else f"{100 * value:.3g}"
    if words == "100" and value < 1:
        words = "99.9"
    return f"{words}\N{NO-BREAK SPACE}%"


def money(amount: float) -> str:
    """Return an amount in the one currency, which nobody has named."""
    return f"{amount:,.2f}"


def chance(probability: float) -> str:
    """Return a calibrated probability, no more exactly than it is known."""
    return f"< {percent(LEAST)}" if probability < LEAST else percent(probability)


def counted(number: int, one: str, more: str = "") -> str:
    """Return ``1 item``, ``1,234 items``."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def trusted(trust: str, confidence: float) -> str:
    """Return what to make of a list, in Markdown."""
    icon, sentence = TRUST[trust]
    sure = f"Something of it is taken next with a probability of **{chance(confidence)}**."
    return f"{icon} **{trust}** · {sentence} {sure if confidence else ''}"
