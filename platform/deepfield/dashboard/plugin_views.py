"""Views that plugins bring: choose among those of results, and show one without trusting it."""

from __future__ import annotations

import logging

import streamlit as st

from deepfield.dashboard.context import Context, ModelContext
from deepfield.dashboard.words import plain
from deepfield.domain import Domain
from deepfield.errors import DeepfieldError
from deepfield.views import ALL_ROWS, View

__all__ = ["chosen_view", "show_view"]

log = logging.getLogger(__name__)


def chosen_view(views: list[View], domain: Domain) -> View | None:
    """Let a person choose among a domain's views; None stands for the table of all rows."""
    if not views:
        return None
    titles = {view.name: f"{view.icon} {view.title}" for view in views}
    titles[ALL_ROWS] = ":material/table_rows: All rows"
    chosen = st.segmented_control(
        "View",
        list(titles),
        default=views[0].name,
        required=True,
        format_func=titles.__getitem__,
        key=f"{domain.name}-view",
        label_visibility="collapsed",
    )
    return next((view for view in views if view.name == chosen), None)


def show_view(view: View, context: Context | ModelContext) -> None:
    """Show a plugin's view; one that fails says so in its own place, and the page goes on."""
    try:
        view.load()(context)
    except DeepfieldError as error:
        st.error(plain(error), icon=":material/error:")
    except Exception as error:  # a plugin may raise anything
        log.exception("the view %s of %s failed", view.name, view.domain)
        st.error(
            plain(f"The view {view.title!r} failed: {type(error).__name__}: {error}"),
            icon=":material/error:",
        )
