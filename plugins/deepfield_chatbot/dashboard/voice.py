"""A language model that puts answers into words of its own, if a person names one."""

from __future__ import annotations

from collections import abc
from collections.abc import Sequence
from contextlib import closing

import streamlit as st

from deepfield.dashboard.labelled_form import on_this_machine
from deepfield.dashboard.words import plain
from deepfield.errors import DeepfieldError
from deepfield_chatbot.dashboard.talk import Shown, Talk
from deepfield_chatbot.dashboard.wording import letters
from deepfield_chatbot.generating.grounded import GroundedReply
from deepfield_chatbot.generator import Generator
from deepfield_chatbot.predictor import opened

__all__ = ["chosen_voice", "say", "shown_pieces"]

PASSAGES, EARLIER = 4, 3
"""Passages and earlier turns that a language model is given."""


def generator(name: str) -> Generator:
    """Return a language model; it is the same in memory that words the answers of a run."""
    with st.spinner("Opening the language model …"):
        return opened(name)


def chosen_voice(key: str) -> Generator | None:
    """Draw where a language model is named, and return it; visitors of elsewhere name none."""
    if not on_this_machine():
        return None
    slot = f"{key}-voice"
    name = st.session_state.get(slot, "")
    with st.expander("Words of a language model", icon=":material/stylus_note:"):
        st.caption(
            "None is shipped, and none is needed: answers are words of the documents. One that "
            "you name puts them into sentences, marked as generated; what the passages do not "
            "bear is replaced by their own words."
        )
        with st.form(f"{key}-voice-form", border=False):
            wished = st.text_input(
                "Name of the hub, or a folder of this machine",
                value=name,
                key=f"{key}-voice-name",
                placeholder="owner/name",
                help="a chat model in safetensors; a name of the hub is downloaded once, which is "
                "the only thing here that asks the network",
            ).strip()
            sent = st.form_submit_button("Use it", icon=":material/play_arrow:")
        if sent:
            name = wished
        found = _opened(name)
        st.session_state[slot] = name if found is not None else ""
        if found is not None:
            st.markdown(f":green-badge[:material/check: {plain(found.name)} is used]")
            st.button(
                "Use none",
                key=f"{key}-voice-none",
                icon=":material/close:",
                on_click=_silence,
                args=(key,),
            )
    return found


def _opened(name: str) -> Generator | None:
    if not name:
        return None
    try:
        return generator(name)
    except DeepfieldError as error:
        st.error(plain(error), icon=":material/error:")
        return None


def _silence(key: str) -> None:
    st.session_state[f"{key}-voice"] = ""
    st.session_state[f"{key}-voice-name"] = ""


def say(voice: Generator, talk: Talk, shown: Shown, key: str) -> None:
    """Show a language model's words as they come, and keep what became of them.

    Whoever stops it, by the button or by anything else on the page, has the documents' own words:
    they were kept before.
    """
    answer = shown.reply.answer
    assert answer is not None
    assert answer.found is not None
    others = [each for each in answer.passages if each is not answer.found]
    passages = [each.text for each in (answer.found, *others)][:PASSAGES]
    reply = GroundedReply(
        voice,
        talk.conversation.replier.answerer.base.encoder,
        answer.searched,
        passages,
        answer.text,
        _earlier(talk.shown[:-1]),
    )
    place = st.empty()
    with place.container():
        st.caption(f":material/stylus_note: {plain(voice.name)} is writing …")
        st.button("Stop", key=f"{key}-{shown.id}-stop", icon=":material/stop_circle:")
        st.write_stream(shown_pieces(reply))
    place.empty()
    shown.outcome = reply.outcome


def shown_pieces(reply: GroundedReply) -> abc.Generator[str, None, None]:
    """Yield a reply as it comes, escaped; closing it ends the writing."""
    with closing(iter(reply)) as pieces:  # type: ignore[type-var]  # a generator, typed as iterator
        for piece in pieces:
            begins = "  \n" if "\n" in piece[: len(piece) - len(piece.lstrip())] else ""
            begins = begins or (" " if piece[:1].isspace() else "")
            ends = " " if piece.strip() and piece[-1].isspace() else ""
            yield begins + letters(piece) + ends


def _earlier(shown: Sequence[Shown]) -> list[tuple[str, str]]:
    """Return the last questions with what was answered."""
    found = [
        (each.reply.answer.searched, each.text)
        for each in shown
        if each.reply.kind == "answer" and each.reply.answer is not None
    ]
    return found[-EARLIER:]
