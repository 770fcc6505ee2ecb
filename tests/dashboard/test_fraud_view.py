"""The view of fraud detection, with results that a rule made: by itself, and in a real browser."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from safetensors.numpy import save_file
from streamlit.testing.v1 import AppTest

import deepfield
from deepfield.dashboard import cached
from deepfield.history import History, Run
from deepfield.plugins import Registry
from deepfield.sinks import open_sink
from deepfield_fraud_detection.dashboard.alerts import MOST_ROWS, matching
from deepfield_fraud_detection.dashboard.story import MOST_POINTS, history
from deepfield_fraud_detection.dashboard.thresholds import STEPS, nearest
from deepfield_fraud_detection.dashboard.words import count, euros, percent

TOY = Path(__file__).with_name("toy_fraud")


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Iterator[Path]:
    """A folder with the toy domain as if it were installed, its model in place."""
    folder = tmp_path_factory.mktemp("installed")
    shutil.copytree(TOY, folder / "toy_fraud", ignore=shutil.ignore_patterns("__pycache__"))
    model = folder / "toy_fraud" / "models" / "rule"
    model.mkdir(parents=True)
    (model / "config.json").write_text("{}")
    save_file({"none": np.zeros(1, dtype=np.float32)}, model / "model.safetensors")
    info = folder / "toy_fraud-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy_fraud\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[deepfield]\ntoy_fraud = toy_fraud\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder


@pytest.fixture(scope="module")
def registry(installed: Path) -> Registry:
    import toy_fraud

    found = Registry()
    found.add(toy_fraud, "toy_fraud")
    return found


@pytest.fixture(scope="module")
def transactions(installed: Path) -> pd.DataFrame:
    import toy_fraud

    return toy_fraud.transactions(3000)


def kept(frame: pd.DataFrame, registry: Registry) -> Run:
    """Score rows, and keep the run as a job does."""
    model = deepfield.load("toy-fraud", registry=registry)
    frame = frame.set_axis(pd.RangeIndex(1, len(frame) + 1, name="row"))
    results = frame.join(model.predict(frame))
    run = History().start(
        face="python", domain="toy-fraud", model="rule", model_hash=model.folder.hash,
        source="transactions.csv", options={"review_cost": 5.0, "decline_from": 0.8},
    )  # fmt: skip
    place = run.folder / "results.parquet"
    with open_sink(place) as sink:
        sink.write(results.reset_index())
    History().update(
        run.id, status="done", rows_in=len(frame), rows_out=len(frame), result=str(place)
    )
    return History().get(run.id)


def page() -> None:
    import streamlit as st

    from deepfield.dashboard import results_view

    results_view.show(st.session_state["model"], st.session_state["run"])


@pytest.fixture
def opened(monkeypatch, registry) -> Callable[[pd.DataFrame], AppTest]:
    monkeypatch.setattr(cached, "registry", lambda: registry)

    def start(frame: pd.DataFrame) -> AppTest:
        app = AppTest.from_function(page, default_timeout=60)
        app.session_state["model"] = deepfield.load("toy-fraud", registry=registry)
        app.session_state["run"] = kept(frame, registry)
        app.run()
        assert not app.exception
        assert not app.error
        return app

    return start


def key(app: AppTest, name: str) -> str:
    return f"{app.session_state['run'].id}-alerts-{name}"


def metrics(app: AppTest) -> dict[str, str]:
    """Return what the header says; labels come again where the threshold is moved."""
    return {each.label: each.value for each in reversed(app.metric)}


def said(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.info, *app.success]
    return "\n".join(each.value.replace("\\", "") for each in parts)


def test_header_says_what_came_of_the_run(opened, transactions):
    app = opened(transactions)
    found = cached.results(Path(app.session_state["run"].result))
    alerts = found[found["decision"] != "approve"]
    shown = metrics(app)
    assert shown["Transactions"] == "3,000"
    assert shown["Alerts"] == str(len(alerts))
    assert shown["Money at risk"] == euros(alerts["at_risk"].sum())
    assert shown["Cards concerned"] == str(alerts["card_id"].nunique())
    caught = (alerts["is_fraud"].sum()) / found["is_fraud"].sum()
    assert shown["Fraud caught"] == percent(caught)
    assert shown["Alerts that are fraud"] == percent(alerts["is_fraud"].mean())


def test_alerts_are_listed_by_money_at_risk_and_filtered(opened, transactions):
    app = opened(transactions)
    found = cached.results(Path(app.session_state["run"].result))
    listed = app.dataframe[0].value
    assert listed["at_risk"].is_monotonic_decreasing
    assert set(listed["decision"]) == {"review", "decline"}
    card = listed["card_id"].iloc[3]
    app.text_input(key=key(app, "search")).set_value(card.lower()).run()
    narrowed = app.dataframe[0].value
    assert set(narrowed["card_id"]) == {card}
    app.text_input(key=key(app, "search")).set_value("")
    app.slider(key=key(app, "least")).set_value(0.9).run()
    assert app.dataframe[0].value["fraud"].min() >= 0.9
    app.button_group(key=key(app, "decisions")).set_value(["approve"])
    app.slider(key=key(app, "least")).set_value(0.0).run()
    assert len(app.dataframe[0].value) == min(MOST_ROWS, (found["decision"] == "approve").sum())
    assert "the first 2,000 are shown" in said(app)
    app.text_input(key=key(app, "search")).set_value("nobody").run()
    assert "No transaction is left; widen the filters." in said(app)


def test_any_alert_is_chosen_by_keyboard_and_explained_by_its_own_history(opened, transactions):
    app = opened(transactions)
    listed = app.dataframe[0].value
    first, third = int(listed["row"].iloc[0]), int(listed["row"].iloc[2])
    app.selectbox(key=key(app, f"chosen-{first}")).set_value(third).run()
    model = app.session_state["model"]
    rows = transactions.set_axis(pd.RangeIndex(1, len(transactions) + 1))
    expected = model.explain(rows)[third - 1]
    # The history was taken from the results: the sentence counts what came before this row.
    assert expected.summary in said(app)
    amount = rows.at[third, "amount"]
    assert f"{euros(amount)} on" in said(app)


def test_moved_threshold_says_its_consequences(opened, transactions):
    app = opened(transactions)
    app.select_slider(key=key(app, "threshold")).set_value(0.5).run()
    assert not app.exception
    found = cached.results(Path(app.session_state["run"].result))
    alerts = found[found["fraud"] >= 0.5]
    table = app.dataframe[1].value.set_index(" ")["this threshold"]
    caught = int(alerts["is_fraud"].sum())
    missed = found.loc[found["is_fraud"] & (found["fraud"] < 0.5), "amount"].sum()
    assert table["alerts"] == str(len(alerts))
    assert table["false alarms"] == str(len(alerts) - caught)
    assert table["fraud missed, €"] == euros(missed)
    assert table["cost"] == euros(5 * len(alerts) + missed)
    app.number_input(key=key(app, "review-cost")).set_value(20.0).run()
    table = app.dataframe[1].value.set_index(" ")["this threshold"]
    assert table["cost"] == euros(20 * len(alerts) + missed)
    app.button(key=key(app, "threshold-cheapest")).click().run()
    chosen = app.select_slider(key=key(app, "threshold")).value
    assert chosen in STEPS
    assert (
        f"≥ {percent(chosen)}"
        == app.dataframe[1].value.set_index(" ").at["alert on", "this threshold"]
    )


def test_without_labels_what_follows_is_called_expected(opened, transactions):
    app = opened(transactions.drop(columns="is_fraud"))
    assert "No labels" in said(app)
    assert "Fraud caught (expected)" in metrics(app)
    assert "Fraud caught" not in metrics(app)
    assert "Cards to look at each day" not in said(app)
    assert "No label is known" in said(app)


def test_labels_of_some_rows_are_measured_on_these(opened, transactions):
    known = np.arange(len(transactions)) < 2000
    app = opened(transactions.assign(is_fraud=transactions["is_fraud"].where(known, None)))
    assert "Over the 2,000 of 3,000 transactions whose label is known" in said(app)
    table = app.dataframe[1].value.set_index(" ")
    assert table.at["alerts", "review everything"] == "2,000"


def test_no_alerts_is_said_and_everything_else_stands(opened, transactions):
    quiet = transactions[~transactions["is_fraud"]].head(300).assign(amount=2.0)
    app = opened(quiet)
    assert "No alerts: each of the 300 transactions was approved" in said(app)
    assert "None of the 300 labelled transactions is fraud" in said(app)
    assert "At these costs no threshold pays for its reviews" in said(app)
    app.button_group(key=key(app, "decisions")).set_value(["approve"]).run()
    assert not app.exception
    assert len(app.dataframe[0].value) == 300


@pytest.mark.parametrize(
    "missing",
    [["time"], ["card_id"], ["terminal_id"], ["amount", "card_id", "terminal_id", "time"]],
)
def test_results_of_a_persons_own_table_may_lack_columns(opened, transactions, missing):
    app = opened(transactions)
    run = app.session_state["run"]
    place = Path(run.result)
    with open_sink(place) as sink:
        sink.write(pd.read_parquet(place).drop(columns=missing))
    app.session_state["run"] = replace(run, id=f"{run.id}-{len(missing)}{missing[0]}")
    app.run()
    assert not app.exception
    assert not app.error
    assert ("Day by day" in said(app)) == ("time" not in missing)
    assert ("Cards concerned" in metrics(app)) == ("card_id" not in missing)
    assert "What another threshold would do" in said(app)
    assert app.dataframe[0].value["at_risk"].is_monotonic_decreasing


def test_one_transaction_is_looked_at(opened, transactions):
    app = opened(transactions.head(1))
    assert "Score the card's earlier transactions with it" in said(app)
    assert "The only transaction here" in said(app)
    assert not metrics(app)


def test_names_of_cards_are_never_read_as_markdown(opened, transactions):
    evil = transactions.head(50).assign(card_id="![x](http://evil.example/x.png) *b*")
    app = opened(evil.assign(amount=np.where(np.arange(50) == 49, 900.0, 10.0)))
    assert "![x](http" not in "\n".join(each.label for each in app.tabs)
    assert "\\!\\[x\\]" in "\n".join(each.label for each in app.tabs)


def test_of_a_long_history_the_nearest_in_time_are_drawn():
    rows = MOST_POINTS + 500
    frame = pd.DataFrame(
        {
            "time": pd.date_range("2030", periods=rows, freq="h", tz="UTC")[::-1],
            "amount": 1.0,
            "fraud": 0.1,
            "decision": "approve",
            "card_id": "a",
            "terminal_id": "t",
        },
        index=pd.RangeIndex(1, rows + 1),
    )
    drawn, total = history(frame, 1, "card_id")  # the latest of all
    assert (len(drawn), total) == (MOST_POINTS, rows)
    assert drawn["time"].is_monotonic_increasing
    assert drawn.index[-1] == 1
    drawn, _ = history(frame, rows - 600, "card_id")
    assert drawn.index[0] == rows
    assert rows - 600 in drawn.index


def test_search_finds_parts_of_cards_and_terminals_to_the_letter():
    rows = pd.DataFrame(
        {"fraud": [0.1, 0.5], "card_id": ["C1", "C2"], "terminal_id": ["T.1", "TX1"]}
    )
    assert matching(rows, 0.0, "t.1").index.to_list() == [0]
    assert matching(rows, 0.2, "").index.to_list() == [1]
    assert matching(rows, 0.0, " c2 ").index.to_list() == [1]


def test_numbers_are_written_as_people_do():
    assert [euros(1234.5), euros(-3, signed=True), euros(0.0, True)] == [
        "€1,234",
        "-€3.00",
        "€0.00",
    ]
    assert [percent(0.00042), percent(0.999), percent(0.99999), percent(1.0)] == [
        "0.042%", "99.9%", "99.99%", "100%",
    ]  # fmt: skip
    assert [count(12.0), count(3.25), count(12345.6)] == ["12", "3.2", "12,346"]
    assert nearest(0.06) == 0.07
    assert nearest(np.inf) == STEPS[-1]


@pytest.fixture(scope="module")
def address(dashboard_home, serve_dashboard, installed) -> Iterator[str]:
    code = "from deepfield.cli import main; main()"
    command = [sys.executable, "-c", code, "dashboard", "--no-browser", "--port"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(installed), os.environ["PYTHONPATH"]]))
        yield from serve_dashboard(command, Path("/"), dashboard_home)


@pytest.fixture
def page_of_run(page, address, dashboard_home, registry, transactions, monkeypatch) -> Page:
    monkeypatch.setenv("DEEPFIELD_HOME", str(dashboard_home))
    run = kept(transactions, registry)
    page.goto(f"{address}/toy-fraud?run={run.id}")
    expect(page.get_by_text("Day by day")).to_be_visible()
    settled(page)
    return page


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


@pytest.mark.browser
def test_view_is_drawn_and_used_in_a_browser(page_of_run, tmp_path):
    page = page_of_run
    charts = page.get_by_test_id("stVegaLiteChart")
    expect(charts.first).to_be_visible()
    assert charts.count() >= 8
    expect(page.get_by_text("transactions · ").first).to_be_visible()

    # An alert is chosen by keyboard; the story below is then its own.
    before = page.get_by_role("heading", name=re.compile("UTC")).inner_text()
    chooser = page.get_by_role("combobox", name="Transaction in detail")
    chooser.focus()
    for each in ("ArrowDown", "ArrowDown", "Enter"):
        chooser.press(each)
        page.wait_for_timeout(200)
    expect(page.get_by_role("heading", name=re.compile("UTC"))).not_to_have_text(before)

    # The threshold moves by keyboard, and its cost with it.
    cost = page.get_by_test_id("stMetric").filter(has_text="against reviewing nothing")
    before = cost.inner_text()
    slider = page.get_by_role("slider", name="Alert on a probability of fraud of at least")
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    expect(cost).not_to_have_text(before)
    settled(page)

    with page.expect_download() as download:
        page.get_by_role("button", name="Parquet", exact=True).click()
    alerts = pd.read_parquet(download.value.path())
    assert set(alerts["decision"]) == {"review", "decline"}
    assert alerts["at_risk"].is_monotonic_decreasing

    page.get_by_text("All rows").click()
    expect(page.get_by_text("Rows scored")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
