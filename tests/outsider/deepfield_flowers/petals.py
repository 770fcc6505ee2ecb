"""A stranger's view of results: flowers by the two lengths that tell them apart."""

from __future__ import annotations

import altair as alt
import streamlit as st


def show(context):
    frame = context.frame[["petal_length", "petal_width", "species", "confidence"]]
    chart = alt.Chart(frame.head(2000).reset_index(), height=260).mark_circle(size=80)
    st.altair_chart(
        chart.encode(
            x=alt.X("petal_length:Q", title="petal length (cm)"),
            y=alt.Y("petal_width:Q", title="petal width (cm)"),
            color=alt.Color("species:N", title=None),
            tooltip=["row:Q", "species:N", alt.Tooltip("confidence:Q", format=".1%")],
        )
    )
    number = st.selectbox("Flower", frame.index, key=f"{context.key}-row")
    explanation = context.explain(int(number))
    if explanation is not None:
        st.write(explanation.summary)
