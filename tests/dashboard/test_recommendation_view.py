"""The views of recommendations: what is behind them, the pages by themselves, and in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
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
from deepfield_recommendations.dashboard.cards import MOST_CARDS, cards_of
from deepfield_recommendations.dashboard.lists import items_of, long_form
from deepfield_recommendations.dashboard.past import basket_in_words
from deepfield_recommendations.dashboard.people import matching
from deepfield_recommendations.dashboard.purchases import Taken, baskets, taken_before
from deepfield_recommendations.dashboard.reach import RECOMMENDED, SOLD, Reach, gini, lorenz
from deepfield_recommendations.dashboard.search import TOGETHER, Search
from deepfield_recommendations.dashboard.segments import FEWEST, Segments, taken_by, vectors_of
from deepfield_recommendations.dashboard.weeks import over_time
from deepfield_recommendations.dashboard.words import chance, counted, percent
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.vocabulary import Vocabulary

EVIL = "![x](http://evil.example/x.png) *b* <i>"


def catalogue(**changes) -> Vocabulary:
    """Eight products, the first sold most."""
    columns = {
        "item_id": [f"A{number}" for number in range(1, 9)],
        "title": [
            "Red lunch bag", "Lunch box", "Blue lunch bag", "Tea towel",
            "Towel rail", "Red tea mug", EVIL, None,
        ],
        "category": ["bags", None, "bags", None, None, None, None, None],
        "price": [2.5, np.nan, 2.5, 1.0, 9.0, 4.0, 1.0, np.nan],
        "taken": [80, 70, 60, 50, 4, 3, 2, 1],
        "lately": np.ones(8),
    }  # fmt: skip
    return Vocabulary(pd.DataFrame(columns | changes))


def history() -> pd.DataFrame:
    """Three baskets of one person, and a return."""
    return pd.DataFrame(
        {
            "user_id": "ada",
            "item_id": ["A1", "A4", "A1", "strange", "A4"],
            "time": pd.to_datetime(
                ["2030-01-01 10:00", "2030-01-01 10:00", "2030-02-01 09:30", "2030-02-01 09:30",
                 "2030-02-02 08:00"], utc=True,
            ),
            "quantity": [2.0, 1.0, np.nan, 3.0, -1.0],
            "price": [2.5, 1.0, 2.5, np.nan, 1.0],
            "title": ["RED LUNCH BAG ", None, None, None, None],
        },
        index=[11, 12, 13, 14, 15],
    )  # fmt: skip


def test_history_is_baskets_the_latest_first():
    found, count = baskets(history(), catalogue(), most=2)
    assert count == 3
    assert [each.when for each in found] == ["2030-02-02 08:00", "2030-02-01 09:30"]
    assert [each.title for each in found[1].lines] == ["Red lunch bag", "strange"]
    assert [each.known for each in found[1].lines] == [True, False]
    assert found[1].worth == 2.5
    assert found[0].worth == -1.0
    words = basket_in_words(found[0]).replace("\\", "")
    assert words.startswith("**2030-02-02 08:00** · 1 item · -1.00")
    assert ":orange-badge[given back] Tea towel · 1.00" in words
    assert "not in the catalogue" in basket_in_words(found[1])


def test_what_has_one_name_was_one_basket_whatever_its_times():
    rows = history().assign(basket_id=["b1", "b1", "b2", "b2", "b2"])
    found, count = baskets(rows, catalogue(), most=9)
    assert count == 2
    assert [(each.name, len(each.lines)) for each in found] == [("b2", 3), ("b1", 2)]


def test_history_without_times_or_titles_or_prices_is_one_basket():
    rows = history()[["user_id", "item_id"]]
    (only,), count = baskets(rows, catalogue(), most=9)
    assert count == 1
    assert only.when == ""
    assert np.isnan(only.worth)
    assert basket_in_words(only).startswith("5 items")


def test_what_was_taken_before_is_counted_by_basket_and_returns_are_not():
    found = taken_before(history())
    assert found["A1"] == Taken(2, "2030-02-01")
    assert found["A4"] == Taken(1, "2030-01-01")
    assert [str(each) for each in found.values()][:2] == ["taken 2 times", "taken once"]
    assert taken_before(history()[["item_id"]])["A1"] == Taken(1, "")


def test_card_says_what_is_known_and_shows_names_to_the_letter():
    things = [
        {"item": "A1", "title": "Red lunch bag", "probability": 0.2, "because": EVIL},
        {"item": "A7", "title": EVIL, "probability": 0.1, "because": ""},
        {"item": "gone", "title": "", "probability": 0.0, "because": ""},
    ]
    first, second, third = cards_of(things, catalogue(), {"A1": Taken(3, "2030-02-01")})
    assert (first.category, first.price, third.title) == ("bags", 2.5, "gone")
    words = first.in_words()
    assert "bags · price 2.50 :green-badge[:material/replay: taken 3 times]" in words
    assert "last on 2030-02-01" in words
    assert "because of" in words
    assert "](" not in words
    assert "](" not in second.in_words()


def test_search_finds_each_word_the_most_taken_first_and_beginnings_before():
    vocabulary = catalogue()
    find = Search(vocabulary)

    def titles(words: str, most: int = 9) -> list[str]:
        return [str(vocabulary.titles[code - 1]) for code in find(words, most).codes]

    assert titles("LUNCH") == ["Lunch box", "Red lunch bag", "Blue lunch bag"]
    assert titles("bag red") == ["Red lunch bag"]
    assert titles("towel") == ["Towel rail", "Tea towel"]
    assert titles("a8") == ["A8"]
    assert titles("", most=2) == ["Red lunch bag", "Lunch box"]
    assert titles("b") == ["Blue lunch bag", "Red lunch bag", "Lunch box", EVIL]
    found = find("zebra", 9)
    assert (found.count, found.all, len(found.codes)) == (0, True, 0)


def test_search_of_a_large_catalogue_stops_where_enough_were_found():
    count = TOGETHER + 5
    items = pd.DataFrame({"item_id": [f"i{n}" for n in range(count)], "title": "a mug"})
    items["taken"] = 1
    items.loc[count - 1, ["title", "taken"]] = ["a rare mug", 0]
    vocabulary = Vocabulary(items.assign(category=None, price=np.nan, lately=0.0))
    find = Search(vocabulary)
    assert (find("mug", 3).all, find("mug", 3).count) == (False, TOGETHER)
    assert find("rare", 3).codes.tolist() == [count]
    assert find(f"i{count - 2}", 3).codes.tolist()[0] == count - 1


def test_reach_counts_the_catalogue_and_where_lists_lean():
    listed = pd.Series(["A1"] * 6 + ["A2"] * 3 + ["A8", "gone"])
    found = Reach.of(listed, people=6, vocabulary=catalogue())
    assert (found.listed, found.items) == (3, 8)
    assert found.most["title"].to_list() == ["Red lunch bag", "Lunch box", "A8"]
    assert found.most["share"].to_list() == pytest.approx([1.0, 0.5, 1 / 6])
    assert found.most["sold"].to_list() == [1, 2, 8]
    first = found.tenths[found.tenths["tenth"] == 1].set_index("of")["share"]
    assert first[RECOMMENDED] == pytest.approx(0.6)
    assert first[SOLD] == pytest.approx(80 / 270)
    for _, part in found.tenths.groupby("of"):
        assert part["share"].sum() == pytest.approx(1)
    assert found.inequality[RECOMMENDED] > found.inequality[SOLD]


def test_gini_is_nothing_where_all_have_the_same_and_one_where_one_has_all():
    assert gini(np.ones(50)) == pytest.approx(0)
    assert gini(np.append(np.zeros(999), 7.0)) == pytest.approx(0.999)
    assert np.isnan(gini(np.zeros(3)))
    curve = lorenz(np.ones(1000))
    assert len(curve) == 101
    assert curve["share"].to_numpy() == pytest.approx(curve["items"].to_numpy())


def test_sales_are_added_up_by_weeks_from_monday_with_empty_ones_between():
    rows = pd.DataFrame(
        {
            "time": pd.to_datetime(
                ["2030-01-06 23:59", "2030-01-07 00:00", "2030-01-08 12:00", "2030-02-04 12:00"],
                utc=True,
            ),
            "quantity": [1.0, 2.0, -1.0, np.nan],
            "price": [5.0, 3.0, 3.0, 2.0],
        }
    )
    sums, kind = over_time(rows)
    assert kind == "week"
    assert sums["begin"].dt.strftime("%a %d").to_list() == [
        "Mon 31", "Mon 07", "Mon 14", "Mon 21", "Mon 28", "Mon 04",
    ]  # fmt: skip
    assert sums["rows"].to_list() == [1, 1, 0, 0, 0, 1]
    assert sums["worth"].to_list() == [5.0, 3.0, 0.0, 0.0, 0.0, 2.0]
    assert over_time(rows.head(3))[1] == "day"
    years = rows.assign(time=pd.to_datetime(["2030", "2031", "2035", "2039"], utc=True))
    assert over_time(years[["time"]])[1] == "month"
    assert over_time(rows[["quantity"]]) is None


def crowds(people: int = 40) -> Sequences:
    """Two kinds of people: half take A1 to A3, half A4 to A6; all take A7."""
    users = np.repeat(np.arange(people), 4)
    own = np.tile([1, 2, 3], (people, 1)) + 3 * (np.arange(people) % 2)[:, None]
    items = np.hstack([own, np.full((people, 1), 7)]).ravel()
    return Sequences.of(users, items)


def test_segments_are_found_and_named_by_what_sets_them_apart():
    found = Segments.of(crowds(), catalogue(), None)
    assert len(found.typical) == 2
    assert len(set(found.segment[::2])) == len(set(found.segment[1::2])) == 1
    titles = [set(each["title"]) for each in found.typical]
    assert {"Red lunch bag", "Lunch box", "Blue lunch bag"} in titles
    assert all(EVIL not in each for each in titles)
    assert found.typical[0]["here"].to_list() == [1.0, 1.0, 1.0]
    assert found.typical[0]["all"].to_list() == [0.5, 0.5, 0.5]
    assert found.places.shape == (40, 2)
    assert found.way == "principal components"  # of two points t-SNE makes no map
    assert found.names()[0].startswith("1 · ")


def test_segments_follow_the_vectors_of_a_model_that_has_some():
    kind = np.repeat([0, 1], 20)
    vectors = np.eye(2)[kind] + 0.01 * np.random.default_rng(0).normal(size=(40, 2))
    found = Segments.of(crowds(), catalogue(), vectors.astype(np.float32))
    for number in range(2):
        assert len(set(found.segment[kind == number])) == 1
    assert found.way == "t-SNE"
    assert np.isfinite(found.places).all()


def test_few_people_or_all_alike_are_no_kinds():
    assert Segments.of(crowds(FEWEST - 1), catalogue(), None) is None
    alike = Sequences.of(np.arange(30), np.full(30, 2))
    found = Segments.of(alike, catalogue(), None)
    assert set(found.segment) == {0}
    assert vectors_of(taken_by(crowds(), 8)).shape == (40, 8)


def test_people_are_found_by_parts_of_their_names():
    frame = pd.DataFrame(
        {"user_id": ["C10", "c1", "D1", "x.y"], "trust": ["ok", "ok", "unsure", "ok"]}
    )
    assert matching(frame, " C1 ", []).tolist() == [1, 0]
    assert matching(frame, "1", ["ok"]).tolist() == [0, 1]
    assert matching(frame, ".", []).tolist() == [3]
    assert matching(frame, "", ["unsure"]).tolist() == [2]


def test_numbers_are_written_as_people_do():
    assert [each.replace("\N{NO-BREAK SPACE}", " ") for each in map(chance, (0, 0.0123, 0.4567))] \
        == ["< 0.1 %", "1.2 %", "45.7 %"]  # fmt: skip
    assert [percent(0.9999)[:4], percent(1.0)[:3], percent(float("nan"))] == ["99.9", "100", "–"]
    assert [counted(1, "person", "people"), counted(1200, "item")] == ["1 person", "1,200 items"]


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
