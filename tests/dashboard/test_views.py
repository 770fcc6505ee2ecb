"""Views of plugins on the page of a run, without a browser."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from deepfield_flowers import Flowers, register_views
from streamlit.testing.v1 import AppTest

import deepfield
from deepfield.dashboard import cached
from deepfield.dashboard.charts import waterfall, waterfall_steps
from deepfield.dashboard.words import plain
from deepfield.explanation import Contributions
from deepfield.grouping import related
from deepfield.history import Run
from deepfield.hookspecs import hookimpl
from deepfield.plugins import Registry
from deepfield.scoring import Job
from deepfield.views import TABS

PETALS = register_views()[0]


class Plugin:
    """A plugin with the flowers and the views that it is given."""

    def __init__(self, *views):
        self.register_domains = hookimpl(lambda: [Flowers()], specname="register_domains")
        self.register_views = hookimpl(lambda: list(views), specname="register_views")


def breaks(context) -> None:
    raise RuntimeError(f"no *chart* for {len(context.frame)} rows")


def asks(context) -> None:
    import streamlit as st

    flower = {
        each.name: st.number_input(
            plain(each.name), 0.0, 30.0, 4.0, key=f"{context.key}-{each.name}"
        )
        for each in context.model.inputs
    }
    answer = context.model.predict(pd.DataFrame([flower])).iloc[0]
    st.markdown(f"This one is called {plain(answer['species'])}.")


def domain_page() -> None:
    import streamlit as st

    from deepfield.dashboard import domain_page

    domain_page.show(st.session_state["domain"])


def page() -> None:
    import streamlit as st

    from deepfield.dashboard import results_view

    results_view.show(st.session_state["model"], st.session_state["run"])


@pytest.fixture
def opened(monkeypatch):
    """Return a function that opens the page of one run, with views."""

    def start(*views, frame: pd.DataFrame | None = None) -> AppTest:
        registry = Registry()
        registry.add(Plugin(*views), "flowers")
        monkeypatch.setattr(cached, "registry", lambda: registry)
        model = deepfield.load("flowers", registry=registry)
        frame = Flowers().samples() if frame is None else frame
        app = AppTest.from_function(page, default_timeout=60)
        app.session_state["model"] = model
        app.session_state["run"] = Job(model, frame, keep=True).run().run
        return app.run()

    return start


def metrics(app: AppTest) -> list[str]:
    return [each.label for each in app.metric]


def test_view_comes_first_and_all_rows_is_one_click_away(opened):
    app = opened(PETALS)
    assert not app.exception
    chooser = app.segmented_control(key="flowers-view")
    assert chooser.value == "petals"
    assert "Rows scored" not in metrics(app)
    assert any("Called setosa" in each.value for each in app.markdown)
    chooser.set_value("rows").run()
    assert not app.exception
    assert "Rows scored" in metrics(app)


def test_view_asks_for_the_reasons_of_any_row(opened):
    app = opened(PETALS)
    run: Run = app.session_state["run"]
    app.selectbox(key=f"{run.id}-petals-row").set_value(3).run()
    assert any("Called virginica" in each.value for each in app.markdown)


def test_domain_without_views_has_no_chooser(opened):
    app = opened(replace(PETALS, domain="not-installed"))
    assert not app.exception
    assert not app.segmented_control
    assert "Rows scored" in metrics(app)


def test_view_that_raises_says_so_in_its_place(opened):
    app = opened(replace(PETALS, show=f"{__name__}:breaks"), replace(PETALS, name="second"))
    assert not app.exception
    (error,) = app.error
    assert error.value.replace("\\", "") == (
        "The view 'Petals' failed: RuntimeError: no *chart* for 3 rows"
    )
    app.segmented_control(key="flowers-view").set_value("second").run()
    assert not app.error
    assert any("Called setosa" in each.value for each in app.markdown)


def test_view_of_one_row_comes_first_too(opened):
    app = opened(PETALS, frame=Flowers().samples().head(1))
    assert not app.exception
    assert app.segmented_control(key="flowers-view").value == "petals"


@pytest.fixture
def opened_page(monkeypatch):
    """Return a function that opens a domain's page at an address, with views."""

    def start(*views, **address: str) -> AppTest:
        registry = Registry()
        registry.add(Plugin(*views), "flowers")
        monkeypatch.setattr(cached, "registry", lambda: registry)
        app = AppTest.from_function(domain_page, default_timeout=60)
        app.session_state["domain"] = Flowers()
        for name, value in address.items():
            app.query_params[name] = value
        return app.run()

    return start


ASKING = replace(PETALS, name="asking", title="Ask", show=f"{__name__}:asks", of="model")


