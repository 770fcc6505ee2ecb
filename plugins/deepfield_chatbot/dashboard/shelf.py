"""The knowledge base in use, beside the conversation: its documents, and what is done to them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st
from streamlit.errors import StreamlitAPIException

from deepfield.dashboard.downloads import downloads
from deepfield.dashboard.uploads import Upload
from deepfield.dashboard.words import plain
from deepfield.domain import Domain
from deepfield.errors import DeepfieldError
from deepfield.loading import Model
from deepfield.store import FittedModel, remove_model
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
from deepfield_chatbot.feedback import Feedback
from deepfield_chatbot.reading import SUFFIXES

__all__ = ["ENDINGS", "dropped", "is_busy", "is_own", "name_dropped", "show", "watch_change"]

ENDINGS = [each.removeprefix(".") for each in SUFFIXES]
MOST_LISTED = 2_000
"""Documents that a browser is sent."""
NAME = "my-documents"


def is_own(model: Model) -> bool:
    """Return whether a knowledge base is a person's, which can be changed."""
    return isinstance(model.spec, FittedModel)


def is_busy(key: str) -> bool:
    """Return whether documents are being added or removed."""
    return f"{key}-work" in st.session_state


def show(model: Model, key: str) -> None:
    """Show the knowledge base that the page's model is."""
    contents = predictor(model).answerer.base.contents
    name = model.spec.name
    title = plain(name) if is_own(model) else "Deepfield's own documentation"
    st.markdown(f"**:material/library_books: {title}**")
    st.caption(
        f"{counted(len(contents.entries), 'document')} · {counted(len(contents), 'passage')}"
        + ("" if is_own(model) else " · built in")
    )
    came_of_it(key)
    chosen = listed(contents, key, is_own(model))
    busy = is_busy(key)
    if chosen:
        st.button(
            f"Remove {counted(len(chosen), 'document')}",
            key=f"{key}-remove",
            icon=":material/delete:",
            disabled=busy,
            on_click=_begin_removing,
            args=(model.domain, name, chosen, key),
        )
    with st.expander("Add documents", icon=":material/upload_file:", expanded=not contents.entries):
        _adding(model, key, busy)
    if is_own(model):
        _deleting(model.domain, name, key, busy)
    _thumbs(name, key)


def listed(contents: Contents, key: str, own: bool) -> list[str]:
    """Show the documents, and return the names of those that a person marked."""
    if not contents.entries:
        st.info("No documents yet. Drop some into the message, or add them here.")
        return []
    pages = pd.DataFrame(
        {
            "document": contents.passages["document"].to_numpy(),
            "page": contents.passages["page"].to_pandas(),
        }
    )
    last = pages.groupby("document")["page"].max()
    entries = contents.entries[:MOST_LISTED]
    frame = pd.DataFrame(
        {
            "document": [each.name for each in entries],
            "kind": [each.kind for each in entries],
            "passages": [each.passages for each in entries],
            "pages": last.reindex(range(len(entries))).astype("Int64").to_numpy(),
            "notes": [" ".join(each.notes) for each in entries],
        }
    )
    if frame["pages"].isna().all():
        frame = frame.drop(columns="pages")
    if not frame["notes"].any():
        frame = frame.drop(columns="notes")
    # New contents make a new table: marks of the old one are of other rows.
    state = hash(tuple(each.digest for each in entries))
    table = f"{key}-documents-{state}"
    if not own:
        st.dataframe(frame, hide_index=True, key=table, height=260)
        return []
    event = st.dataframe(
        frame,
        hide_index=True,
        key=table,
        height=260,
        on_select="rerun",
        selection_mode="multi-row",
    )
    if len(contents.entries) > MOST_LISTED:
        st.caption(f"The first {MOST_LISTED:,} of {len(contents.entries):,}.")
    return [entries[row].name for row in event["selection"]["rows"]]


