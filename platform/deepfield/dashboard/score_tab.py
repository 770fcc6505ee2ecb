"""Score rows on the page of a domain: choose data, watch, see the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from deepfield.columns import match_columns
from deepfield.dashboard import cached, results_view
from deepfield.dashboard.columns_form import columns_form, in_words
from deepfield.dashboard.forms import chosen_file, options_form
from deepfield.dashboard.uploads import UploadedTable, spool_pictures, spool_table
from deepfield.dashboard.words import plain
from deepfield.dashboard.work import Work
from deepfield.domain import Domain
from deepfield.errors import DeepfieldError
from deepfield.history import History
from deepfield.loading import Model
from deepfield.sources.tables import READERS, FrameSource
from deepfield.store import list_models
from deepfield.suggestion import suggest

__all__ = ["show"]


def show(model: Model) -> None:
    domain = model.domain
    slot = f"{domain.name}-work"
    left, right = places(domain, slot)
    with left:
        options = None
        with st.expander("Options", icon=":material/tune:"):
            if domain.Options.model_fields or model.formats.fields:
                options = options_form(domain, model.formats)
            else:
                st.caption("This domain has no options.")
        with st.form(f"{domain.name}-upload", clear_on_submit=False, border=True):
            uploads = st.file_uploader(
                "Your data",
                type=accepted(model),
                accept_multiple_files=True,
                key=f"{domain.name}-files",
                help=", ".join(f"{each.name}: {each.help}" for each in model.inputs if each.help)
                or None,
            )
            earlier = earlier_rows(model)
            sent = st.form_submit_button("Score", type="primary", icon=":material/play_arrow:")
        example = st.button(
            "Try the built-in example", icon=":material/science:", key=f"{domain.name}-example"
        )
        file = chosen_file(domain)
        if sent and not uploads:
            st.warning(
                "Choose a file first, or try the built-in example.", icon=":material/upload:"
            )
        elif sent or example or file:
            begin(model, slot, uploads if sent else file, options or {}, earlier)
            widen(model, slot)
        if domain.example:
            st.caption(domain.example)
        st.caption(
            "Uploads stay on this machine and are deleted with the session; results are kept under "
            f"*Past runs*{', without the pictures' if model.inputs.image else ''}."
        )
    with right:
        work: Work | None = st.session_state.get(slot)
        if work is not None and work.model is not model:
            work = None
        run = st.query_params.get("run")
        waiting: Waiting | None = st.session_state.get(f"{slot}-table")
        if work is None and run:
            reopened(model, run)
        elif work is None and waiting is not None and waiting.table.lacks(model.inputs):
            ask(model, slot, waiting)
        elif work is None:
            st.info(
                "Nothing scored yet. Upload your data on the left, or try the built-in example.",
                icon=":material/arrow_back:",
            )
        elif work.running:
            watch(work)
        elif work.error or work.result is None:
            st.error(
                plain(work.error or "The run ended without a result."), icon=":material/error:"
            )
        else:
            st.query_params["run"] = work.result.run.id
            offer(work, slot)
            if waiting is not None and work.source.columns:
                correct(model, slot, waiting, work.source.columns)
            results_view.show(model, work.result.run, work)


def places(domain: Domain, slot: str) -> Any:
    """Return where to ask and where to show: side by side, or a plugin's view in full width."""
    work: Work | None = st.session_state.get(slot)
    scored = "run" in st.query_params if work is None else not work.running
    if scored and cached.registry().views_for(domain):
        asking = st.expander("Score other data", icon=":material/upload:")
        return asking, st.container()
    return st.columns([1, 2], gap="large")


def accepted(model: Model) -> list[str] | None:
    """Return the endings that may be uploaded; None where files are known without one."""
    if model.formats.all:  # scanners write DICOM as IM000001
        return None
    endings = [*model.formats.suffixes, ".zip"] if model.inputs.image else [*READERS]
    return sorted(ending.removeprefix(".") for ending in endings)


@dataclass(frozen=True)
class Waiting:
    """An uploaded table, and what it is to be scored with once its columns are known."""

    table: UploadedTable
    options: dict[str, Any]

    def start(self, model: Model, columns: dict[str, str] | None = None) -> Work:
        source, history = self.table.opened(model, columns)
        return Work(model, source, self.options, self.table.folder, history)


def earlier_rows(model: Model) -> Any:
    """Draw the widget for a table of earlier rows, if the domain's rows have a history."""
    if not model.inputs.group_by:
        return None
    return st.file_uploader(
        "Earlier rows, if you have them",
        type=accepted(model),
        key=f"{model.domain.name}-history",
        help=f"rows that share {' or '.join(model.inputs.group_by)} with yours are their past; "
        "they get no answers themselves",
    )


def begin(
    model: Model, slot: str, what: list | Path | None, options: dict, earlier: Any = None
) -> None:
    """Start a job over uploads, over a file of the domain's own, or over the built-in example."""
    st.session_state.pop(f"{slot}-table", None)
    reading, own = model.formats.split(options)

    def start() -> Work | None:
        if what is None:
            samples = FrameSource(model.domain.samples(), "built-in example")
            return Work(model, samples, own)
        if isinstance(what, Path):
            return Work(model, what, options)
        if model.inputs.image is not None:
            source, folder = spool_pictures(what, model, reading)
            return Work(model, source, own, folder)
        waiting = Waiting(spool_table(what, earlier), own)
        st.session_state[f"{slot}-table"] = waiting
        return None if waiting.table.lacks(model.inputs) else waiting.start(model)

    replace_work(slot, start)


