"""The page of one domain: try it, read about its model, find what was scored before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from deepfield.dashboard import cached, evaluate_tab, fit_tab, make_tab, results_view, runs_page
from deepfield.dashboard.forms import options_form
from deepfield.dashboard.words import plain
from deepfield.dashboard.work import Work, spool
from deepfield.dataset import SimulatedDataset
from deepfield.domain import Domain
from deepfield.errors import DeepfieldError
from deepfield.fitting import fit_bases
from deepfield.history import History
from deepfield.loading import Model
from deepfield.sources.tables import READERS, FrameSource
from deepfield.store import FittedModel, list_models
from deepfield.suggestion import suggest

__all__ = ["show"]

SCORE = ":material/play_arrow: Score"


def show(domain: Domain) -> None:
    st.title(f"{domain.icon} {domain.title}", anchor=False)
    st.markdown(domain.question)
    if domain.notice:
        st.caption(f":material/info: {domain.notice}")
    name = choose_model(domain)
    tab = tabs(domain)
    try:
        model = cached.model(domain, name)
    except DeepfieldError as error:
        model = None
        problem = plain(error)
    except Exception as error:  # a plugin may raise anything; the other pages must go on
        model = None
        problem = plain(f"The model {name!r} failed to load: {type(error).__name__}: {error}")
    for place in ("score", "evaluate", "card"):
        if place in tab and model is None:
            tab[place].error(problem, icon=":material/error:")
    if model is not None:
        with tab["score"]:
            score_tab(model)
        with tab["card"]:
            card_tab(model)
        # These two are drawn only when they are looked at: they read files to fill their forms.
        if tab["evaluate"].open:
            with tab["evaluate"]:
                evaluate_tab.show(model)
    if "fit" in tab and tab["fit"].open:
        with tab["fit"]:
            fit_tab.show(domain)
    if "make" in tab and tab["make"].open:
        with tab["make"]:
            make_tab.show(domain, simulators(domain), scorer(model) if model else None)
    with tab["past"]:
        runs_page.listing(domain.name)


def tabs(domain: Domain) -> dict[str, Any]:
    """Return the page's tabs by name; the address remembers which is open."""
    names = {
        "score": SCORE,
        "evaluate": ":material/analytics: Evaluate",
        **({"fit": ":material/model_training: Fit"} if can_be_fitted(domain) else {}),
        **({"make": ":material/auto_awesome: Make examples"} if simulators(domain) else {}),
        "card": ":material/description: Model card",
        "past": ":material/history: Past runs",
    }
    short = {label: name for name, label in names.items()}
    key = f"{domain.name}-tab"

    def remember() -> None:
        st.query_params["tab"] = short[st.session_state[key]]

    asked = st.query_params.get("tab", "score")
    if key not in st.session_state:
        st.session_state[key] = names.get(asked, names["score"])
    opened = st.tabs(list(names.values()), key=key, on_change=remember)
    return dict(zip(names, opened, strict=True))


def simulators(domain: Domain) -> list[SimulatedDataset]:
    """Return what makes up rows for a domain."""
    return [
        each
        for each in cached.registry().datasets.values()
        if isinstance(each, SimulatedDataset) and each.domain == domain.name
    ]


def scorer(model: Model) -> Callable[[pd.DataFrame, str], None]:
    """Return what scores made-up rows, all options as usual, and opens the tab that shows it."""
    domain = model.domain
    slot = f"{domain.name}-work"

    def score(made: pd.DataFrame, title: str) -> None:
        before: Work | None = st.session_state.pop(slot, None)
        if before is not None:
            before.job.cancel()
        st.session_state[slot] = Work(model, FrameSource(made, title), {})
        st.session_state[f"{domain.name}-tab"] = SCORE
        st.query_params["tab"] = "score"
        st.query_params.pop("run", None)

    return score


def can_be_fitted(domain: Domain) -> bool:
    try:
        return bool(fit_bases(domain))
    except Exception:  # a plugin may raise anything; its model's own failure is shown beside
        return False


def choose_model(domain: Domain) -> str:
    """Return the name of the model to use, shipped or fitted."""
    models = {spec.name: spec for spec in list_models(domain)}
    key = f"{domain.name}-model"
    if st.session_state.get(key) not in models:  # not chosen yet, or removed in the meantime
        st.session_state[key] = domain.models[0].name
    if len(models) == 1:
        return domain.models[0].name

    def shown(name: str) -> str:
        spec = models[name]
        kind = "fitted" if isinstance(spec, FittedModel) else spec.technique
        return f"{spec.title or name} · {kind}"

    if len(models) > 4:
        return st.selectbox("Model", list(models), key=key, format_func=shown)
    chosen = st.segmented_control("Model", list(models), required=True, key=key, format_func=shown)
    return chosen or domain.models[0].name  # required, but typed as if it were not


def score_tab(model: Model) -> None:
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
            if slot in st.session_state and cached.registry().views_for(domain):
                st.rerun()  # what is shown may need the width that asking took
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
            offer(work, slot)
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
            f":material/lightbulb: Of the first {found.tried} unfamiliar rows, {found.known} look "
            f"like what **{title}** knows."
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


def card_tab(model: Model) -> None:
    st.caption(
        f"{model.spec.technique} · version {model.folder.hash[:12]} · {model.folder.path.name}"
    )
    st.markdown(model.folder.card)
