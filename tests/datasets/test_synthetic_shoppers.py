"""Shoppers of our own making."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from deepfield_datasets.synthetic_shoppers import ShopperOptions, SyntheticShoppers
from deepfield_recommendations import Recommendations


@pytest.fixture(scope="module")
def purchases() -> pd.DataFrame:
    return SyntheticShoppers().generate(20_000, seed=1)


def test_the_same_seed_makes_the_same_rows(purchases):
    pd.testing.assert_frame_equal(SyntheticShoppers().generate(20_000, seed=1), purchases)
    other = SyntheticShoppers().generate(20_000, seed=2)
    assert (other["item_id"] != purchases["item_id"]).mean() > 0.5


def test_rows_are_what_the_domain_reads(purchases):
    assert len(purchases) == 20_000
    assert not Recommendations.inputs.read(purchases).problems


def test_a_shopper_s_rows_are_in_order_and_a_basket_has_one_moment(purchases):
    assert purchases.groupby("user_id", sort=False)["time"].is_monotonic_increasing.all()
    assert purchases.groupby("basket_id")["time"].nunique().max() == 1
    assert purchases.groupby("basket_id")["user_id"].nunique().max() == 1


def test_favourites_are_bought_again_as_often_as_asked():
    shares = []
    for again in (0.0, 0.8):
        options = ShopperOptions(again=again, items=16_000)
        made = SyntheticShoppers().generate(10_000, options=options)
        shares.append(made.duplicated(["user_id", "item_id"]).mean())
    assert shares[0] < 0.25
    assert shares[1] > 0.5


def test_few_items_make_most_of_the_sales(purchases):
    counts = purchases["item_id"].value_counts().to_numpy()
    assert counts[: len(counts) // 10].sum() > 0.4 * len(purchases)
    assert np.isfinite(purchases["price"]).all()
