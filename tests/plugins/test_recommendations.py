"""Lists for people: from their rows alone, with options, in every form that a log may have."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import deepfield
from deepfield.errors import InputError, UsageError
from deepfield.loading import Model
from deepfield_recommendations import RANKING, Recommendations
from deepfield_recommendations.networks import NetworkRecommender
from deepfield_recommendations.reasons import without
from deepfield_recommendations.sequences import Sequences


@pytest.fixture(scope="module")
def model() -> Model:
    return deepfield.load("recommendations")


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    return Recommendations().samples()


def lists(results: pd.DataFrame) -> list[list[str]]:
    return [[each["item"] for each in RANKING.read(value)] for value in results["recommended"]]


def listed(found: pd.DataFrame) -> list[str]:
    """Return the items of all lists."""
    return [item for each in lists(found) for item in each]


def test_each_person_has_one_list_at_their_last_row(model, orders):
    found = model.predict(orders)
    assert len(found) == orders["user_id"].nunique()
    assert [len(each) for each in lists(found)] == [10] * len(found)
    assert list(found.index) == list(orders.drop_duplicates("user_id", keep="last").index)


def test_somebody_of_whom_nothing_is_known_gets_what_is_popular(model, orders):
    found = model.predict(orders)
    newcomer = found.loc[orders.index[orders["user_id"] == "newcomer"][-1]]
    assert newcomer["trust"] == "unfamiliar"
    assert newcomer["history"] == "0 items in 0 baskets; 2 not in the catalogue"
    popular = deepfield.load("recommendations", "popularity").predict(orders)
    assert lists(found.loc[[newcomer.name]]) == lists(popular.loc[[newcomer.name]])
    assert (found.drop(newcomer.name)["trust"] == "ok").all()


def test_what_was_taken_before_may_be_left_out(model, orders):
    bought = orders.groupby("user_id")["item_id"].agg(set)
    owner = orders["user_id"]
    kept, left = (model.predict(orders, bought=how) for how in ("keep", "leave out"))
    again = [
        len(bought[owner[row]] & set(each))
        for row, each in zip(kept.index, lists(kept), strict=True)
    ]
    assert sum(again) > 40
    assert not any(
        bought[owner[row]] & set(each) for row, each in zip(left.index, lists(left), strict=True)
    )


def test_prices_are_kept_to(model, orders):
    prices = model.predictor.vocabulary.items.set_index("item_id")["price"]
    found = model.predict(orders, least_price=2.0, most_price=3.0, how_many=30)
    assert prices[listed(found)].between(2, 3).all()
    with pytest.raises(UsageError, match="lies below the price from which"):
        model.predict(orders, least_price=3.0, most_price=2.0)
    with pytest.raises(UsageError, match="No category 'tea'.*none"):
        model.predict(orders, categories="tea")


def test_a_list_that_nothing_may_stand_in_is_empty_and_unsure(model, orders):
    found = model.predict(orders, least_price=1e6)
    assert lists(found) == [[]] * len(found)
    assert not (found["trust"] == "ok").any()
    assert "may be recommended" in model.explain(orders, least_price=1e6)[0].summary


def test_diversity_spreads_a_list_and_damping_leaves_bestsellers(model, orders):
    predictor = model.predictor
    popular = predictor.vocabulary.items.set_index("item_id")["lately"]
    usual = model.predict(orders, bought="leave out")
    spread = model.predict(orders, bought="leave out", diversity=0.6)
    rare = model.predict(orders, bought="leave out", popularity_damping=1.0)

    def alike(found: pd.DataFrame) -> float:
        codes = [predictor.vocabulary.codes(pd.Series(each)) for each in lists(found)]
        return float(np.mean([predictor.likeness(each, each).mean() for each in codes]))

    assert alike(spread) < alike(usual)
    assert popular[listed(rare)].mean() < 0.6 * popular[listed(usual)].mean()


def test_more_like_an_item(model):
    items = model.predictor.vocabulary.items
    cup = items[items["title"] == "GREEN REGENCY TEACUP AND SAUCER"].iloc[0]
    asked = pd.DataFrame({"user_id": ["one"], "item_id": [cup["item_id"]]})
    found = model.predict(asked, question="similar", how_many=5)
    titles = [each["title"] for each in RANKING.read(found["recommended"].iloc[0])]
    assert sum("REGENCY" in each for each in titles) >= 3
    assert cup["title"] not in titles
    with pytest.raises(UsageError, match="'popularity' knows of no item what it is like"):
        deepfield.load("recommendations", "popularity").predict(asked, question="similar")


def test_the_season_is_asked_for_by_a_day(model, orders):
    titles = model.predictor.vocabulary.items.set_index("item_id")["title"]
    summer, winter = (
        titles[listed(model.predict(orders, asked_on=day, bought="leave out"))]
        for day in ("2012-05-15", "2011-11-20")
    )
    christmas = [each.str.contains("CHRISTMAS").mean() for each in (summer, winter)]
    assert christmas[0] < christmas[1]
    with pytest.raises(UsageError, match="asked_on"):
        model.predict(orders, asked_on="soon")


def test_the_item_named_as_reason_carries_the_recommendation(model, orders):
    predictor = model.predictor
    assert isinstance(predictor, NetworkRecommender)
    row = model.predict(orders, bought="leave out").iloc[0]
    first = RANKING.read(row["recommended"])[0]
    assert first["because"]
    codes = predictor.vocabulary.codes(orders["item_id"][orders["user_id"] == "candle shop"])
    history = Sequences.of(np.zeros(len(codes), int), codes)
    asked = predictor.vocabulary.codes(pd.Series([first["item"]]))[None]
    now = np.array([0])
    named = (
        predictor.vocabulary.items.index[
            predictor.vocabulary.items["title"] == first["because"].split(", ")[0]
        ]
        + 1
    )
    whole = predictor.scores_of(history, now, asked)
    assert (predictor.scores_of(without(history, np.array(named)), now, asked) < whole).all()


def test_explanations_add_up_to_the_score(model, orders):
    told = model.explain(orders)
    results = model.predict(orders)
    for each, value in zip(told, results["recommended"], strict=True):
        if each.contributions is not None:
            total = each.contributions.base + sum(each.contributions.values.values())
            assert total == pytest.approx(RANKING.read(value)[0]["score"], abs=1e-4)


def test_some_items_are_scored_as_all_are(model, orders):
    predictor = model.predictor
    past = predictor.vocabulary.codes(orders["item_id"])
    owner, _ = pd.factorize(orders["user_id"])
    seconds = orders["time"].dt.as_unit("s").astype("int64").to_numpy()
    histories = Sequences.of(owner[past > 0], past[past > 0], seconds[past > 0])
    now = np.full(len(histories), 1_322_000_000)
    codes = np.tile(np.arange(1, 200), (len(histories), 1))
    whole = np.take_along_axis(predictor.scores(histories, now), codes, axis=1)
    some = predictor.scores_of(histories, now, codes)
    shift = whole - some  # a share's logarithm differs by what is the same for all items
    assert np.ptp(shift, axis=1).max() < 1e-3


def test_a_log_without_times_is_read_in_its_order(model, orders):
    found = model.predict(orders.drop(columns="time").rename(columns={"user_id": "customer"}))
    assert len(found) == orders["user_id"].nunique()


def test_rows_that_cannot_be_read_are_set_aside(orders):
    broken = orders.astype({"quantity": object, "time": object}).copy()
    broken.loc[0, "quantity"] = "many"
    broken.loc[1, "time"] = None
    result = deepfield.score("recommendations", broken, model="buy-again")
    assert list(result.rejected["row"]) == [1, 2]
    assert "'quantity' holds 'many', which is not a number" in result.rejected["reason"][0]
    assert result.rejected["reason"][1] == "column 'time' is empty"
    assert len(result.frame) == 11


def test_one_item_and_nothing_but_returns_are_told_so(tmp_path):
    rows = pd.DataFrame({"user_id": list("aabbcc"), "item_id": ["x"] * 6})
    with pytest.raises(InputError, match="item"):
        deepfield.fit("recommendations", rows, name="one-item", base="buy-again")
    returns = rows.assign(item_id=list("xyxyxy"), quantity=-1)
    with pytest.raises(InputError):
        deepfield.fit("recommendations", returns, name="returns", base="buy-again")


def test_scoring_needs_no_torch_once_the_engine_is_made(model, orders):
    model.predict(orders)
    code = (
        "import sys, deepfield; from deepfield_recommendations import Recommendations; "
        "deepfield.load('recommendations').predict(Recommendations().samples()); "
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
