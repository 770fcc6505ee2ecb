"""The answers of a run: how many questions were answered, and each with its passage."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from deepfield.dashboard import charts
from deepfield.dashboard.context import Context
from deepfield.dashboard.downloads import downloads
from deepfield.dashboard.words import plain
from deepfield.fields import Records
from deepfield_chatbot import Chatbot
from deepfield_chatbot.dashboard.marking import marked
from deepfield_chatbot.dashboard.wording import TRUST, counted, letters, place, sure, trusted

__all__ = ["matching", "show"]

ON_A_PAGE = 10
KINDS = {"ok": "Answered", "unsure": "Not said", "unfamiliar": "Off topic"}
DISAGREE = "disagree"
"""A kind beside trust: documents say different things."""
RECORDS = {each.name: each for each in Chatbot.outputs if isinstance(each, Records)}


def show(context: Context) -> None:
    frame, key = context.frame, context.key
    disagree = pd.Series([bool(things(row, "disagreeing")) for row in frame.to_dict("records")])
    disagree = disagree.set_axis(frame.index)
    figures(frame, disagree)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kinds = {"all": "All", **KINDS, **({DISAGREE: "Disagree"} if disagree.any() else {})}
        kind = st.segmented_control(
            "Which",
            list(kinds),
            default="all",
            required=True,
            format_func=kinds.__getitem__,
            key=f"{key}-kind",
            label_visibility="collapsed",
        )
        words = st.text_input(
            "Search",
            type="search",
            placeholder="words of a question, an answer or a document's name",
            key=f"{key}-search",
            label_visibility="collapsed",
        )
    chosen = matching(frame, disagree, str(kind), words or "")
    if chosen.empty:
        st.info("No question is like that.", icon=":material/filter_alt_off:")
        return
    pages = -(-len(chosen) // ON_A_PAGE)
    page = 1
    if pages > 1:
        page = st.pagination(pages, key=f"{key}-page-{kind}-{words}")
    shown = chosen.iloc[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    for number, row in zip(shown.index, shown.to_dict("records"), strict=True):
        one(context, int(number), row)
    st.caption(counted(len(chosen), "question"))
    downloads(chosen, f"answers-{context.run.id}", key, context.model)


def figures(frame: pd.DataFrame, disagree: pd.Series) -> None:
    counts = frame["trust"].value_counts()
    cells = [(title, int(counts.get(kind, 0)), TRUST[kind][2]) for kind, title in KINDS.items()]
    cells.append(("Documents disagree", int(disagree.sum()), "of those answered"))
    for column, (title, count, words) in zip(st.columns(len(cells)), cells, strict=True):
        column.metric(title, f"{count:,}", help=words)


def matching(frame: pd.DataFrame, disagree: pd.Series, kind: str, words: str) -> pd.DataFrame:
    """Return the rows of a kind that have all words in question, answer or document."""
    if kind == DISAGREE:
        chosen = frame[disagree]
    elif kind in KINDS:
        chosen = frame[frame["trust"] == kind]
    else:
        chosen = frame
    for word in words.casefold().split():
        has = pd.Series(False, chosen.index)
        for name in ("question", "answer", "document"):
            if name in chosen:
                told = chosen[name].astype("string").fillna("").str.casefold()
                has |= told.str.contains(word, regex=False).astype(bool)
        chosen = chosen[has]
    return chosen


def one(context: Context, number: int, row: dict[Any, Any]) -> None:
    """Show a question with its answer, its passage, and reasons on demand."""
    trust, key = str(row["trust"]), f"{context.key}-{number}"
    with st.container(border=True):
        st.markdown(f":small[{number}] **{letters(said(row, 'question')) or 'A question'}**")
        st.markdown(letters(said(row, "answer")) or "*The documents don't say.*")
        if said(row, "reply"):
            badge = ":violet-badge[:material/stylus_note: generated]"
            st.markdown(f"{letters(said(row, 'reply'))} {badge}")
        st.markdown(trusted(trust, float(row["confidence"])))
        for each in things(row, "disagreeing"):
            where = place(str(each["document"]), paged(each["page"]))
            answer, confidence = letters(str(each["answer"])), sure(float(each["confidence"]))
            st.markdown(f":orange-badge[but] {answer} · {where} · :small[{confidence}]")
        passage = said(row, "passage")
        if not passage:
            return
        heading = said(row, "heading")
        st.markdown(place(said(row, "document"), paged(row.get("page")), [heading]))
        title = "Where it stands" if trust == "ok" else "The nearest passage"
        with st.expander(title, icon=":material/format_quote:"):
            start, end = paged(row.get("start")), paged(row.get("end"))
            st.html(marked(passage, start or 0, end or 0))
        others = things(row, "citations")[1:]
        if others:
            with st.expander("Nearest other passages", icon=":material/library_books:"):
                for each in others:
                    above = [str(each["heading"] or "")]
                    st.markdown(place(str(each["document"]), paged(each["page"]), above))
                    st.html(marked(str(each["passage"]), 0, 0))
        if st.toggle("Which words carried it", key=f"{key}-why"):
            reasons(context, number)


def reasons(context: Context, number: int) -> None:
    found = context.explain(number)
    if found is None:
        st.info("This cannot be told any more.", icon=":material/info:")
        return
    st.markdown(plain(found.summary))
    if found.contributions is not None:
        chart = charts.waterfall(found.contributions)
        st.altair_chart(chart, key=f"{context.key}-{number}-waterfall")


def said(row: dict[Any, Any], name: str) -> str:
    """Return a text of a row; files have no sign for an empty one."""
    value = row.get(name)
    return value if isinstance(value, str) else ""


def paged(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def things(row: dict[Any, Any], name: str) -> list[dict[str, Any]]:
    """Return the parts of a column that holds lists; none where a file lost them."""
    value = row.get(name)
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return []
    return RECORDS[name].read(value)
