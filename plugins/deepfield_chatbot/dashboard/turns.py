"""One turn of a conversation: what was asked, what is answered, and where it stands."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence

import streamlit as st

from deepfield.dashboard.words import plain
from deepfield.errors import DeepfieldError
from deepfield_chatbot.answering import Answer
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.dashboard import why
from deepfield_chatbot.dashboard.marking import around, marked
from deepfield_chatbot.dashboard.talk import Shown
from deepfield_chatbot.dashboard.wording import letters, place, sure, took, trusted
from deepfield_chatbot.feedback import Feedback
from deepfield_chatbot.knowledge_base import Found
from deepfield_chatbot.reader import Reader

__all__ = ["asked", "passages", "replied"]

NEAREST = 3
"""Other passages that are shown."""
PACE, LONGEST = 0.025, 1.2
"""Seconds between words that are shown one by one, and for all of them."""


def asked(message: str) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        st.markdown(letters(message))


def replied(
    shown: Shown,
    base: str,
    contents: Contents,
    reader: Reader,
    key: str,
    ask: Callable[[str], None],
    fresh: bool = False,
    write: Callable[[], None] | None = None,
) -> None:
    """Show a reply.

    Args:
        base: the name of the knowledge base.
        key: begins the keys of its widgets.
        ask: sends a message; called by a click.
        fresh: whether its words are to come one by one.
        write: has a language model write first.
    """
    own = f"{key}-{shown.id}"
    reply = shown.reply
    with st.chat_message("assistant", avatar=":material/forum:"):
        if write is not None:
            write()
        if fresh and shown.outcome is None:
            st.write_stream(_words(shown.text))
        else:
            st.markdown(letters(shown.text))
        answer = reply.answer
        if answer is None:
            return
        if shown.outcome is not None:
            _wording_told(shown)
        if " ".join(answer.question.split()) != answer.searched:
            st.caption(
                f":material/subdirectory_arrow_right: Understood as: {plain(answer.searched)}"
            )
        if reply.kind == "clarify":
            _sides(answer, contents, own, ask)
        elif reply.kind == "answer":
            _cited(answer, contents)
        # Where documents disagree, each side says how sure it is.
        told = "" if reply.kind == "clarify" else trusted(answer.trust, answer.confidence)
        st.markdown(f"{told} :gray[:small[in {took(shown.seconds)}]]".strip())
        _nearest(answer, answer.trust)
        _judge(shown, base, own)
        _why(shown, reader, own)


def _wording_told(shown: Shown) -> None:
    outcome = shown.outcome
    assert outcome is not None
    badge = ":violet-badge[:material/stylus_note: generated] " if outcome.generated else ""
    st.markdown(f"{badge}:small[{plain(outcome.note)}]")
    if outcome.generated and shown.reply.answer is not None:
        st.markdown(f":small[In the document's words: {plain(_line(shown.reply.answer.text))}]")


def _words(text: str) -> Iterator[str]:
    """Yield a text word by word, at a pace that can be read, escaped."""
    pieces = re.findall(r"\s*\S+", text)
    pause = min(PACE, LONGEST / max(len(pieces), 1))
    for number, piece in enumerate(pieces):
        before = piece[: len(piece) - len(piece.lstrip())]
        gap = "" if not number else "  \n" if "\n" in before else " "
        yield gap + letters(piece)
        time.sleep(pause)


def _cited(answer: Answer, contents: Contents) -> None:
    found = answer.found
    assert found is not None
    st.markdown(place(found.document, found.page, found.headings))
    if found.document not in {each.name for each in contents.entries}:
        st.caption(":material/delete: Taken out since; quoted as it was.")
    with st.expander("Where it stands", icon=":material/format_quote:"):
        st.html(_in_place(answer, contents))


def _in_place(answer: Answer, contents: Contents) -> str:
    """Return the passage with the answer marked, amid what stands around it in its document."""
    found = answer.found
    assert found is not None
    names = [each.name for each in contents.entries]
    before = after = ""
    if found.document in names:
        text = contents.texts[names.index(found.document)]
        if text[found.start : found.end] == found.text:  # it may have been replaced meanwhile
            before, after = around(text, found.start, found.end)
    start, end = answer.start - found.start, answer.end - found.start
    return marked(found.text, start, end, before, after)


def _sides(answer: Answer, contents: Contents, key: str, ask: Callable[[str], None]) -> None:
    """Show answers that disagree beside each other, and let one be chosen."""
    sides = [each for each in (answer, *answer.disagreeing) if each.found is not None][:3]
    for number, (column, each) in enumerate(zip(st.columns(len(sides)), sides, strict=True)):
        assert each.found is not None
        with column, st.container(border=True):
            st.markdown(f"**{letters(each.text)}**")
            st.markdown(place(each.found.document, each.found.page, each.found.headings))
            st.markdown(f":small[{sure(each.confidence)} confident]")
            with st.expander("Where it stands", icon=":material/format_quote:"):
                st.html(_in_place(each, contents))
            st.button(
                "Go by this one",
                key=f"{key}-side-{number}",
                icon=":material/check:",
                on_click=ask,
                args=(each.found.document,),
            )


def _nearest(answer: Answer, trust: str) -> None:
    others = [each for each in answer.passages if each is not answer.found]
    if trust != "ok" and answer.found is not None:  # its own was not shown yet
        others = [answer.found, *others]
    others = others[:NEAREST]
    if trust == "unsure":
        passages(others[:1], answer)
        others = others[1:]
    if not others:
        return
    title = "Nearest passages" if trust == "unfamiliar" else "Nearest other passages"
    with st.expander(title, icon=":material/library_books:"):
        passages(others)


def passages(found: Sequence[Found], likeliest: Answer | None = None) -> None:
    """Show passages; the words of the likeliest answer are marked."""
    for each in found:
        st.markdown(place(each.document, each.page, each.headings))
        start = end = 0
        if likeliest is not None and each is likeliest.found:
            start, end = likeliest.start - each.start, likeliest.end - each.start
        st.html(marked(each.text, start, end))


def _judge(shown: Shown, base: str, key: str) -> None:
    """Let a person say whether it helped; what was said before stands there."""
    slot = f"{key}-thumbs"

    def keep() -> None:
        value = st.session_state.get(slot)
        try:
            if value is None:
                Feedback().take_back(shown.id)
            else:
                Feedback().keep(shown.judged(base, "up" if value else "down"))
        except DeepfieldError as error:
            st.error(plain(error), icon=":material/error:")

    st.feedback("thumbs", key=slot, on_change=keep)


def _why(shown: Shown, reader: Reader, key: str) -> None:
    answer = shown.reply.answer
    assert answer is not None
    if answer.found is None:
        return

    def explain() -> None:
        shown.reasons = why.reasons_for(reader, answer)

    if shown.reasons is None:
        st.button(
            "Which words carried it?",
            key=f"{key}-why",
            icon=":material/lightbulb:",
            type="tertiary",
            on_click=explain,
        )
    else:
        with st.expander("The words that carried it", icon=":material/lightbulb:", expanded=True):
            why.show(shown.reasons)


def _line(text: str, longest: int = 300) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
