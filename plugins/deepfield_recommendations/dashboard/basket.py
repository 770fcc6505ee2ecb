"""The tab where a basket is built, and what goes with it is there at once."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from deepfield.dashboard.context import ModelContext
from deepfield.dashboard.words import plain
from deepfield_recommendations.dashboard import answers, held, kept
from deepfield_recommendations.dashboard.asking import recommender
from deepfield_recommendations.dashboard.words import counted, money
from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["show"]

HITS = 7
"""Products that are shown of those found."""


@st.fragment
def show(context: ModelContext) -> None:
    """Show the search, the basket, and the model's answer to it."""
    vocabulary = recommender(context.model).vocabulary
    left, right = st.columns([6, 7], gap="medium")
    with left:
        search(context, vocabulary)
        basket(context.key, vocabulary)
    with right:
        answers.show(context, vocabulary)


def search(context: ModelContext, vocabulary: Vocabulary) -> None:
    words = st.text_input(
        "Search the catalogue",
        type="search",
        live="200ms",
        placeholder="a part of a name, or an item's id",
        key=f"{context.key}-search",
        help="each word must be in the name or the id; the most taken come first",
    )
    find = kept.search(context.model.folder.hash, vocabulary)
    found = find(words or "", HITS)
    if not found.count:
        st.caption(f"Nothing in the catalogue of {len(vocabulary):,} is called {plain(words)}.")
        return
    with st.container(gap="xsmall"):
        for code in found.codes:
            item = str(vocabulary.ids[code - 1])
            with st.container(horizontal=True, gap="small", wrap=False):
                label = named(vocabulary, int(code))
                held.add_button(context.key, item, "hit", label, wide=True)
                held.like_button(context.key, item, "hit")
    if not (words or "").strip():
        st.caption(f"What is taken most of {counted(len(vocabulary), 'item')}.")
    elif found.count > len(found.codes):
        least = "" if found.all else "at least "
        st.caption(f"{least}{found.count:,} found; another word narrows them.".capitalize())


def named(vocabulary: Vocabulary, code: int) -> str:
    """Return what an item is called where it is chosen, with its price."""
    price = float(vocabulary.items["price"].iloc[code - 1])
    words = plain(vocabulary.titles[code - 1])
    return f"{words} · {money(price)}" if np.isfinite(price) else words


def basket(key: str, vocabulary: Vocabulary) -> None:
    """Show what is in the basket; another model may not know all of it."""
    items = held.items(key)
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**Basket** · {counted(len(items), 'item')}")
        if not items:
            st.caption("Empty. Add a product above.")
            return
        codes = vocabulary.codes(pd.Series(items, dtype="str"))
        for item, code in zip(items, codes, strict=True):
            with st.container(
                horizontal=True, gap="small", vertical_alignment="center", wrap=False
            ):
                if code:
                    st.markdown(f":small[{named(vocabulary, code)}]", width="stretch")
                    held.like_button(key, item, "held")
                else:
                    unknown = ":gray-badge[not in this model's catalogue]"
                    st.markdown(f":small[{plain(item)}] {unknown}", width="stretch")
                st.button(
                    "Remove",
                    key=f"{key}-remove-{item}",
                    icon=":material/close:",
                    type="tertiary",
                    on_click=partial(held.remove, key, item),
                )
        st.button(
            "Empty the basket",
            key=f"{key}-empty",
            icon=":material/remove_shopping_cart:",
            on_click=partial(held.empty, key),
        )