def test_view_of_a_model_is_a_tab_that_needs_no_run(opened_page):
    app = opened_page(PETALS, ASKING, tab="asking")
    assert not app.exception
    assert [each.label.split(" ", 1)[1] for each in app.tabs][:3] == ["Score", "Ask", "Evaluate"]
    app.number_input(key="flowers-asking-petal_length").set_value(1.2)
    app.number_input(key="flowers-asking-petal_width").set_value(0.1).run()
    assert "This one is called setosa." in [each.value for each in app.markdown]


def test_page_may_open_with_the_view_of_a_model(opened_page):
    app = opened_page(replace(ASKING, opens=True))
    assert not app.exception
    assert [each.label.split(" ", 1)[1] for each in app.tabs][:3] == ["Ask", "Score", "Evaluate"]
    assert app.number_input
    app = opened_page(replace(ASKING, opens=True), run="0123456789ab")
    assert not app.number_input, "results of a run are under Score"


def test_view_of_a_model_is_drawn_only_when_its_tab_is_looked_at(opened_page):
    app = opened_page(ASKING, tab="score")
    assert not app.exception
    assert not app.number_input


def test_view_of_a_model_that_raises_says_so_in_its_tab(opened_page):
    app = opened_page(replace(ASKING, show=f"{__name__}:breaks"), tab="asking")
    assert not app.exception
    (error,) = app.error
    assert "The view 'Ask' failed: AttributeError" in error.value.replace("\\", "")


def test_view_of_a_model_is_none_of_results(opened):
    app = opened(ASKING)
    assert not app.segmented_control
    assert "Rows scored" in metrics(app)


def test_names_of_a_pages_own_tabs_are_known(opened_page, monkeypatch):
    from deepfield.dashboard import domain_page as pages

    monkeypatch.setattr(pages, "can_be_fitted", lambda domain: True)
    monkeypatch.setattr(pages, "simulators", lambda domain: [None])
    places: list[str] = []

    def tabs(domain, views):
        places.extend(made := real(domain, views))
        return made

    real = pages.tabs
    monkeypatch.setattr(pages, "tabs", tabs)
    opened_page(tab="score")
    assert tuple(places) == TABS


def test_results_of_one_caller_are_not_changed_by_another(tmp_path):
    file = tmp_path / "results.csv"
    file.write_text("row,found\n1,a\n2,b\n")
    first = cached.results(file)
    first["found"] = "changed"
    first.loc[1, "more"] = 1.0
    assert cached.results(file)["found"].to_list() == ["a", "b"]


def test_row_is_explained_with_the_histories_of_all_that_its_own_history_takes_from():
    rows = pd.DataFrame(
        {
            "shop": list("aabbc"),
            "customer": list("xyxzz"),
            "time": pd.date_range("2030", periods=5, freq="h"),
        },
        index=[11, 12, 13, 14, 15],
    )
    inputs = deepfield.Table(
        *(deepfield.fields.Key(name) for name in ("shop", "customer")),
        deepfield.fields.Timestamp("time"),
        group_by=("shop", "customer"),
        order_by="time",
    )
    # Row 11 is of customer x, who was at the shops a and b; nobody of c was there.
    needed = {key: labels.to_list() for key, labels in related(inputs, rows, 11).items()}
    assert needed == {"shop": [11, 12, 13, 14], "customer": [11, 13]}


def test_waterfall_goes_from_the_base_to_the_score():
    parts = Contributions({"little": 0.1, "most": 2.0, "against": -1.0}, base=-3.0)
    steps = waterfall_steps(parts).set_index("step")
    assert steps.index.to_list() == ["base", "most", "against", "little", "score"]
    assert steps["to"].to_list() == pytest.approx([-3.0, -1.0, -2.0, -1.9, -1.9])
    assert steps.at["score", "label"] == "13 %"
    assert steps.at["against", "label"] == "-1.00"


def test_waterfall_adds_up_what_is_too_small_to_be_shown():
    parts = Contributions({f"input {n}": float(n) for n in range(1, 6)}, unit="score")
    steps = waterfall_steps(parts, most=2)
    assert steps["step"].to_list() == ["base", "input 5", "input 4", "3 others", "score"]
    assert steps["added"].to_list()[1:-1] == [5.0, 4.0, 6.0]
    assert "probability" not in steps


@pytest.mark.parametrize("values", [{}, {"base": 1.0, 'a "quoted" name': -1.0}])
def test_waterfall_is_drawn_whatever_inputs_are_called(values):
    drawn = waterfall(Contributions(values, base=0.5)).to_dict()
    assert len(drawn["layer"]) == 6
