"""The view of a run's answers, and how passages are marked and escaped."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from chats import Writer, html, told
from streamlit.testing.v1 import AppTest

from deepfield.dashboard.plugin_views import ALL_ROWS
from deepfield.loading import load_model
from deepfield.scoring import Job
from deepfield_chatbot.dashboard.answers import matching
from deepfield_chatbot.dashboard.marking import around, marked, shaded
from deepfield_chatbot.dashboard.wording import letters, place, sure


def answers_page() -> None:
    import streamlit as st

    from deepfield.dashboard import results_view

    results_view.show(st.session_state["model"], st.session_state["run"])


@pytest.fixture
def answered(domain) -> AppTest:
    """The page of a run of twelve questions."""
    model = load_model(domain, "reader")
    rows = pd.DataFrame(
        {
            "question": [
                "What do leaves of moss drink?",
                "Can I freeze leftover lasagne?",
                "How do I reset my password?",
                *(f"Who tunes the violin of number {number}?" for number in range(9)),
            ]
        }
    )
    app = AppTest.from_function(answers_page, default_timeout=120)
    app.session_state["model"] = model
    app.session_state["run"] = Job(model, rows, options={"max_error": 0.9}, keep=True).run().run
    app.run()
    assert not app.exception, app.exception
    return app


def test_answers_of_a_run_are_counted_listed_and_filtered(answered):
    shown = {each.label: each.value for each in answered.metric}
    assert shown["Answered"] == "2"
    assert int(shown["Not said"]) + int(shown["Off topic"]) == 10
    assert ">rain</mark>" in html(answered)
    run = answered.session_state["run"]
    answered.segmented_control(key=f"{run.id}-answers-kind").set_value("ok").run()
    assert not answered.exception
    assert "2 questions" in told(answered)
    answered.text_input(key=f"{run.id}-answers-search").set_value("PASSWORD").run()
    assert "1 question\n" in told(answered) + "\n"
    assert "Forgotten" in told(answered)
    answered.text_input(key=f"{run.id}-answers-search").set_value("nowhere").run()
    assert "No question is like that" in answered.info[0].value


def test_columns_that_no_row_fills_are_not_shown(answered):
    answered.segmented_control(key="chatbot-view").set_value(ALL_ROWS).run()
    (table,) = [each.value for each in answered.dataframe if "answer" in each.value]
    assert "document" in table
    assert "reply" not in table, "no language model was asked"


def test_answers_of_a_run_are_explained_on_demand(answered):
    run = answered.session_state["run"]
    answered.toggle(key=f"{run.id}-answers-1-why").set_value(True).run()
    assert not answered.exception
    assert "stands in" in told(answered)


def test_generated_replies_of_a_run_are_marked(domain, monkeypatch):
    monkeypatch.setattr(
        "deepfield_chatbot.predictor.opened", lambda name: Writer("Leaves of moss drink rain.")
    )
    model = load_model(domain, "reader")
    rows = pd.DataFrame({"question": ["What do leaves of moss drink?"]})
    options = {"max_error": 0.9, "generator": "tiny/writer"}
    app = AppTest.from_function(answers_page, default_timeout=120)
    app.session_state["model"] = model
    app.session_state["run"] = Job(model, rows, options=options, keep=True).run().run
    app.run()
    assert not app.exception, app.exception
    assert "Leaves of moss drink rain. :violet-badge[:material/stylus_note: generated]" in told(app)


def test_answers_read_back_from_any_file(domain, tmp_path):
    frame = pd.DataFrame(
        {"question": ["a", None], "answer": ["x", None], "trust": ["ok", "unsure"]}, index=[1, 2]
    )
    disagree = pd.Series([True, False], index=[1, 2])
    assert matching(frame, disagree, "disagree", "").index.to_list() == [1]
    assert matching(frame, disagree, "unsure", "").index.to_list() == [2]
    assert matching(frame, disagree, "all", "X A").index.to_list() == [1]


def test_letters_show_what_stands_there():
    assert letters(" a\n\n  b*c* \n=== ") == "a  \nb\\*c\\*  \n\\=\\=\\="
    assert sure(0.999) == "> 99 %"
    assert sure(0.001) == "< 1 %"
    assert sure(0.5) == "50 %"
    assert "page 3" in place("a.pdf", 3, ["One", "", "Two"])
    assert "One › Two" in place("a.pdf", 3, ["One", "", "Two"])


def test_passages_are_escaped_wherever_they_are_marked():
    text = "<b>moss</b> & <i>rain</i>"
    shown = marked(text, 3, 7, before="<u>", after="</u>")
    assert ">moss</mark>" in shown
    assert "<b>" not in shown
    assert "<u>" not in shown
    assert "&lt;b&gt;<mark" in shown
    shown = shaded(text, [(3, 7, 2.0), (18, 22, -1.0)], 2.0)
    assert '0.65);border-radius:.2rem" title="+2.00">moss</span>' in shown
    assert "<b>" not in shown
    before, after = around("word " * 200, 500, 510)
    assert before.startswith("… word")
    assert after.endswith("word …")
    assert np.isfinite(len(before) + len(after))
