"""The first page: what can be asked."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from deepfield.dashboard.words import plain
from deepfield.plugins import Registry

__all__ = ["show"]

COLUMNS = 3

CARRIED = (
    (
        ":material/percent:",
        "Confidence",
        "Calibrated: of the answers given 90 %, nine in ten are right on validation data.",
    ),
    (
        ":material/verified:",
        "Trust",
        "ok; unsure, where the model abstains to keep the error rate that you accept; or "
        "unfamiliar, where the input is unlike anything it was trained on.",
    ),
    (
        ":material/lightbulb:",
        "A reason",
        "A heat map over the picture, or what each input added to the score.",
    ),
)


def show(registry: Registry, pages: dict[str, StreamlitPage]) -> None:
    st.title("Deep learning for every field")
    st.markdown(
        "Pick a domain, give it data, and see results with their confidence and their reasons. "
        "Everything runs on this machine; nothing leaves it."
    )
    if not pages:
        st.info("No domains are installed. A plugin adds one: see the guide, *Write a plugin*.")
    names = sorted(pages)
    for start in range(0, len(names), COLUMNS):
        for place, name in zip(st.columns(COLUMNS), names[start : start + COLUMNS], strict=False):
            domain = registry.domains[name]
            with place.container(border=True, height="stretch"):
                st.subheader(f"{domain.icon} {domain.title}", anchor=False)
                st.markdown(domain.question)
                st.caption(
                    " · ".join(
                        f"{spec.title or spec.name} ({spec.technique})" for spec in domain.models
                    )
                )
                st.page_link(
                    pages[name],
                    label=f"Open {domain.title.lower()}",
                    icon=":material/arrow_forward:",
                )
    st.subheader("What every answer carries", anchor=False)
    for place, (icon, name, words) in zip(st.columns(COLUMNS), CARRIED, strict=True):
        with place.container(border=True, height="stretch"):
            st.markdown(f"{icon} **{name}**")
            st.caption(words)
    if registry.failures:
        st.subheader("Plugins that failed", anchor=False)
        st.caption("They are installed and do not work; everything else does.")
        for failure in registry.failures:
            st.error(
                f"**{plain(failure.plugin)}**: {plain(failure.reason)}",
                icon=":material/extension_off:",
            )
