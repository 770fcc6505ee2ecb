"""The knowledge base in use, beside the conversation: its documents, and what is done to them."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from deepfield.dashboard.downloads import downloads
from deepfield.dashboard.words import plain
from deepfield.domain import Domain
from deepfield.errors import DeepfieldError
from deepfield.loading import Model
from deepfield.store import remove_model
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.dashboard.changing import (
    begin,
    begin_removing,
    came_of_it,
    is_busy,
    is_own,
    name_asked,
    read,
)
from deepfield_chatbot.dashboard.talk import predictor
from deepfield_chatbot.dashboard.wording import counted
from deepfield_chatbot.feedback import Feedback
from deepfield_chatbot.reading import SUFFIXES

__all__ = ["ENDINGS", "show"]

ENDINGS = [each.removeprefix(".") for each in SUFFIXES]
MOST_LISTED = 2_000
"""Documents that a browser is sent."""
WIDTHS = {"document": 190, "kind": 85, "passages": 80, "pages": 60}
"""Pixels of the columns that are always looked for."""


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
            on_click=begin_removing,
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
    widths = {name: st.column_config.Column(width=width) for name, width in WIDTHS.items()}
    if not own:
        st.dataframe(frame, hide_index=True, key=table, height=260, column_config=widths)
        return []
    event = st.dataframe(
        frame,
        hide_index=True,
        key=table,
        height=260,
        column_config=widths,
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
        name, keep = name_asked(model, f"{key}-add")
        sent = st.form_submit_button("Add", icon=":material/add:", disabled=busy)
    st.caption("Documents of the same name are replaced. Folders and archives: the tab Fit.")
    if sent and not uploads:
        st.warning("Choose documents first.", icon=":material/upload:")
    elif sent:
        begin(model, read(uploads), key, name, keep)


def _deleting(domain: Domain, name: str, key: str, busy: bool) -> None:
    with st.popover("Delete this knowledge base", icon=":material/delete_forever:", disabled=busy):
        st.markdown(
            f"**{plain(name)}** and all that it holds is deleted for good, with what "
            "was said about it here."
        )
        st.button(
            "Delete it",
            key=f"{key}-delete",
            type="primary",
            icon=":material/delete_forever:",
            on_click=partial(_delete, domain, name, key),
        )
    told = st.session_state.pop(f"{key}-undeleted", "")
    if told:
        st.error(plain(told), icon=":material/error:")


def _delete(domain: Domain, name: str, key: str) -> None:
    try:
        remove_model(domain, name)
    except DeepfieldError as error:
        st.session_state[f"{key}-undeleted"] = str(error)
        return
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
