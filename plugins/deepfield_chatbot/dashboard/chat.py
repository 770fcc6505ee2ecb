"""The tab where a person talks with their documents."""

from __future__ import annotations

from functools import partial

import streamlit as st

from deepfield.dashboard.context import ModelContext
from deepfield.dashboard.words import plain
from deepfield_chatbot import QUESTIONS
from deepfield_chatbot.answering import MAX_ERROR
from deepfield_chatbot.dashboard import changing, earlier, shelf, turns
from deepfield_chatbot.dashboard.talk import Talk, predictor
from deepfield_chatbot.dashboard.voice import chosen_voice, say
from deepfield_chatbot.dashboard.wording import counted
from deepfield_chatbot.generator import Generator

__all__ = ["show"]

HEIGHT = 540
"""Pixels of what was said, once something was; before, the message stands right below."""
LONGEST = 4_000
"""Characters of a message."""
OFFERED = 4
"""Questions that are offered to begin with."""


# No fragment: clicks in one wait for its end, and a language model must be stopped before.
def show(context: ModelContext) -> None:
    """Show the conversation, and beside it the knowledge base."""
    model, key = context.model, context.key
    left, right = st.columns([5, 3], gap="large")
    with right:
        shelf.show(model, key)
        voice = chosen_voice(key)
        max_error = settings(key)
        others = st.container()
    owner = earlier.about(model)
    talk = earlier.talk_of(key, model, max_error)
    with left:
        sending = any(st.session_state.get(f"{key}-{each}") for each in ("pending", "message"))
        is_empty = not (talk.shown or sending)
        said = st.container(height="content" if is_empty else HEIGHT, border=False, autoscroll=True)
        offered = st.container()
        if changing.is_busy(key):
            changing.watch_change(model.domain, key)
        changing.name_dropped(model, key)
        sent = st.chat_input(
            "Ask about the documents, or drop some here",
            key=f"{key}-message",
            accept_file="multiple",
            file_type=shelf.ENDINGS,
            max_chars=LONGEST,
        )
        below = st.container()
    if sent is not None:
        message = (sent.text or "").strip()
        if sent.files:
            changing.dropped(model, sent.files, message, key)
            st.session_state[f"{key}-redraw"] = True
        elif message:
            send(key, message)
    with said:
        converse(context, talk, voice)
    with offered:
        suggestions(context, talk)
    with below:
        earlier.tools(talk, owner, key)
    earlier.name_in_address(talk)
    with others:
        earlier.listing(talk, owner, key)
    if st.session_state.pop(f"{key}-redraw", False):
        st.rerun()  # what asks for a name, or tells how far it is, stands above


def settings(key: str) -> float:
    """Ask how many wrong answers are accepted."""
    with st.expander("How sure it must be", icon=":material/tune:"):
        percent = st.slider(
            "Accepted error rate",
            1,
            90,
            round(100 * MAX_ERROR),
            format="%d %%",
            key=f"{key}-error",
            help="it says that the documents don't say, so that of the answers given at most this "
            "share is wrong, as held-out questions showed",
        )
    return percent / 100


def converse(context: ModelContext, talk: Talk, voice: Generator | None) -> None:
    """Show what was said, and reply to a new message, which waits until there is a reply."""
    slot = f"{context.key}-pending"
    message = st.session_state.get(slot, "")
    answerer = predictor(context.model).answerer
    contents, key = answerer.base.contents, context.key
    owner = earlier.about(context.model)

    def replied(shown, **fresh) -> None:
        turns.replied(
            shown, context.model.spec.name, contents, answerer.reader, key,
            partial(send, key), **fresh,
        )  # fmt: skip

    if not talk.shown and not message:
        empty(len(contents.entries))
    for each in talk.shown:
        turns.asked(each.message)
        replied(each)
    if message:
        turns.asked(message)
        with st.spinner("Reading …"):
            try:
                shown = talk.send(message, context.model.folder.hash)
                earlier.keep(talk, shown, owner)
                earlier.name_in_address(talk)  # before the words come: a reload may break in
            finally:
                del st.session_state[slot]
        write = None
        if voice is not None and shown.reply.kind == "answer":
            write = partial(say, voice, talk, shown, key)
        replied(shown, fresh=True, write=write)
        if shown.outcome is not None:
            earlier.keep(talk, shown, owner)


def empty(documents: int) -> None:
    """Show what stands there before anything was asked."""
    with st.chat_message("assistant", avatar=":material/forum:"):
        if documents:
            st.markdown(
                f"Ask about {counted(documents, 'document')}. I answer with their words and show "
                "where they stand, or say that they don't say."
            )
        else:
            st.markdown(
                "There are no documents yet. Drop some into the message below, and ask about them."
            )


def suggestions(context: ModelContext, talk: Talk) -> None:
    """Offer what can be asked next; a click asks it."""
    key = context.key
    if talk.shown:
        last = talk.shown[-1].reply
        offered = () if last.kind == "clarify" else last.suggestions  # its buttons stand above
    elif not changing.is_own(context.model):
        offered = QUESTIONS[:OFFERED]
    elif len(predictor(context.model).answerer.base.contents):
        with st.spinner("Looking for what can be asked …"):
            offered = talk.conversation.suggestions()
    else:
        offered = ()
    if not offered:
        return
    slot = f"{key}-ask-{talk.shown[-1].id if talk.shown else 'first'}"
    st.pills(
        "What can be asked",
        offered,
        format_func=plain,
        key=slot,
        label_visibility="collapsed",
        on_change=partial(_picked, key, slot),
    )


def _picked(key: str, slot: str) -> None:
    picked = st.session_state.get(slot)
    if picked:
        send(key, picked)


def send(key: str, message: str) -> None:
    """Have a message answered when the page is drawn next."""
    st.session_state[f"{key}-pending"] = message
