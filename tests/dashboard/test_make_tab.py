"""Made-up tables: their options fold away, their rows are shown, kept and scored."""

from __future__ import annotations

import io

import pandas as pd
from streamlit.testing.v1 import AppTest

from deepfield.dashboard.make_tab import saved


def tab() -> None:
    import streamlit as st
    from deepfield_flowers import Flowers

    from deepfield.dashboard import make_tab
    from deepfield_datasets.synthetic_transactions import SyntheticTransactions

    def score(made, title):
        st.session_state["scored"] = (title, len(made))

    make_tab.show(Flowers(), [SyntheticTransactions()], score)


def test_a_table_is_made_shown_in_part_and_handed_on():
    app = AppTest.from_function(tab, default_timeout=30).run()
    assert not app.exception
    (rows,) = [each for each in app.number_input if each.label == "How many"]
    assert (rows.value, rows.max) == (10_000, 200_000)
    assert len(app.expander) == 1, "many options fold away"
    rows.set_value(1_500)
    app.button[0].click().run()
    assert not app.exception
    assert len(app.dataframe[0].value) == 1_000
    assert any("The first 1,000 of 1,500 rows" in each.value for each in app.caption)
    next(each for each in app.button if each.label == "Score these").click().run()
    assert app.session_state["scored"] == ("synthetic-transactions-0", 1_500)


def test_what_cannot_be_made_is_said():
    app = AppTest.from_function(tab, default_timeout=30).run()
    next(each for each in app.text_input if each.label == "Currency").set_value("euro")
    app.button[0].click().run()
    assert "expected three capital letters" in app.error[0].value


def test_a_table_alone_is_saved_as_it_is():
    made = pd.DataFrame({"amount": [1.5, 2.0]})
    assert pd.read_csv(io.BytesIO(saved(made, ".csv"))).equals(made)
    assert saved(made, ".zip").startswith(b"PK")
