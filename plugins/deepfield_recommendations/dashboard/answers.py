"""What goes with a basket, or what is like one product, as the sliders ask."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from deepfield.dashboard.context import ModelContext
from deepfield.dashboard.words import plain
from deepfield.errors import DeepfieldError
from deepfield_recommendations.dashboard import cards, held
from deepfield_recommendations.dashboard.asking import Answer, ask
from deepfield_recommendations.dashboard.cards import Card
from deepfield_recommendations.dashboard.words import trusted
from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["show"]


def show(context: ModelContext, vocabulary: Vocabulary) -> None:
    """Show the controls and the model's answer."""
    like = held.liked(context.key)
    items = held.items(context.key)
    options = controls(context.key, similar=like is not None)
    if like is not None:
        code = int(vocabulary.codes(pd.Series([like], dtype="str"))[0])
        title = f"More like {plain(vocabulary.titles[code - 1] if code else like)}"
        answer = asked(context, [like], question="similar", **options)
    elif items:
        title = "What goes with it"
        answer = asked(context, items, **options)
    else:
        st.info(
            "Add a product, and what goes with it stands here at once.",
            icon=":material/add_shopping_cart:",
        )
        return
    heading(context.key, title, answer, similar=like is not None)
    if isinstance(answer, Answer):
        listed(context.key, vocabulary, answer, similar=like is not None)
    else:
        st.info(plain(answer), icon=":material/info:")


def controls(key: str, similar: bool) -> dict[str, Any]:
    """Draw what a person may turn; return the options."""
    with st.container(border=True):
        places = st.columns(3)
        many = places[0].slider("How many", 1, 50, 10, key=f"{key}-many", help="items in the list")
        diversity, damping = (
            place.slider(title, 0.0, 1.0, 0.0, 0.05, key=f"{key}-{name}", help=words, disabled=off)
            for place, name, title, words, off in (
                (
                    places[1],
                    "diversity",
                    "Diversity",
                    "how much an item loses for being like those above it",
                    False,
                ),
                (
                    places[2],
                    "damping",
                    "Popularity damping",
                    "how much an item loses for being taken often; what is similar has none",
                    similar,
                ),
            )
        )
        keep = st.toggle(
            "List what is in the basket, too",
            key=f"{key}-keep",
            disabled=similar,
            help="for people who take the same again",
        )
    return {
        "how_many": many,
        "diversity": diversity,
        "popularity_damping": damping,
        "bought": "keep" if keep else "leave out",
    }


def asked(context: ModelContext, items: list[str], **options: Any) -> Answer | str:
    """Return the answer, or the sentence that says why there is none."""
    try:
        return ask(context.model, items, **options)
    except DeepfieldError as error:
        return str(error)


def heading(key: str, title: str, answer: Answer | str, similar: bool) -> None:
    took = f" :gray[:small[in {answer.milliseconds:,.0f} ms]]" if isinstance(answer, Answer) else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {title}{took}", width="stretch")
        if similar:
            st.button(
                "Back to the basket",
                key=f"{key}-back",
                icon=":material/arrow_back:",
                on_click=partial(held.back, key),
            )
    if isinstance(answer, Answer) and not similar:
        st.markdown(trusted(answer.trust, answer.confidence))


def listed(key: str, vocabulary: Vocabulary, answer: Answer, similar: bool) -> None:
    if not answer.things:
        st.info("Nothing to recommend here.", icon=":material/filter_alt_off:")
        return

    def acts(card: Card) -> None:
        held.add_button(key, card.item, "card", "Add")
        held.like_button(key, card.item, "card")

    cards.show(cards.cards_of(answer.things, vocabulary), key, acts, similar)
