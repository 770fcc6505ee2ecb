"""Passages as HTML: the answer marked in place, or words shaded. All text is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

__all__ = ["around", "marked", "shaded"]

BOX = (
    "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.6;padding:.1rem .8rem;"
    "border-left:3px solid rgba(11,122,117,.5)"
)
MARK = "background:rgba(227,189,77,.5);color:inherit;border-radius:.2rem;padding:0 .1rem"
FOR, AGAINST = "11,150,140", "217,104,60"
AROUND = 120
"""Characters of the document that are shown before and after a passage."""


def around(text: str, start: int, end: int) -> tuple[str, str]:
    """Return what stands before and after a passage of a document, cut between words."""
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    if start > AROUND:
        before = "… " + before.partition(" ")[2]
    if end + AROUND < len(text):
        after = after.rpartition(" ")[0] + " …"
    return before, after


def marked(text: str, start: int, end: int, before: str = "", after: str = "") -> str:
    """Return a passage with one stretch marked.

    Args:
        start: where the stretch begins in the passage.
        before: what stands before the passage in its document.
        after: what stands after it.
    """
    inside = (
        _faint(before)
        + escape(text[:start])
        + (f'<mark style="{MARK}">{escape(text[start:end])}</mark>' if end > start else "")
        + escape(text[max(start, end) :])
        + _faint(after)
    )
    return f'<div dir="auto" style="{BOX}">{inside}</div>'


def shaded(text: str, words: Iterable[tuple[int, int, float]], most: float) -> str:
    """Return a text whose words are shaded by what they added: green for the answer, or red.

    Args:
        words: start, end and what was added, in the order of the text.
        most: what has the full colour.
    """
    parts, last = [], 0
    for start, end, added in words:
        parts.append(escape(text[last:start]))
        strength = min(abs(added) / most, 1.0) if most > 0 else 0.0
        colour = FOR if added > 0 else AGAINST
        style = f"background:rgba({colour},{0.65 * strength:.2f});border-radius:.2rem"
        parts.append(f'<span style="{style}" title="{added:+.2f}">{escape(text[start:end])}</span>')
        last = end
    parts.append(escape(text[last:]))
    return f'<div dir="auto" style="{BOX}">{"".join(parts)}</div>'


def _faint(text: str) -> str:
    return f'<span style="opacity:.55">{escape(text)}</span>' if text else ""
