"""The basket that a visitor builds: kept in the session, changed by buttons."""

from __future__ import annotations

from functools import partial

import streamlit as st

from deepfield.dashboard.words import plain

__all__ = ["add", "add_button", "back", "empty", "items", "like_button", "liked", "remove"]

# A click's function runs before the fragment is drawn anew, so that all of it shows the change.


def items(key: str) -> list[str]:
    """Return what is in the basket, as it was added.

    Args:
        key: of the tab, which keeps the basket apart from other things in the session.
    """
    return list(st.session_state.get(f"{key}-items", []))


def add(key: str, item: str) -> None:
    st.session_state[f"{key}-items"] = [*(each for each in items(key) if each != item), item]
    back(key)


def remove(key: str, item: str) -> None:
    st.session_state[f"{key}-items"] = [each for each in items(key) if each != item]


def empty(key: str) -> None:
    st.session_state.pop(f"{key}-items", None)


def liked(key: str) -> str | None:
    """Return the item for whose likes is asked, if for any."""
    return st.session_state.get(f"{key}-like")


def like(key: str, item: str) -> None:
    st.session_state[f"{key}-like"] = item


def back(key: str) -> None:
    """Ask for what goes with the basket again."""
    st.session_state.pop(f"{key}-like", None)


def add_button(key: str, item: str, name: str, label: str, wide: bool = False) -> None:
    """Show what adds an item.

    Args:
        name: of the place, for an item may stand in several.
        label: Markdown.
        wide: as wide as there is room, and with a border.
    """
    there = item in items(key)
    st.button(
        label,
        key=f"{key}-{name}-{item}",
        icon=":material/check:" if there else ":material/add:",
        type="secondary" if wide else "tertiary",
        width="stretch" if wide else "content",
        disabled=there,
        help=None if there else f"add {plain(item)} to the basket",
        on_click=partial(add, key, item),
    )


def like_button(key: str, item: str, name: str) -> None:
    """Show what asks for items like one."""
    st.button(
        "Similar",
        key=f"{key}-like-{name}-{item}",
        icon=":material/interests:",
        type="tertiary",
        help="more like this",
        on_click=partial(like, key, item),
    )
