"""The pages. Streamlit runs this file, or ``streamlit_app.py`` which calls it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from deepfield.dashboard import domain_page, home, runs_page
from deepfield.dashboard.cached import registry
from deepfield.domain import Domain

__all__ = ["main"]

# A file, for the browser would fetch a Material symbol from Google.
ICON = Path(__file__).with_name("icon.png")


def main() -> None:
    st.set_page_config(page_title="Deepfield", page_icon=ICON, layout="wide")
    found = registry()
    pages = {
        name: st.Page(page_for(domain), title=domain.title, icon=domain.icon, url_path=name)
        for name, domain in sorted(found.domains.items())
    }
    start = st.Page(
        lambda: home.show(found, pages),
        title="Deepfield",
        icon=":material/landscape_2:",
        url_path="home",
        default=True,
    )
    past = st.Page(
        lambda: runs_page.show(pages), title="Runs", icon=":material/history:", url_path="runs"
    )
    st.navigation([start, *pages.values(), past], position="top").run()


def page_for(domain: Domain) -> Callable[[], None]:
    return lambda: domain_page.show(domain)


if __name__ == "__main__":
    main()
