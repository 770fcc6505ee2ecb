"""The page of one domain: try it, read about its model, find what was scored before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from deepfield.dashboard import cached, evaluate_tab, fit_tab, make_tab, runs_page, score_tab
from deepfield.dashboard.context import ModelContext
from deepfield.dashboard.plugin_views import show_view
from deepfield.dashboard.words import plain
from deepfield.dashboard.work import Work
from deepfield.dataset import SimulatedDataset
from deepfield.domain import Domain, ModelSpec
from deepfield.errors import DeepfieldError
from deepfield.fitting import fit_bases
from deepfield.loading import Model
from deepfield.sources.tables import FrameSource
from deepfield.store import FittedModel, list_models
from deepfield.views import View

__all__ = ["show"]

SCORE = ":material/play_arrow: Score"


def show(domain: Domain) -> None:
    st.title(f"{domain.icon} {domain.title}", anchor=False)
    st.markdown(domain.question)
    if domain.notice:
        st.caption(f":material/info: {domain.notice}")
    name = choose_model(domain)
    views = cached.registry().views_for(domain, of="model")
    tab = tabs(domain, views)
    try:
        model = cached.model(domain, name)
    except DeepfieldError as error:
        model = None
        problem = plain(error)
    except Exception as error:  # a plugin may raise anything; the other pages must go on
        model = None
        problem = plain(f"The model {name!r} failed to load: {type(error).__name__}: {error}")
    for place in ("score", *(view.name for view in views), "evaluate", "card"):
        if place in tab and model is None:
            tab[place].error(problem, icon=":material/error:")
    if model is not None:
        with tab["score"]:
            score_tab.show(model)
        with tab["card"]:
            card_tab(model)
        # The others are drawn only when they are looked at: they read files to fill their forms.
        for view in views:
            if tab[view.name].open:
                with tab[view.name]:
                    show_view(view, ModelContext(model, f"{domain.name}-{view.name}"))
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


def tabs(domain: Domain, views: list[View]) -> dict[str, Any]:
    """Return the page's tabs by name; the address remembers which is open."""
    views = sorted(views, key=lambda view: not view.opens)
    own = {view.name: f"{view.icon} {view.title}" for view in views}
    opening = views[0].name if views and views[0].opens else "score"
    names = {
        **({opening: own[opening]} if opening in own else {}),
        "score": SCORE,
        **own,
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

    # The address of a run's results leads to them, whatever the page opens with.
    asked = st.query_params.get("tab", "score" if "run" in st.query_params else opening)
    if key not in st.session_state:
        st.session_state[key] = names.get(asked, names[opening])
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
    """Return the name of the model to use, shipped or fitted; the address remembers it."""
    models = {spec.name: spec for spec in list_models(domain)}
    first = domain.models[0].name
    key = f"{domain.name}-model"
    if st.session_state.get(key) not in models:  # not chosen yet, or removed in the meantime
        asked = st.query_params.get("model")
        st.session_state[key] = asked if asked in models else first
    chosen = _chosen(models, key) if len(models) > 1 else first
    if chosen == first:
        st.query_params.pop("model", None)
    elif st.query_params.get("model") != chosen:
        st.query_params["model"] = chosen
    return chosen


def _chosen(models: dict[str, ModelSpec], key: str) -> str:
    """Draw the choice among models, and return the name of the one that is chosen."""

    def shown(name: str) -> str:
        spec = models[name]
        kind = "fitted" if isinstance(spec, FittedModel) else spec.technique
        return f"{spec.title or name} · {kind}"

    if len(models) > 4:
        return st.selectbox("Model", list(models), key=key, format_func=shown)
    chosen = st.segmented_control("Model", list(models), required=True, key=key, format_func=shown)
    return chosen or next(iter(models))  # required, but typed as if it were not


def card_tab(model: Model) -> None:
    st.caption(
        f"{model.spec.technique} · version {model.folder.hash[:12]} · {model.folder.path.name}"
    )
    st.markdown(model.folder.card)
