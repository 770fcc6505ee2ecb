"""The views of recommendations: the pages by themselves, and in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest

import deepfield
import deepfield_recommendations
from deepfield.dashboard import cached
from deepfield.dashboard.downloads import as_file
from deepfield.plugins import Registry
from deepfield.scoring import Job
from deepfield.sinks import open_sink
from deepfield.staging import GROUPS
from deepfield_recommendations import RANKING, Recommendations
from deepfield_recommendations.dashboard.asking import ask
from deepfield_recommendations.dashboard.cards import MOST_CARDS
from deepfield_recommendations.dashboard.lists import items_of, long_form
from deepfield_recommendations.dashboard.segments import FEWEST
from deepfield_recommendations.dashboard.words import chance, percent

EVIL = "![x](http://evil.example/x.png) *b* <i>"


@pytest.fixture(scope="module")
def registry() -> Registry:
    found = Registry()
    found.add(deepfield_recommendations, "recommendations")
    return found


@pytest.fixture(scope="module")
def model(registry):
    return deepfield.load("recommendations", "item-neighbours", registry=registry)


def results_page() -> None:
    import streamlit as st

    from deepfield.dashboard import results_view

    results_view.show(st.session_state["model"], st.session_state["run"])


def basket_page() -> None:
    import streamlit as st

    from deepfield.dashboard.context import ModelContext
    from deepfield_recommendations.dashboard import basket

    basket.show(ModelContext(st.session_state["model"], "rec"))


@pytest.fixture
def opened(monkeypatch, registry, model) -> Callable[..., AppTest]:
    monkeypatch.setattr(cached, "registry", lambda: registry)

    def start(frame: pd.DataFrame | None = None, view: str = "people", **options) -> AppTest:
        frame = Recommendations().samples() if frame is None else frame
        app = AppTest.from_function(results_page, default_timeout=120)
        app.session_state["model"] = model
        app.session_state["run"] = Job(model, frame, options=options, keep=True).run().run
        app.session_state["recommendations-view"] = view
        app.run()
        return sound(app)

    return start


@pytest.fixture
def shop(model) -> AppTest:
    app = AppTest.from_function(basket_page, default_timeout=60)
    app.session_state["model"] = model
    return sound(app.run())


def sound(app: AppTest) -> AppTest:
    assert not app.exception
    assert not app.error
    return app


def said(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.info]
    return "\n".join(each.value.replace("\\", "") for each in parts)


def key(app: AppTest, name: str) -> str:
    return f"{app.session_state['run'].id}-{name}"


def test_person_is_chosen_and_seen_with_history_list_and_reasons(opened, model):
    app = opened()
    chooser = app.selectbox(key=key(app, "people-person"))
    results = cached.results(Path(app.session_state["run"].result))
    number = int(results.index[results["user_id"] == "toy shop"][0])
    sound(chooser.set_value(number).run())
    words = said(app)
    assert "#### toy shop" in words
    things = RANKING.read(results.at[number, "recommended"])
    for thing in things:
        assert thing["title"] in words
    assert chance(things[0]["probability"]) in str(app.get("progress")[0].proto)
    samples = Recommendations().samples()
    own = samples[samples["user_id"] == "toy shop"]
    latest = own["time"].max().strftime("%Y-%m-%d %H:%M")
    assert f"**{latest}**" in words
    (expected,) = model.explain(own)
    assert expected.summary in words
    assert len(app.get("vega_lite_chart")) + len(app.get("arrow_vega_lite_chart")) >= 1


def test_people_are_narrowed_by_name_and_trust(opened):
    app = opened()
    app.text_input(key=key(app, "people-search")).set_value("SHOP").run()
    sound(app)
    assert set(app.selectbox(key=key(app, "people-person")).options) == {
        "candle shop", "toy shop", "party shop",
    }  # fmt: skip
    app.text_input(key=key(app, "people-search")).set_value("nobody at all").run()
    assert "Nobody is left; widen the search." in said(sound(app))
    app.text_input(key=key(app, "people-search")).set_value("")
    app.button_group(key=key(app, "people-trust")).set_value(["unfamiliar"]).run()
    sound(app)
    results = cached.results(Path(app.session_state["run"].result))
    unfamiliar = results[results["trust"] == "unfamiliar"]
    assert len(app.selectbox(key=key(app, "people-person")).options) == len(unfamiliar)


def test_history_that_was_not_kept_is_said(opened):
    app = opened()
    run = app.session_state["run"]
    (run.folder / GROUPS).unlink()
    app.session_state["run"] = replace(run, id=f"{run.id}-bare")
    sound(app.run())
    assert "The history itself was not kept" in said(app)
    assert "This cannot be told any more" in said(app)
    app.segmented_control(key="recommendations-view").set_value("overview").run()
    sound(app)
    assert "The rows of this run, or their times, were not kept." in said(app)
    assert f"at least {FEWEST} people" in said(app)


def test_nothing_to_recommend_is_said(opened):
    app = opened(least_price=1e6)
    assert "Nothing to recommend" in said(app)
    app.segmented_control(key="recommendations-view").set_value("overview").run()
    assert "Nothing was recommended to anybody." in said(sound(app))


def test_one_person_without_times_or_titles_is_looked_at(opened):
    samples = Recommendations().samples()
    frame = samples[samples["user_id"] == "jeweller"][["user_id", "item_id"]]
    app = opened(frame)
    assert "#### jeweller" in said(app)
    assert not app.selectbox
    app.segmented_control(key="recommendations-view").set_value("overview").run()
    sound(app)


def test_long_lists_have_cards_first_and_a_table_for_the_rest(opened):
    app = opened(how_many=MOST_CARDS + 10)
    assert len(app.get("progress")) == MOST_CARDS
    assert "10 more items" in [each.label for each in app.expander]


def test_names_are_never_read_as_markdown(opened):
    evil = Recommendations().samples().assign(user_id=EVIL, title=EVIL, basket_id=EVIL)
    for view in ("people", "overview"):
        app = opened(evil, view)
        texts = [each.value for each in [*app.markdown, *app.caption]]
        assert not any("](http" in each for each in texts)


def test_overview_adds_up_and_shows_who_is_in_a_segment(opened):
    app = opened(view="overview")
    shown = {each.label: each.value for each in app.metric}
    results = cached.results(Path(app.session_state["run"].result))
    items = set(long_form(results)["item"])
    assert shown["People"] == str(len(results))
    assert shown["Catalogue coverage"] == percent(len(items) / 4598)
    assert shown["Trust: unsure"] == str((results["trust"] == "unsure").sum())
    assert app.dataframe[0].value["lists"].is_monotonic_decreasing
    app.selectbox(key=key(app, "overview-segment")).set_value(0).run()
    sound(app)
    assert "What sets it apart" in said(app)
    people = app.dataframe[-1].value
    assert set(people["user"]) <= set(results["user_id"])
    assert 0 < len(people) < len(results)


def test_lists_in_long_form_are_a_row_for_each_item(opened, tmp_path):
    app = opened()
    results = cached.results(Path(app.session_state["run"].result))
    found = long_form(results)
    assert list(found.columns) == [
        "user_id", "rank", "item", "title", "score", "probability", "because",
    ]  # fmt: skip
    assert len(found) == 10 * len(results)
    for suffix in (".csv", ".parquet"):
        file = tmp_path / f"lists{suffix}"
        file.write_bytes(as_file(lambda: long_form(results), suffix))
        read = pd.read_csv(file) if suffix == ".csv" else pd.read_parquet(file)
        assert read["item"].astype("str").to_list() == found["item"].to_list()
    # Results that were written as CSV hold their lists as JSON.
    text = tmp_path / "results.csv"
    with open_sink(text) as sink:
        sink.write(results.reset_index())
    written = cached.results(text)
    assert long_form(written)["item"].to_list() == found["item"].to_list()
    for each in (results, results.iloc[:0], results.iloc[3:7], written):
        assert items_of(each).to_list() == long_form(each)["item"].to_list()


def test_basket_is_answered_at_once(shop):
    assert "Add a product, and what goes with it stands here at once." in said(shop)
    hits = [each for each in shop.button if each.key.startswith("rec-hit-")]
    first = hits[0].key.removeprefix("rec-hit-")
    sound(hits[0].click().run())
    assert "What goes with it" in said(shop)
    assert re.search(r"in \d+ ms", said(shop))
    assert shop.button(key=f"rec-hit-{first}").disabled
    listed = [each.key for each in shop.button if each.key.startswith("rec-card-")]
    assert len(listed) == 10
    assert f"rec-card-{first}" not in listed  # what is in the basket is left out
    sound(shop.slider(key="rec-many").set_value(3).run())
    assert len([each for each in shop.button if each.key.startswith("rec-card-")]) == 3
    sound(shop.button(key=listed[0]).click().run())
    assert "**Basket** · 2 items" in said(shop)
    sound(shop.button(key=f"rec-remove-{first}").click().run())
    assert "**Basket** · 1 item" in said(shop)
    sound(shop.button(key="rec-empty").click().run())
    assert "Empty. Add a product above." in said(shop)


def test_search_of_the_basket_narrows_what_can_be_added(shop):
    sound(shop.text_input(key="rec-search").set_value("lunch spaceboy").run())
    labels = [each.label for each in shop.button if each.key.startswith("rec-hit-")]
    assert labels
    assert all("LUNCH" in each and "SPACEBOY" in each for each in labels)
    sound(shop.text_input(key="rec-search").set_value(EVIL).run())
    (nothing,) = [each.value for each in shop.caption if "Nothing in the catalogue" in each.value]
    assert "](http" not in nothing


def test_what_is_similar_is_asked_for_any_item_and_left_again(shop):
    shop.session_state["rec-items"] = ["22423"]
    sound(shop.run())
    sound(shop.button(key="rec-like-held-22423").click().run())
    assert "More like REGENCY CAKESTAND 3 TIER" in said(shop)
    assert "The most alike first." in said(shop)
    assert shop.slider(key="rec-damping").disabled
    sound(shop.button(key="rec-back").click().run())
    assert "What goes with it" in said(shop)


def test_model_that_knows_no_likeness_says_so(shop, registry):
    shop.session_state["model"] = deepfield.load("recommendations", "popularity", registry=registry)
    shop.session_state["rec-like"] = "22423"
    sound(shop.run())
    assert "knows of no item what it is like" in said(shop)


def test_item_that_another_model_does_not_know_stays_in_the_basket(shop):
    shop.session_state["rec-items"] = [EVIL, "22423"]
    sound(shop.run())
    assert "not in this model's catalogue" in said(shop)
    assert not any("](http" in each.value for each in shop.markdown)
    assert "What goes with it" in said(shop)


def test_basket_is_answered_well_within_a_glance(model):
    items = ["22423", "85123A", "20725", "21212", "22382"]
    ask(model, items)
    spent = min(ask(model, items).milliseconds for _ in range(5))
    assert spent < 150


@pytest.mark.browser
def test_people_and_overview_in_a_browser(page: Page, address):
    page.goto(f"{address}/recommendations")
    choose_model(page)
    page.get_by_role("button", name="Try the built-in example").click()
    expect(page.get_by_role("radio", name="For each person")).to_be_checked()
    expect(page.get_by_text("What may be taken next")).to_be_visible()
    page.get_by_role("searchbox", name="Find a person").press_sequentially("toy")
    expect(page.get_by_role("heading", name="toy shop")).to_be_visible()
    expect(page.get_by_text("Why the first stands first")).to_be_visible()
    settled(page)  # a button that is drawn anew would lose the click
    with page.expect_download() as download:
        page.get_by_role("button", name="Parquet", exact=True).click()
    lists = pd.read_parquet(download.value.path())
    assert lists["rank"].max() == 10
    page.get_by_text("Overview", exact=True).click()
    expect(page.get_by_text("drawn by")).to_be_visible()
    settled(page)
    assert page.get_by_test_id("stVegaLiteChart").count() >= 4
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.browser
def test_basket_is_built_in_a_browser(page: Page, address):
    page.goto(f"{address}/recommendations?tab=basket")
    choose_model(page)
    page.get_by_role("searchbox", name="Search the catalogue").press_sequentially("cakestand 3")
    hit = page.get_by_role("button", name="REGENCY CAKESTAND 3 TIER")
    hit.focus()
    hit.press("Enter")
    expect(page.get_by_text("What goes with it")).to_be_visible()
    expect(page.get_by_text(re.compile(r"in \d+ ms"))).to_be_visible()
    page.get_by_role("button", name="Similar").last.click()
    expect(page.get_by_role("heading", name="More like")).to_be_visible()
    page.get_by_role("button", name="Back to the basket").click()
    expect(page.get_by_role("heading", name="What goes with it")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def choose_model(page: Page) -> None:
    chooser = page.get_by_role("combobox", name="Model")
    expect(chooser).to_be_visible()
    settled(page)
    chooser.click()
    page.get_by_role("option", name="Item neighbours").click()
    settled(page)


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
