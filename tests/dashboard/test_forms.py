"""One form for every kind of option, without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def form() -> None:
    import datetime
    import enum
    from typing import Literal

    import streamlit as st
    from deepfield_flowers import Flowers
    from pydantic import Field

    from deepfield import Options
    from deepfield.dashboard.forms import options_form
    from deepfield.formats import Formats

    class Mood(enum.Enum):
        calm = "calm"
        wild = "wild"

    class All(Options):
        yes: bool = True
        kind: Literal["a", "b"] = "b"
        mood: Mood = Mood.wild
        share: float = Field(0.02, ge=0.005, le=0.2)
        count: int = Field(3, ge=1, le=9)
        open_ended: float = Field(0.5, ge=0)
        words: str = "hello"
        day: datetime.date = datetime.date(2024, 4, 1)

    domain = Flowers()
    domain.Options = All
    st.session_state["found"] = All.model_validate(options_form(domain, Formats())).model_dump(
        mode="json"
    )


def test_every_kind_of_option_has_a_widget_with_its_default():
    app = AppTest.from_function(form).run()
    assert not app.exception
    assert app.session_state["found"] == {
        "yes": True, "kind": "b", "mood": "wild", "share": 0.02, "count": 3, "open_ended": 0.5,
        "words": "hello", "day": "2024-04-01",
    }  # fmt: skip
    app.slider(key="flowers-option-share").set_value(0.1).run()
    assert app.session_state["found"]["share"] == 0.1


def local_form() -> None:
    import streamlit as st
    from pydantic import Field

    from deepfield import Options
    from deepfield.dashboard.forms import form_of

    class Some(Options):
        folder: str = Field("", json_schema_extra={"local": True})
        count: int = Field(3, ge=1, le=9)

    st.session_state["found"] = form_of(Some, "some")


@pytest.mark.parametrize(
    ("own", "drawn"), [(True, {"folder": "", "count": 3}), (False, {"count": 3})]
)
def test_what_names_a_place_of_this_machine_is_for_its_own_people(monkeypatch, own, drawn):
    monkeypatch.setattr("deepfield.dashboard.forms.on_this_machine", lambda: own)
    app = AppTest.from_function(local_form).run()
    assert app.session_state["found"] == drawn
