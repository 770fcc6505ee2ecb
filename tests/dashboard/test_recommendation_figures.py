"""What is behind the views of recommendations: baskets, cards, search, reach, segments, words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from deepfield_recommendations.dashboard.cards import cards_of
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
