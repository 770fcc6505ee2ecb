"""Which words carried an answer, to be shaded where they stand."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from deepfield.dashboard.words import plain
from deepfield_chatbot.answering import Answer
from deepfield_chatbot.dashboard.marking import shaded
from deepfield_chatbot.explaining import explain_answer, hidden_margins, words_of
from deepfield_chatbot.reader import Reader

__all__ = ["Reasons", "reasons_for", "show"]

NAMED = 4
"""Words that are said to have carried an answer most."""


@dataclass(frozen=True)
class Reasons:
    """What each word added to an answer, in logits ahead of no answer."""

    summary: str
    question: str = ""
    passage: str = ""
    asked: tuple[tuple[int, int, float], ...] = ()
    """Words of the question: start, end, and what each added."""
    read: tuple[tuple[int, int, float], ...] = ()
    """Words of the passage."""

    @property
    def most(self) -> float:
        """Return what the strongest word added or took."""
        return max((abs(added) for *_, added in (*self.asked, *self.read)), default=0.0)


def reasons_for(reader: Reader, answer: Answer) -> Reasons:
    """Hide words one by one and see how far the answer falls back; it reads once for each."""
    found = answer.found
    if found is None or found.answer is not None:  # nothing was read
        return Reasons(explain_answer(reader, answer).summary)
    words, window, first, last = words_of(reader, answer.searched, found.text)
    margins = hidden_margins(reader, window, first, last, [(), *(each.pieces for each in words)])
    added = [float(margins[0] - each) for each in margins[1:]]
    told = {
        asked: tuple(
            (word.start, word.end, by)
            for word, by in zip(words, added, strict=True)
            if word.asked == asked
        )
        for asked in (True, False)
    }
    strongest = sorted(zip(added, words, strict=True), key=lambda each: -each[0])
    names: dict[str, str] = {}
    for by, word in strongest:
        if by > 0:
            names.setdefault(word.text.casefold(), word.text)
    carried = ", ".join(f"“{each}”" for each in [*names.values()][:NAMED])
    said = f"Carried most by {carried}." if carried else "No single word carried it."
    return Reasons(said, answer.searched, found.text, told[True], told[False])


def show(reasons: Reasons) -> None:
    """Show the question and the passage, shaded."""
    st.markdown(plain(reasons.summary))
    if not reasons.passage:
        return
    st.caption("The question")
    st.html(shaded(reasons.question, reasons.asked, reasons.most))
    st.caption("The passage")
    st.html(shaded(reasons.passage, reasons.read, reasons.most))
    st.caption(
        "Each word was hidden in turn: green ones hold the answer up, red ones speak against it. "
        "Words that stand in every text are left out, and so is the answer itself."
    )
