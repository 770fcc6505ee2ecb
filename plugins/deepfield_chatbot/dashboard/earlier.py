"""Conversations that outlive the page: kept turn by turn, found by the address, listed, deleted."""

from __future__ import annotations

import logging
from functools import partial

import streamlit as st

from deepfield.dashboard.labelled_form import on_this_machine
from deepfield.dashboard.words import plain
from deepfield.errors import DeepfieldError, InputError
from deepfield.loading import Model
from deepfield_chatbot.conversation import Conversation
from deepfield_chatbot.dashboard import exports
from deepfield_chatbot.dashboard.changing import is_own
from deepfield_chatbot.dashboard.talk import Shown, Talk, predictor, replier
from deepfield_chatbot.dashboard.wording import counted
from deepfield_chatbot.feedback import Feedback
from deepfield_chatbot.memory import MOST_TURNS, About, Memory

__all__ = [
    "about",
    "begin_anew",
    "delete",
    "keep",
    "listing",
    "name_in_address",
    "talk_of",
    "tools",
]

log = logging.getLogger(__name__)

ADDRESS = "conversation"
"""What the page's address calls it."""


def about(model: Model) -> About:
    """Return whom conversations over a model belong to."""
    name = model.spec.name
    own = is_own(model)
    return About(name, predictor(model).answerer.base.contents.identity if own else name)


def talk_of(key: str, model: Model, max_error: float) -> Talk:
    """Return the session's conversation over a model, which goes on when documents come and go.

    In a new session, as after a reload, it is the one that the address names, if that one is about
    this knowledge base; whatever else the address may say, a new one begins.
    """
    talks: dict[About, Talk] = st.session_state.setdefault(f"{key}-talks", {})
    behind = replier(model.folder.hash, max_error, predictor(model))
    owner = about(model)
    if owner not in talks:
        asked = st.query_params.get(ADDRESS, "")
        shown = _kept(asked, owner)
        talks[owner] = Talk.again(behind, shown, asked) if shown else Talk(Conversation(behind))
        _show_thumbs(shown, key)
    talks[owner].conversation.replier = behind
    return talks[owner]


def _kept(id: str, owner: About) -> list[Shown]:
    try:
        return [Shown.from_json(each) for each in Memory().turns(id, owner)]
    except InputError as error:  # another version wrote it
        log.warning("the conversation %s is not taken up: %s", id, error)
    except DeepfieldError as error:
        st.warning(plain(error), icon=":material/history:")
    return []


def _show_thumbs(shown: list[Shown], key: str) -> None:
    """Put the thumbs of a conversation that is taken up where they stood."""
    try:
        given = Feedback().given([each.id for each in shown])
    except DeepfieldError as error:
        st.warning(plain(error), icon=":material/history:")
        return
    for id, thumbs in given.items():
        st.session_state[f"{key}-{id}-thumbs"] = int(thumbs == "up")


def name_in_address(talk: Talk) -> None:
    """Have the address name the conversation, once there is something of it to come back to."""
    if not talk.shown:
        st.query_params.pop(ADDRESS, None)
    elif st.query_params.get(ADDRESS) != talk.id:
        st.query_params[ADDRESS] = talk.id


def keep(talk: Talk, shown: Shown, owner: About) -> None:
    """Keep a turn, or what became of it; where that cannot be done the conversation goes on."""
    try:
        Memory().keep(talk.id, owner, talk.shown[0].message, shown.id, shown.to_json())
        talk.unkept = ""
    except DeepfieldError as error:
        talk.unkept = str(error)


def begin_anew(key: str, owner: About) -> None:
    """Leave a conversation as it is, and begin another."""
    st.session_state.get(f"{key}-talks", {}).pop(owner, None)
    st.query_params.pop(ADDRESS, None)


def delete(key: str, owner: About, id: str) -> None:
    """Delete a conversation for good; if it is the one that is shown, another begins."""
    try:
        Memory().forget(id)
    except DeepfieldError as error:
        st.toast(plain(error), icon=":material/error:")
        return
    talk = st.session_state.get(f"{key}-talks", {}).get(owner)
    if talk is not None and talk.id == id:
        begin_anew(key, owner)


def _take_up(key: str, owner: About, id: str) -> None:
    begin_anew(key, owner)
    st.query_params[ADDRESS] = id


def listing(talk: Talk, owner: About, key: str) -> None:
    """List the other conversations over the knowledge base, to go on with or to delete.

    Visitors from elsewhere get no list: they have what their own address names.
    """
    if not on_this_machine():
        return
    try:
        kept = [each for each in Memory().list(owner) if each.id != talk.id]
    except DeepfieldError as error:
        st.error(plain(error), icon=":material/error:")
        return
    if not kept:
        return
    with st.expander("Earlier conversations", icon=":material/history:"):
        for each in kept:
            when = each.changed[:16].replace("T", " ")
            told = f"{counted(each.turns, 'turn')}, last on {when} UTC"
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    plain(each.title) or "A conversation",
                    key=f"{key}-open-{each.id}",
                    help=told,
                    type="tertiary",
                    width="stretch",
                    on_click=partial(_take_up, key, owner, each.id),
                )
                st.button(
                    "",
                    key=f"{key}-drop-{each.id}",
                    help="Delete it",
                    icon=":material/delete:",
                    type="tertiary",
                    on_click=partial(delete, key, owner, each.id),
                )


def tools(talk: Talk, owner: About, key: str) -> None:
    """Show what is done with the conversation as a whole."""
    if not talk.shown:
        return
    base = owner.knowledge_base
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "New conversation",
            key=f"{key}-new",
            icon=":material/restart_alt:",
            help="this one is kept",
            on_click=partial(begin_anew, key, owner),
        )
        st.button(
            "Delete",
            key=f"{key}-forget",
            icon=":material/delete:",
            help="deletes this conversation for good",
            on_click=partial(delete, key, owner, talk.id),
        )
        st.download_button(
            "JSON",
            partial(exports.as_json, talk.conversation),
            file_name=f"conversation-{base}.json",
            mime="application/json",
            icon=":material/download:",
            key=f"{key}-json",
            on_click="ignore",
        )
        st.download_button(
            "Markdown",
            partial(exports.as_markdown, base, talk.shown),
            file_name=f"conversation-{base}.md",
            mime="text/markdown",
            icon=":material/download:",
            key=f"{key}-markdown",
            on_click="ignore",
        )
        if len(talk.shown) >= MOST_TURNS:
            st.caption(f"The last {MOST_TURNS} turns are kept.")
    if talk.unkept:
        st.warning(f"It ends with the page. {plain(talk.unkept)}", icon=":material/history:")
