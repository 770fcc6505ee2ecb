"""A person's own log: fitted in one command, measured, and then learned from whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import deepfield
from deepfield.errors import InputError
from deepfield_datasets.synthetic_shoppers import ShopperOptions, SyntheticShoppers
from deepfield_recommendations.counts import CountRecommender
from deepfield_recommendations.fit_options import NetworkFitOptions
from deepfield_recommendations.logs import read_logs
from deepfield_recommendations.sizes import chosen_sizes


@pytest.fixture(scope="module")
def purchases() -> pd.DataFrame:
    options = ShopperOptions(items=160, lines=20)
    return SyntheticShoppers().generate(6_000, seed=3, options=options)


@pytest.fixture(scope="module")
def clicks() -> pd.DataFrame:
    """People who never take the same again: each walks on through the items, in order."""
    generator = np.random.default_rng(0)
    begin, length = generator.integers(0, 50, 400), 8
    return pd.DataFrame(
        {
            "user": np.repeat([f"u{n}" for n in range(400)], length),
            "item": [f"i{(b + n) % 50:02d}" for b in begin for n in range(length)],
        }
    )


def test_a_log_of_repeats_is_fitted_and_serves(purchases):
    fitted = deepfield.fit("recommendations", purchases, name="shop", epochs=2, width=16)
    assert fitted.evaluation.figure("ndcg").value > 0.15
    assert fitted.folder.config["again"]
    assert fitted.folder.config["network"]["repeats"]
    model = deepfield.load("recommendations", "shop")
    found = model.predict(purchases)
    assert len(found) == purchases["user_id"].nunique()
    assert (found["trust"] != "unfamiliar").all()
    known = purchases["category"].unique()[0]
    toys = model.predict(purchases, categories=known)
    category = purchases.drop_duplicates("item_id").set_index("item_id")["category"]
    assert {category[each["item"]] for value in toys["recommended"] for each in value} == {known}


def test_a_log_without_repeats_is_learned_in_order(clicks):
    fitted = deepfield.fit("recommendations", clicks, name="clicks", epochs=12, dropout=0.1)
    assert not fitted.folder.config["again"]
    assert fitted.evaluation.figure("hit").value > 0.9  # what comes next is certain
    model = deepfield.load("recommendations", "clicks")
    walk = pd.DataFrame({"user_id": "me", "item_id": ["i10", "i11", "i12"]})
    assert model.predict(walk)["recommended"].iloc[0][0]["item"] == "i13"


@pytest.mark.parametrize("base", ["gru4rec", "two-tower", "item-neighbours", "markov"])
def test_every_kind_of_model_can_be_fitted(purchases, base):
    options = {} if base in ("item-neighbours", "markov") else {"epochs": 1, "width": 16}
    fitted = deepfield.fit("recommendations", purchases, name=f"by-{base}", base=base, **options)
    model = deepfield.load("recommendations", fitted.name)
    assert len(model.predict(purchases[:200])) == purchases["user_id"][:200].nunique()
    assert len(fitted.folder.figures) > 0


def test_items_of_a_catalogue_are_known_though_nobody_took_them(purchases, tmp_path):
    sold = purchases.drop_duplicates("item_id")
    kites = sold[sold["title"].str.contains("Kite")]
    new = pd.DataFrame(
        {"sku": ["new-1", ""], "name": ["Green Kite", "x"], "category": "toys", "price": 5.0}
    )
    new.to_csv(tmp_path / "items.csv", index=False)
    deepfield.fit(
        "recommendations", purchases, name="towers", base="two-tower", epochs=6, width=16,
        catalogue=str(tmp_path / "items.csv"),
    )  # fmt: skip
    model = deepfield.load("recommendations", "towers")
    items = model.predictor.vocabulary.items.set_index("item_id")
    assert items.loc["new-1", "title"] == "Green Kite"
    assert items.loc["new-1", "taken"] == 0
    asked = pd.DataFrame({"user_id": "me", "item_id": [kites["item_id"].iloc[0]]})
    found = model.predict(asked, question="similar", how_many=20)["recommended"].iloc[0]
    assert "new-1" in [each["item"] for each in found]
    with pytest.raises(InputError, match="nowhere.csv"):
        deepfield.fit(
            "recommendations", purchases, name="none", base="two-tower", catalogue="nowhere.csv"
        )


def test_sizes_follow_the_log(purchases, clicks):
    options = NetworkFitOptions()
    named = clicks.rename(columns={"user": "user_id", "item": "item_id"})
    logs = read_logs(purchases, purchases[:0])
    sparse = read_logs(named, named[:0])
    baskets, events = (chosen_sizes("transformer", each, options) for each in (logs, sparse))
    assert baskets.config.repeats
    assert not events.config.repeats
    assert events.recipe.factorised
    assert events.config.length == 16
    asked = chosen_sizes("gru", sparse, NetworkFitOptions(epochs=7, width=8, dropout=0.0))
    assert (asked.schedule.epochs, asked.config.width, asked.config.dropout) == (7, 8, 0.0)


def test_what_was_held_back_is_told_apart_by_user():
    rows = pd.DataFrame(
        {"user_id": list("bbaac"), "item_id": list("xyxzx")}, index=[10, 11, 12, 13, 14]
    )
    later = pd.DataFrame({"user_id": list("ba"), "item_id": ["z", "new"]}, index=[20, 21])
    logs = read_logs(rows, later)
    names = logs.vocabulary.ids
    assert list(logs.asked) == [1]  # of a only an item came that nobody had taken
    assert [names[code - 1] for code in logs.wanted.items] == ["z"]
    assert logs.learned.lengths.tolist() == [2, 2, 1]


def test_another_catalogue_s_probabilities_are_never_taken_for_one_s_own(tmp_path):
    rows = pd.DataFrame({"user_id": list("aabb"), "item_id": list("xyxy")})
    later = pd.DataFrame({"user_id": ["a"], "item_id": ["nobody took this before"]})
    base = deepfield.load("recommendations", "buy-again").folder
    with pytest.raises(InputError, match="Nobody took anything of the catalogue"):
        CountRecommender.fit(
            rows, later, tmp_path, base=base, options=None, report=lambda done, figures=None: None
        )
