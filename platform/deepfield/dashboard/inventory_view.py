"""What a model that learned from documents holds, on a page."""

from __future__ import annotations

import streamlit as st

from deepfield.dashboard.words import plain
from deepfield.evaluation import Inventory

__all__ = ["show"]


def show(found: Inventory, key: str) -> None:
    """Show all that is known; ``key`` sets the widgets apart."""
    made = f"{plain(found.model)} {found.model_hash[:12]}"
    st.caption(f"{plain(found.source)} · {made}" if found.source else made)
    numbers = {"added" if found.added else "files read": found.files, "removed": found.removed}
    numbers = {name: count for name, count in numbers.items() if count} | found.counts
    for place, (name, count) in zip(st.columns(len(numbers)), numbers.items(), strict=True):
        place.metric(plain(name), f"{count:,}")
    left = f" {found.left_alone:,} files of other kinds were left alone." * bool(found.left_alone)
    st.caption(
        f"Nothing is held out of documents, so no figure says how often the model is right.{left}"
    )
    if len(found.rejected):
        count = len(found.rejected)
        title = f"{count:,} {'file was' if count == 1 else 'files were'} set aside"
        with st.expander(title, expanded=True, icon=":material/block:"):
            st.dataframe(
                found.rejected[["source", "reason"]].head(1000),
                hide_index=True,
                key=f"{key}-aside",
            )
