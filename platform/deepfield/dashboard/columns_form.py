"""Which column of an uploaded table is what: guessed, shown, and corrected by a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from deepfield.columns import guess_columns, listed
from deepfield.dashboard.words import plain
from deepfield.table import Table

__all__ = ["choose_fields", "columns_form", "in_words"]

NONE = "(none)"


def choose_fields(
    inputs: Table, header: Sequence[str], key: str, mapped: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Draw a widget for each field and return field -> column, empty where it is left out.

    Args:
        header: the table's columns, as it calls them.
        key: of the widgets.
        mapped: what fields are taken for at first; a guess if None.
    """
    if mapped is None:
        mapped, _ = guess_columns(header, inputs)
    # The key holds the names: another table makes new widgets.
    key = f"{key}-{abs(hash(tuple(header)))}"
    chosen = {}
    places = st.columns(2)
    for number, each in enumerate(inputs):
        usual = mapped.get(each.name, each.name if each.name in header else "")
        with places[number % 2]:
            column = st.selectbox(
                each.name if each.required else f"{each.name} (if there)",
                [NONE, *header],
                1 + list(header).index(usual) if usual in header else 0,
                key=f"{key}-{each.name}",
                help=each.help or None,
            )
        chosen[each.name] = "" if column == NONE else column
    return chosen


def columns_form(
    inputs: Table, header: Sequence[str], key: str, mapped: Mapping[str, str] | None = None
) -> dict[str, str] | None:
    """Draw a form for the columns of a table; return the mapping when it is sent."""
    with st.form(f"{key}-columns", border=False):
        chosen = choose_fields(inputs, header, key, mapped)
        sent = st.form_submit_button("Score", type="primary", icon=":material/play_arrow:")
    return chosen if sent else None


def in_words(mapped: Mapping[str, str]) -> str:
    """Return a mapping for a caption."""
    return plain(listed({field: column for field, column in mapped.items() if column}))
