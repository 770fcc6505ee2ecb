"""Fit a model to one's own rows or documents, in a process that outlives the page."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from deepfield.background import fit_in_background, prepare_fit, starting
from deepfield.dashboard import (
    evaluation_view,
    inventory_view,
    polyline_view,
    ranking_view,
    survey_view,
)
from deepfield.dashboard.files_form import ChosenFiles, choose_files
from deepfield.dashboard.forms import form_of
from deepfield.dashboard.labelled_form import Chosen, choose_columns, choose_inputs, choose_rows
from deepfield.dashboard.words import plain
from deepfield.domain import Domain, ranked_output
from deepfield.errors import DeepfieldError
from deepfield.evaluation import (
    Inventory,
    PolylineEvaluation,
    RankingEvaluation,
    Survey,
    read_finding,
)
from deepfield.evaluation.plots import learning_curve
from deepfield.fits import Fit, find_fit, forget_fit, list_fits
from deepfield.fitting import file_endings, fit_bases, options_kind
from deepfield.fitting.adding import find_before
from deepfield.loading import predictor_class
from deepfield.store import check_new_name, fitted_models

__all__ = ["show"]

STATE_ICONS = {
    "running": ":material/progress_activity:",
    "done": ":material/check_circle:",
    "stopped": ":material/stop_circle:",
    "failed": ":material/error:",
    "lost": ":material/error:",
}
ENDED = {
    "stopped": "This fit was stopped; nothing of it was kept.",
    "lost": "The process of this fit is gone, perhaps with the machine; nothing of it was kept.",
}


def show(domain: Domain) -> None:
    left, right = st.columns([1, 2], gap="large")
    with left:
        form(domain)
    with right:
        fits = list_fits(domain.name)
        shown = _shown(fits)
        if shown is None:
            st.info(
                f"Nothing is being fitted. Choose {_what(domain)} on the left; the model that "
                "comes of them can be chosen above, and by its name everywhere.",
                icon=":material/arrow_back:",
            )
        elif shown.running:
            watch(shown.id)
        else:
            ended(domain, shown)
        if fits:
            listing(domain, fits)


def _what(domain: Domain) -> str:
    return "documents" if file_endings(domain) else "rows"


def _shown(fits: list[Fit]) -> Fit | None:
    """Return the fit that the address names, or the latest that is running."""
    asked = st.query_params.get("fit")
    named = next((fit for fit in fits if fit.id == asked), None)
    return named or next((fit for fit in fits if fit.running), None)


def form(domain: Domain) -> None:
    key = f"{domain.name}-fit"
    bases = {spec.name: spec for spec in fit_bases(domain)}
    ranked = ranked_output(domain.inputs, domain.outputs)
    documents = bool(file_endings(domain))
    own = "by your own rows" if domain.truth or ranked else "your own classes"
    own = "your own documents" if documents else own
    st.markdown(f"Teach a model {own}, starting from one that is shipped.")
    base = next(iter(bases))
    if len(bases) > 1:  # outside the form, for the options depend on it
        base = st.selectbox(
            "Start from",
            list(bases),
            key=f"{key}-base",
            format_func=lambda name: bases[name].title or name,
        )
    predictor = predictor_class(bases[base])
    chosen: Chosen | ChosenFiles
    if documents:
        chosen = choose_files(predictor.learns_from, key)
    else:
        chosen = choose_rows(domain.inputs, key, labelled=not ranked)
    kind = options_kind(bases[base])
    with st.form(f"{key}-form"):
        label = group = columns = None
        if isinstance(chosen, ChosenFiles):
            pass  # documents have no columns
        elif ranked:
            columns = choose_inputs(chosen, domain.inputs, key)
        else:
            label, group, columns = choose_columns(
                chosen, domain.inputs, key, domain.truth, predictor.needs_labels, whole=True
            )
        name = st.text_input(
            "Name of your model",
            key=f"{key}-name",
            placeholder="my-own",
            max_chars=41,
            help="lower-case letters, digits and hyphens",
        ).strip()
        add = documents and st.checkbox(
            "Add to the fitted model of that name",
            key=f"{key}-add",
            help="documents of the same name take each other's place; what else it holds stays",
        )
        overwrite = st.checkbox("Replace a fitted model of that name", key=f"{key}-overwrite")
        options: dict[str, Any] = {}
        if kind.model_fields:
            with st.expander("Options", icon=":material/tune:"):
                options = form_of(kind, f"{key}-option-{base}")
        sent = st.form_submit_button("Fit", type="primary", icon=":material/model_training:")
    if sent and not (chosen and name):
        what = "documents" if documents else "rows" if ranked else "labelled rows"
        st.warning(f"Choose {what} and a name first.", icon=":material/upload:")
    elif sent:
        asked = {"base": None if add else base, "overwrite": overwrite, "options": options}
        columns_of = {"label": label, "group": group, "columns": columns}
        begin(domain, chosen, name, add, **asked, **columns_of)
    st.caption(
        "It runs on this machine in a process of its own and goes on when this page is closed. "
        "An upload is deleted when it ends."
    )


def begin(domain: Domain, chosen: Chosen | ChosenFiles, name: str, add: bool, **asked: Any) -> None:
    """Start a fit in a process of its own.

    Args:
        add: whether to add documents to the model of that name.
        asked: what ``fit_in_background`` takes beside.
    """
    try:
        check_new_name(domain, name, asked["overwrite"] or add)
        if add:
            find_before(domain, name, asked["base"], asked["overwrite"])
        fit = prepare_fit(domain.name, name, chosen.name, "dashboard")
        with starting(fit):
            fit_in_background(fit, chosen.put_into(fit.work), add=add, **asked)
    except DeepfieldError as error:
        st.error(plain(error), icon=":material/error:")
        return
    st.query_params["fit"] = fit.id


@st.fragment(run_every=1.0)
def watch(id: str) -> None:
    """Show how far a fit is, with its curve, until it ends."""
    try:
        fit = find_fit(id)
    except DeepfieldError:  # somebody removed it
        st.rerun()
    if not fit.running:
        st.rerun()
    st.subheader(f"Fitting {plain(fit.name)}", anchor=False)
    past = time.time() - datetime.fromisoformat(fit.started).timestamp()
    st.progress(
        fit.done,
        f"{fit.stage} · {fit.done:.0%} · {_time(past)} · {plain(fit.source)}",
    )
    chart = learning_curve(fit.log)
    if chart is not None:
        st.altair_chart(chart, width="content", key=f"{id}-curve")
    if fit.stop_wanted:
        st.caption("Stopping after the step in work; nothing of it is kept.")
    else:
        icon = ":material/stop_circle:"
        st.button("Cancel the fit", icon=icon, key=f"{id}-cancel", on_click=fit.stop)


def ended(domain: Domain, fit: Fit) -> None:
    st.subheader(f"{STATE_ICONS[fit.state]} {plain(fit.name)}", anchor=False)
    if fit.state == "failed":
        st.error(plain(fit.message), icon=":material/error:")
    elif fit.state in ENDED:
        st.warning(ENDED[fit.state], icon=STATE_ICONS[fit.state])
    elif fit.name in {spec.name for spec in fitted_models(domain)}:
        st.button(
            f"Use {fit.name}",
            type="primary",
            icon=":material/play_arrow:",
            key=f"{fit.id}-use",
            on_click=_use,
            args=(domain, fit.name),
        )
    else:
        st.info(f"The model {fit.name!r} was removed since.", icon=":material/info:")
    result = fit.result
    if result is not None and fit.state == "done":
        found = read_finding(result)
        of_lists = isinstance(found, RankingEvaluation)  # whose notes say what it saw afterwards
        if not isinstance(found, Inventory):
            st.markdown(
                f"On the held-out {'moments' if of_lists else 'rows, which the fit never saw'}:"
            )
        if isinstance(found, Inventory):
            inventory_view.show(found, fit.id)
        elif isinstance(found, Survey):
            survey_view.show(found, fit.id)
        elif isinstance(found, RankingEvaluation):
            ranking_view.show(found, fit.id)
        elif isinstance(found, PolylineEvaluation):
            polyline_view.show(found, fit.id)
        else:
            evaluation_view.show(found, fit.id)
    chart = learning_curve(fit.log)
    if chart is not None:
        with st.expander("Learning curve", icon=":material/show_chart:"):
            st.altair_chart(chart, width="content", key=f"{fit.id}-curve")


def _use(domain: Domain, name: str) -> None:
    st.session_state[f"{domain.name}-model"] = name
    st.session_state.pop(f"{domain.name}-tab", None)
    for asked in ("fit", "run", "tab"):
        st.query_params.pop(asked, None)


def listing(domain: Domain, fits: list[Fit]) -> None:
    """Show the fits, and let one be opened or taken off the list."""
    with st.expander(f"All fits ({len(fits)})", icon=":material/history:"):
        frame = pd.DataFrame([vars(fit) for fit in fits])
        frame["started"] = pd.to_datetime(frame["started"], utc=True)
        st.dataframe(
            frame[["started", "name", "state", "source", "seconds", "face", "message"]],
            hide_index=True,
            key=f"{domain.name}-fits",
            column_config={
                "started": st.column_config.DatetimeColumn("started", format="distance"),
                "seconds": st.column_config.NumberColumn("seconds", format="%.1f"),
            },
        )
        labels = {fit.id: f"{fit.name} · {fit.state} · {fit.started[:16]}" for fit in fits}
        picked = st.selectbox(
            "Open a fit",
            list(labels),
            None,
            format_func=lambda id: labels[id],
            key=f"{domain.name}-fits-open",
            placeholder="choose a fit",
        )
        if picked is None:
            return
        with st.container(horizontal=True):
            st.button(
                "Show it",
                icon=":material/open_in_full:",
                key=f"{domain.name}-fits-show",
                on_click=lambda: st.query_params.update({"fit": picked}),
            )
            running = next(fit for fit in fits if fit.id == picked).running
            st.button(
                "Take it off the list",
                icon=":material/delete:",
                key=f"{domain.name}-fits-forget",
                disabled=running,
                help="the model that it made stays",
                on_click=_forget,
                args=(domain, picked),
            )


def _forget(domain: Domain, id: str) -> None:
    forget_fit(id)
    st.session_state.pop(f"{domain.name}-fits-open", None)
    if st.query_params.get("fit") == id:
        st.query_params.pop("fit")


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
