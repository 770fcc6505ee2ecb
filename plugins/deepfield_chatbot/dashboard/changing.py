"""Changes of a knowledge base: begun on a page, shown while they last, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.errors import StreamlitAPIException

from deepfield.dashboard.uploads import Upload
from deepfield.dashboard.words import plain
from deepfield.domain import Domain
from deepfield.errors import DeepfieldError
from deepfield.loading import Model
from deepfield.store import FittedModel
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.dashboard.indexing import (
    Changed,
    Indexing,
    adding,
    free_name,
    making,
    removing,
)
from deepfield_chatbot.dashboard.talk import predictor
from deepfield_chatbot.dashboard.wording import counted

__all__ = [
    "begin",
    "begin_removing",
    "came_of_it",
    "dropped",
    "is_busy",
    "is_own",
    "name_asked",
    "name_dropped",
    "read",
    "watch_change",
]

NAME = "my-documents"


def is_own(model: Model) -> bool:
    """Return whether a knowledge base is a person's, which can be changed."""
    return isinstance(model.spec, FittedModel)


def is_busy(key: str) -> bool:
    """Return whether documents are being added or removed."""
    return f"{key}-work" in st.session_state


def dropped(model: Model, uploads: Sequence[Upload], question: str, key: str) -> None:
    """Take documents that came with a message; the built-in knowledge base wants a name first.

    Args:
        question: what the message asks, to be answered when they are in.
    """
    files = read(uploads)
    if is_own(model):
        begin(model, files, key, model.spec.name, keep=True, question=question)
    else:
        st.session_state[f"{key}-dropped"] = (files, question)


def name_dropped(model: Model, key: str) -> None:
    """Ask for the name under which dropped documents are to be kept."""
    slot = f"{key}-dropped"
    if slot not in st.session_state:
        return
    files, question = st.session_state[slot]
    with st.form(f"{key}-drop-form"):
        names = ", ".join(plain(each) for each, _ in files[:3]) + (" …" if len(files) > 3 else "")
        st.markdown(f"**Add {counted(len(files), 'document')}** · {names}")
        name, keep = name_asked(model, f"{key}-drop")
        with st.container(horizontal=True):
            sent = st.form_submit_button("Add", type="primary", icon=":material/add:")
            left = st.form_submit_button("Leave it", icon=":material/close:")
    if left or is_own(model):
        st.session_state.pop(slot)
        st.rerun()
    if sent and begin(model, files, key, name, keep, question):
        st.session_state.pop(slot)
        st.rerun()


def name_asked(model: Model, key: str) -> tuple[str, bool]:
    """Ask what a copy of the built-in knowledge base is to be called; nothing for one's own."""
    if is_own(model):
        return model.spec.name, True
    name = st.text_input(
        "Name of your knowledge base",
        value=free_name(model.domain, NAME),
        key=f"{key}-name",
        max_chars=41,
        help="lower-case letters, digits and hyphens; to add to one that is there, choose it under "
        "*Model* above first",
    ).strip()
    keep = st.checkbox(
        "Keep Deepfield's documentation in it",
        value=True,
        key=f"{key}-keep",
        help="without, it holds your documents alone",
    )
    return name, keep


def read(uploads: Sequence[Upload]) -> list[tuple[str, bytes]]:
    return [(each.name, bytes(each.getbuffer())) for each in uploads]


def begin(
    model: Model,
    files: list[tuple[str, bytes]],
    key: str,
    name: str,
    keep: bool,
    question: str = "",
) -> bool:
    """Start indexing; return whether it could be started."""
    base = predictor(model).answerer.base
    if is_busy(key):
        st.warning("Wait until the documents before are in.", icon=":material/hourglass_top:")
        return False
    try:
        if is_own(model):
            change = adding(model.domain, name, files, base.encoder)
        else:
            before = base.contents if keep else Contents.empty()
            change = making(model.domain, name, files, base.encoder, before)
    except DeepfieldError as error:
        st.error(plain(error), icon=":material/error:")
        return False
    title = f"Adding {counted(len(files), 'document')}"
    st.session_state[f"{key}-work"] = Indexing(change, title, question)
    st.session_state.pop(f"{key}-came", None)
    return True


def begin_removing(domain: Domain, name: str, documents: list[str], key: str) -> None:
    title = f"Removing {counted(len(documents), 'document')}"
    st.session_state[f"{key}-work"] = Indexing(removing(domain, name, documents), title)
    st.session_state.pop(f"{key}-came", None)


@st.fragment(run_every=0.5)
def watch_change(domain: Domain, key: str) -> None:
    """Show how far a change is, until it is done; then use what came of it."""
    work: Indexing | None = st.session_state.get(f"{key}-work")
    if work is None:
        return
    if work.running:
        st.progress(work.done, f"{work.title} · {work.done:.0%} · {work.seconds:.0f} s")
        if work.stopping:
            st.caption("Stopping; nothing of it is kept.")
        else:
            icon = ":material/stop_circle:"
            st.button("Cancel", icon=icon, key=f"{key}-cancel", on_click=work.cancel)
        return
    chooser = f"{domain.name}-model"
    if work.changed is not None and st.session_state.get(chooser) != work.changed.name:
        try:
            st.session_state[chooser] = work.changed.name
        except StreamlitAPIException:  # the page has drawn the choice already; next time, then
            return
    st.session_state.pop(f"{key}-work")
    st.session_state[f"{key}-came"] = work
    if work.question and work.changed is not None:
        st.session_state[f"{key}-pending"] = work.question
    st.rerun()


def came_of_it(key: str) -> None:
    """Say what came of the last change, until it is put away."""
    work: Indexing | None = st.session_state.get(f"{key}-came")
    if work is None:
        return
    if work.cancelled:
        st.info("Stopped; nothing of it was kept.", icon=":material/stop_circle:")
    elif work.error:
        st.error(plain(work.error), icon=":material/error:")
    elif work.changed is not None:
        _said(work.changed)
    st.button(
        "Put away",
        key=f"{key}-came-away",
        type="tertiary",
        icon=":material/close:",
        on_click=lambda: st.session_state.pop(f"{key}-came", None),
    )


def _said(changed: Changed) -> None:
    acts = [("Added", changed.added), ("Removed", changed.removed)]
    told = "; ".join(f"{act} {counted(len(of), 'document')}" for act, of in acts if of)
    st.success(f"{told}.", icon=":material/check_circle:")
    if changed.problems:
        lines = [f"- {plain(reason)}" for reason in [*changed.problems.values()][:20]]
        count = counted(len(changed.problems), "file")
        st.warning(f"{count} left out:\n" + "\n".join(lines), icon=":material/block:")