def replace_work(slot: str, start: Callable[[], Work | None]) -> None:
    """Put a new job in the place of the one before; say what keeps it from starting."""
    before: Work | None = st.session_state.pop(slot, None)
    if before is not None:
        before.job.cancel()
    st.query_params.pop("run", None)
    try:
        work = start()
    except DeepfieldError as error:
        st.error(plain(error), icon=":material/error:")
        return
    if work is not None:
        # The quickest jobs are done at once; waiting a moment for them spares a flicker.
        work.thread.join(0.3)
        st.session_state[slot] = work


def widen(model: Model, slot: str) -> None:
    """Draw the page anew where what is shown needs the width that asking took."""
    if slot in st.session_state and cached.registry().views_for(model.domain):
        st.rerun()


def ask(model: Model, slot: str, waiting: Waiting) -> None:
    """Ask which column is what, where that is not obvious."""
    lacking = ", ".join(f"**{plain(name)}**" for name in waiting.table.lacks(model.inputs))
    st.subheader("Which column is what?", anchor=False)
    st.markdown(f"{plain(waiting.table.file.name)} has no column that is obviously {lacking}.")
    columns = columns_form(model.inputs, waiting.table.header, slot)
    if columns is not None:
        follow(model, slot, waiting, columns)


def correct(model: Model, slot: str, waiting: Waiting, mapped: Mapping[str, str]) -> None:
    """Show what columns were taken for, with a form to correct it."""
    with st.expander(f"Columns: {in_words(mapped)}", icon=":material/swap_horiz:"):
        columns = columns_form(model.inputs, waiting.table.header, slot, mapped)
        if columns is not None:
            follow(model, slot, waiting, columns)


def follow(model: Model, slot: str, waiting: Waiting, columns: dict[str, str]) -> None:
    """Score a table whose columns a person has named."""
    missing = [each.name for each in model.inputs if each.required and not columns[each.name]]
    if missing:
        st.error(f"Choose the column that holds {plain(missing[0])}.", icon=":material/error:")
        return
    try:
        match_columns(waiting.table.header, model.inputs, columns)
    except DeepfieldError as error:  # the results that are there stay until it can be followed
        st.error(plain(error), icon=":material/error:")
        return
    replace_work(slot, lambda: waiting.start(model, columns))
    st.rerun()


def offer(work: Work, slot: str) -> None:
    """Where rows are unfamiliar, offer the model of the domain that knows them."""
    domain = work.model.domain
    if work.result is None or work.result.unfamiliar.empty:
        return
    kept = st.session_state.setdefault("suggestions", {})
    run = work.result.run.id
    if run not in kept:
        with st.spinner("Asking the other models …"):
            kept[run] = suggest(
                work.model, work.result.unfamiliar, lambda name: cached.model(domain, name)
            )
    found = kept[run]
    titles = {spec.name: spec.title or spec.name for spec in list_models(domain)}
    if found is None or found.model not in titles:
        return
    title = plain(titles[found.model])

    def again() -> None:
        try:
            model = cached.model(domain, found.model)
        except DeepfieldError as error:  # removed while the page was open
            st.toast(plain(error), icon=":material/error:")
            return
        st.session_state[f"{domain.name}-model"] = found.model
        st.session_state[slot] = work.again(model)
        st.query_params.pop("run", None)

    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/lightbulb: Of the first {found.tried} unfamiliar rows, **{title}** knows "
            f"{found.known}."
        )
        st.button(f"Score with {title}", on_click=again, key=f"{run}-again")


@st.fragment(run_every=0.4)
def watch(work: Work) -> None:
    """Show how far a job is, until it ends."""
    if not work.running:
        st.rerun()
    progress = work.job.progress
    of = f" of {progress.total:,}" if progress.total else ""
    left = progress.seconds_left
    st.progress(
        min(progress.done / progress.total, 1.0) if progress.total else 0.0,
        f"{progress.stage} · {progress.done:,}{of} rows · {progress.rate:,.0f} a second"
        + (f" · {left:,.0f} s left" if left is not None else "")
        + (f" · {progress.rejected:,} set aside" if progress.rejected else ""),
    )
    if st.button("Cancel", icon=":material/stop_circle:", key=f"{work.model.domain.name}-cancel"):
        work.job.cancel()
        st.caption("Stopping after the batch in work; what is scored stays.")


def reopened(model: Model, run_id: str) -> None:
    """Show the run that the page's address names, after a reload."""
    try:
        run = History().get(run_id)
    except DeepfieldError as error:
        st.warning(plain(error), icon=":material/history:")
        return
    if run.domain != model.domain.name:
        return
    try:  # a run belongs to the model that made it, whichever is chosen now
        own = cached.model(model.domain, run.model)
    except DeepfieldError as error:
        results_view.without_model(run, f"The run {run.id} was made by {run.model!r}. {error}")
        return
    if own.folder.hash != run.model_hash:
        results_view.without_model(
            run,
            f"The run {run.id} was made by another version of {run.model!r}, "
            f"{run.model_hash[:12]}, which was replaced since.",
        )
        return
    results_view.show(own, run)