def _adding(model: Model, key: str, busy: bool) -> None:
    with st.form(f"{key}-add-form", border=False, clear_on_submit=True):
        uploads = st.file_uploader(
            "Documents", type=ENDINGS, accept_multiple_files=True, key=f"{key}-upload"
        )
        name, keep = _name_asked(model, f"{key}-add")
        sent = st.form_submit_button("Add", icon=":material/add:", disabled=busy)
    st.caption("Documents of the same name are replaced. Folders and archives: the tab Fit.")
    if sent and not uploads:
        st.warning("Choose documents first.", icon=":material/upload:")
    elif sent:
        _begin(model, _read(uploads), key, name, keep)


def _name_asked(model: Model, key: str) -> tuple[str, bool]:
    """Ask what a copy of the built-in knowledge base is to be called; nothing for one's own."""
    if is_own(model):
        return model.spec.name, True
    name = st.text_input(
        "Name of your knowledge base",
        value=free_name(model.domain, NAME),
        key=f"{key}-name",
        max_chars=41,
        help="lower-case letters, digits and hyphens",
    ).strip()
    keep = st.checkbox(
        "Keep Deepfield's documentation in it",
        value=True,
        key=f"{key}-keep",
        help="without, it holds your documents alone",
    )
    return name, keep


def dropped(model: Model, uploads: Sequence[Upload], question: str, key: str) -> None:
    """Take documents that came with a message; the built-in knowledge base wants a name first.

    Args:
        question: what the message asks, to be answered when they are in.
    """
    files = _read(uploads)
    if is_own(model):
        _begin(model, files, key, model.spec.name, keep=True, question=question)
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
        name, keep = _name_asked(model, f"{key}-drop")
        with st.container(horizontal=True):
            sent = st.form_submit_button("Add", type="primary", icon=":material/add:")
            left = st.form_submit_button("Leave it", icon=":material/close:")
    if left or is_own(model):
        st.session_state.pop(slot)
        st.rerun()
    if sent and _begin(model, files, key, name, keep, question):
        st.session_state.pop(slot)
        st.rerun()


def _read(uploads: Sequence[Upload]) -> list[tuple[str, bytes]]:
    return [(each.name, bytes(each.getbuffer())) for each in uploads]


def _begin(
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


def _begin_removing(domain: Domain, name: str, documents: list[str], key: str) -> None:
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


def _deleting(domain: Domain, name: str, key: str, busy: bool) -> None:
    with st.popover("Delete this knowledge base", icon=":material/delete_forever:", disabled=busy):
        st.markdown(f"**{plain(name)}** and all that it holds is deleted for good.")
        st.button(
            "Delete it",
            key=f"{key}-delete",
            type="primary",
            icon=":material/delete_forever:",
            on_click=partial(_delete, domain, name, key),
        )
    if f"{key}-deleted" in st.session_state:
        told = st.session_state.pop(f"{key}-deleted")
        if told:
            st.error(plain(told), icon=":material/error:")
        else:
            st.rerun()  # all of the page: its choice of models has one less


def _delete(domain: Domain, name: str, key: str) -> None:
    try:
        remove_model(domain, name)
    except DeepfieldError as error:
        st.session_state[f"{key}-deleted"] = str(error)
        return
    st.session_state[f"{key}-deleted"] = ""
    st.session_state.get(f"{key}-talks", {}).pop(name, None)
    st.session_state.pop(f"{key}-came", None)
    st.session_state[f"{domain.name}-model"] = domain.models[0].name


def _thumbs(name: str, key: str) -> None:
    try:
        up, down = Feedback().counts(name)
    except DeepfieldError as error:
        st.error(plain(error), icon=":material/error:")
        return
    if up or down:
        with st.expander(f"Feedback: {up:,} up, {down:,} down", icon=":material/thumbs_up_down:"):
            st.caption("Kept on this machine, also when the page is closed.")
            downloads(partial(_judgements, name), f"feedback-{name}", f"{key}-feedback")


def _judgements(name: str) -> pd.DataFrame:
    return Feedback().table(name).rename_axis("row")
