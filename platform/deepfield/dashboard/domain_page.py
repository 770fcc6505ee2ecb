"""The page of one domain: try it, read about its model, find what was scored before."""

from __future__ import annotations

import streamlit as st

from deepfield.dashboard import cached, results_view, runs_page
from deepfield.dashboard.forms import options_form
from deepfield.dashboard.words import plain
from deepfield.dashboard.work import Work, spool
from deepfield.domain import Domain, ModelSpec
from deepfield.errors import DeepfieldError
from deepfield.history import History
from deepfield.loading import Model
from deepfield.sources.tables import READERS, FrameSource

__all__ = ["show"]


def show(domain: Domain) -> None:
    st.title(f"{domain.icon} {domain.title}", anchor=False)
    st.markdown(domain.question)
    if domain.notice:
        st.caption(f":material/info: {domain.notice}")
    spec = choose_model(domain)
    try:
        model = cached.model(domain, domain.name, spec.name)
    except DeepfieldError as error:
        st.error(plain(error), icon=":material/error:")
        return
    except Exception as error:  # a plugin may raise anything; the other pages must go on
        st.error(plain(f"The model {spec.name!r} failed to load: {type(error).__name__}: {error}"))
        return
    score, card, past = st.tabs(
        [
            ":material/play_arrow: Score",
            ":material/description: Model card",
            ":material/history: Past runs",
        ]
    )
    with score:
        score_tab(model)
    with card:
        card_tab(model)
    with past:
        runs_page.listing(domain.name)


def choose_model(domain: Domain) -> ModelSpec:
    if len(domain.models) == 1:
        return domain.models[0]
    return st.segmented_control(
        "Model",
        domain.models,
        default=domain.models[0],
        required=True,
        format_func=lambda spec: f"{spec.title or spec.name} · {spec.technique}",
        key=f"{domain.name}-model",
    )


def score_tab(model: Model) -> None:
    domain = model.domain
    slot = f"{domain.name}-work"
    left, right = st.columns([1, 2], gap="large")
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
                help=", ".join(f"{each.name}: {each.help}" for each in domain.inputs if each.help)
                or None,
            )
            sent = st.form_submit_button("Score", type="primary", icon=":material/play_arrow:")
        example = st.button(
            "Try the built-in example", icon=":material/science:", key=f"{domain.name}-example"
        )
        if sent and not uploads:
            st.warning(
                "Choose a file first, or try the built-in example.", icon=":material/upload:"
            )
        elif sent or example:
            begin(model, slot, uploads if sent else None, options or {})
        if domain.example:
            st.caption(domain.example)
        st.caption(
            "Uploads stay on this machine and are deleted with the session; results are kept under "
            "*Past runs*, without the pictures."
        )
    with right:
        work: Work | None = st.session_state.get(slot)
        if work is not None and work.model is not model:
            work = None
        run = st.query_params.get("run")
        if work is None and run:
            reopened(model, run)
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
            results_view.show(model, work.result.run, work)


def accepted(model: Model) -> list[str] | None:
    """Return the endings that may be uploaded; None where files are known without one."""
    if model.formats.all:  # scanners write DICOM as IM000001
        return None
    endings = [*model.formats.suffixes, ".zip"] if model.inputs.image else [*READERS]
    return sorted(ending.removeprefix(".") for ending in endings)


def begin(model: Model, slot: str, uploads: list | None, options: dict) -> None:
    """Start a job over the uploads, or over the built-in example."""
    before: Work | None = st.session_state.pop(slot, None)
    if before is not None:
        before.job.cancel()
    st.query_params.pop("run", None)
    reading, own = model.formats.split(options)
    try:
        if uploads is None:
            samples = FrameSource(model.domain.samples(), "built-in example")
            work = Work(model, samples, own)
        else:
            source, folder = spool(uploads, model, reading)
            work = Work(model, source, own, folder)
    except DeepfieldError as error:
        st.error(plain(error), icon=":material/error:")
        return
    # The quickest jobs are done at once; waiting a moment for them spares a flicker.
    work.thread.join(0.3)
    st.session_state[slot] = work


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
        f"{progress.done:,}{of} rows · {progress.rate:,.0f} a second"
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
    if run.domain == model.domain.name:
        results_view.show(model, run)


def card_tab(model: Model) -> None:
    st.caption(
        f"{model.spec.technique} · version {model.folder.hash[:12]} · {model.folder.path.name}"
    )
    st.markdown(model.folder.card)
