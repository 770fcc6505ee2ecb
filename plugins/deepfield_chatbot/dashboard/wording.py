"""Answers in words for people. Whatever a document says is shown to the letter, and never read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from deepfield.dashboard.words import plain

__all__ = ["TRUST", "counted", "letters", "place", "sure", "took", "trusted"]

TRUST = {
    "ok": (":material/verified:", "green", "The documents say so."),
    "unsure": (":material/help:", "orange", "The documents don't say, as far as can be told."),
    "unfamiliar": (":material/report:", "gray", "Off topic, it seems, for these documents."),
}
"""What trust means here: its symbol, its colour and one sentence."""


def letters(text: str) -> str:
    """Return text as Markdown that shows it to the letter, with its line breaks."""
    lines = (plain(line.strip()).replace("=", "\\=") for line in text.strip().splitlines())
    return "  \n".join(line for line in lines if line)


def counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def place(document: str, page: int | None, headings: Sequence[str] = ()) -> str:
    """Return where something stands, as Markdown."""
    parts = [f"**{plain(document)}**"]
    if page is not None:
        parts.append(f"page {page}")
    above = [plain(re.sub(r"\s+", " ", each)) for each in headings if each.strip()]
    if above:
        parts.append(" › ".join(above))
    return f":material/description: {' · '.join(parts)}"


def sure(confidence: float) -> str:
    """Return a probability so that nothing uncertain reads as certain."""
    percent = round(100 * confidence)
    return "> 99 %" if percent == 100 else "< 1 %" if percent == 0 else f"{percent} %"


def trusted(trust: str, confidence: float) -> str:
    """Return how far an answer is to be trusted, as Markdown."""
    icon, colour, words = TRUST[trust]
    if trust == "ok":
        return f":{colour}-badge[{icon} {sure(confidence)} confident]"
    badge = f":{colour}-badge[{icon} {words}]"
    if trust == "unfamiliar":
        return badge
    return f"{badge} :gray[:small[the likeliest words, marked below, {sure(confidence)} confident]]"


def took(seconds: float) -> str:
    return f"{1000 * seconds:,.0f} ms" if seconds < 1 else f"{seconds:,.1f} s"
