"""What is recommended, as cards: how likely, because of what, and whether it was taken before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from deepfield.dashboard.words import plain
from deepfield_recommendations.dashboard.purchases import Taken
from deepfield_recommendations.dashboard.words import chance, counted, money
from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["Card", "cards_of", "show"]

MOST_CARDS = 20
"""Beyond these a table says it in less room."""
BAR = 96
"""Width of the bar of a probability, in pixels."""


@dataclass(frozen=True)
class Card:
    """One thing of a list."""

    rank: int
    item: str
    title: str
    probability: float
    because: str
    category: str
    price: float
    taken: Taken | None = None

    def in_words(self) -> str:
        """Return the card as Markdown, three lines at most."""
        facts = [plain(self.category)] if self.category else []
        facts += [f"price {money(self.price)}"] if np.isfinite(self.price) else []
        line = " · ".join(facts)
        if self.taken is not None:
            line += f" :green-badge[:material/replay: {plain(self.taken)}]"
            line += f" :gray[last on {self.taken.last}]" if self.taken.last else ""
        lines = [f"**{self.rank} · {plain(self.title)}**"]
        if line:
            lines.append(f":small[{line.strip()}]")
        if self.because:
            lines.append(f":small[because of {plain(self.because)}]")
        return "  \n".join(lines)


def cards_of(
    things: Sequence[Mapping[str, Any]],
    vocabulary: Vocabulary,
    taken: Mapping[str, Taken] | None = None,
) -> list[Card]:
    """Return a card for each thing of a ranking."""
    items = [str(each["item"]) for each in things]
    codes = vocabulary.codes(pd.Series(items, dtype="str"))
    facts = vocabulary.items[["category", "price"]]
    found = []
    for rank, (thing, item, code) in enumerate(zip(things, items, codes, strict=True), start=1):
        category, price = facts.iloc[code - 1] if code else (None, np.nan)
        found.append(
            Card(
                rank,
                item,
                str(thing.get("title") or item),
                float(thing["probability"]),
                str(thing.get("because") or ""),
                category if isinstance(category, str) else "",
                float(price),
                (taken or {}).get(item),
            )
        )
    return found


def show(
    cards: Sequence[Card],
    key: str,
    acts: Callable[[Card], None] | None = None,
    similar: bool = False,
) -> None:
    """Show a list.

    Args:
        acts: draws the buttons of a card.
        similar: whether likeness orders the list, not what is likely.
    """
    for card in cards[:MOST_CARDS]:
        with st.container(
            border=True, horizontal=True, vertical_alignment="center", wrap=False, gap="small"
        ):
            st.markdown(card.in_words(), width="stretch")
            if acts is not None:
                with st.container(width="content", gap="xxsmall"):
                    acts(card)
            st.progress(card.probability, chance(card.probability), width=BAR)
    rest = cards[MOST_CARDS:]
    if rest:
        with st.expander(f"{counted(len(rest), 'more item')}", icon=":material/list:"):
            st.dataframe(table(rest), hide_index=True, key=f"{key}-rest", column_config=COLUMNS)
    if cards:
        st.caption(
            f"{':material/sort: The most alike first. ' if similar else ''}"
            ":material/percent: How likely each item is among what is taken next, calibrated."
        )


def table(cards: Sequence[Card]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rank": [each.rank for each in cards],
            "title": [each.title for each in cards],
            "probability": [each.probability for each in cards],
            "because": [each.because for each in cards],
            "item": [each.item for each in cards],
        }
    )


COLUMNS: dict[str, Any] = {
    "rank": st.column_config.NumberColumn("rank", width="small"),
    "title": st.column_config.TextColumn("title", width="medium"),
    "probability": st.column_config.NumberColumn("probability", format="percent"),
    "because": st.column_config.TextColumn("because of"),
}
