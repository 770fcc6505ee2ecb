"""Purchases that nobody made: shoppers with tastes, favourites that they buy again, and seasons.

Rows, user by user in time order: ``user_id``, ``item_id``, ``time`` (UTC), ``basket_id``,
``quantity``, ``title``, ``category`` and ``price`` (EUR). Each item belongs to a category, and is
the more popular the smaller its number there (Zipf's law). Each shopper prefers a few categories
and has favourites in them; of what is bought a share is a favourite, and the rest is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd
from pydantic import BaseModel, Field

from deepfield.dataset import DatasetCard, SimulatedDataset
from deepfield.domain import Options

__all__ = ["ShopperOptions", "SyntheticShoppers"]

CATEGORIES = (
    ("kitchen", ("Bowl", "Jug", "Whisk", "Tea Towel", "Bread Bin", "Spice Jar")),
    ("garden", ("Trowel", "Planter", "Watering Can", "Bird Feeder", "Lantern", "Gloves")),
    ("stationery", ("Notebook", "Pencil", "Folder", "Ruler", "Ink", "Envelope")),
    ("toys", ("Puzzle", "Train", "Kite", "Doll", "Marbles", "Yo-Yo")),
    ("bath", ("Soap", "Towel", "Sponge", "Bath Salt", "Comb", "Mirror")),
    ("food", ("Honey", "Tea", "Coffee", "Biscuits", "Jam", "Olive Oil")),
    ("textiles", ("Cushion", "Blanket", "Curtain", "Rug", "Apron", "Scarf")),
    ("celebrations", ("Candle", "Bunting", "Garland", "Balloons", "Gift Wrap", "Bauble")),
)
LOOKS = ("Blue", "Red", "Striped", "Oak", "Linen", "Small", "Large", "Rustic", "White", "Dotted")
ROWS = 1_000_000
"""Rows that are made at once."""
ZIPF = 0.9


class ShopperOptions(Options):
    """What a shop may set."""

    start: date = Field(default=date(2024, 1, 1), description="the first day")
    days: int = Field(default=365, ge=1, description="how many days the purchases take")
    items: int = Field(default=2000, ge=16, description="items in the catalogue")
    lines: float = Field(default=40.0, ge=2, description="purchases of a shopper, on average")
    basket: float = Field(default=4.0, ge=1, description="items taken at once, on average")
    again: float = Field(
        default=0.5, ge=0, le=1, description="which share of purchases is of a favourite"
    )
    favourites: int = Field(default=10, ge=1, le=200, description="of each shopper")


class SyntheticShoppers(SimulatedDataset):
    name = "synthetic-shoppers"
    Options = ShopperOptions
    usual_rows = 20_000
    most_rows = 200_000
    card = DatasetCard(
        title="Synthetic shoppers",
        summary="Purchases of simulated shoppers with tastes and favourites. Nobody's purchases.",
        license="Apache-2.0",
        source="deepfield_datasets.synthetic_shoppers",
        traps=(
            "Tastes are cleaner than people's: what finds them here may fail on a real log.",
            "Only favourites and popularity decide; nothing is bought because of something else.",
        ),
    )

    def generate(self, rows: int, seed: int = 0, options: BaseModel | None = None) -> pd.DataFrame:
        return pd.concat(self.chunks(rows, seed, options), ignore_index=True)

    def chunks(
        self, rows: int, seed: int = 0, options: BaseModel | None = None
    ) -> Iterator[pd.DataFrame]:
        asked = options if isinstance(options, ShopperOptions) else ShopperOptions()
        catalogue = _catalogue(asked.items, seed)
        shoppers = max(1, round(rows / asked.lines))
        first = 0
        # Whole shoppers: of how many pieces the rows are made changes nothing in them.
        step = max(1, round(ROWS / asked.lines))
        left = rows
        while left > 0:
            count = min(step, shoppers - first) if first < shoppers else 1
            made = _purchases(first, count, catalogue, asked, seed).head(left)
            first += count
            left -= len(made)
            yield made


def _catalogue(items: int, seed: int) -> pd.DataFrame:
    """Return the items, category after category, each the most popular first."""
    generator = np.random.default_rng((seed, 0))
    group = np.arange(items) % len(CATEGORIES)
    place = np.arange(items) // len(CATEGORIES)
    titles = [
        f"{LOOKS[(n // 6) % len(LOOKS)]} {CATEGORIES[g][1][n % 6]}"
        + (f" No. {n // 60 + 1}" if n >= 60 else "")
        for g, n in zip(group, place, strict=True)
    ]
    return pd.DataFrame(
        {
            "item_id": [f"i{n:06d}" for n in range(items)],
            "title": titles,
            "category": [CATEGORIES[g][0] for g in group],
            "price": np.round(np.exp(generator.normal(1.8, 0.7, items)), 2),
        }
    )


def _purchases(
    first: int, count: int, catalogue: pd.DataFrame, asked: ShopperOptions, seed: int
) -> pd.DataFrame:
    """Return what shoppers ``first`` and on bought."""
    generator = np.random.default_rng((seed, 1, first))
    groups = len(CATEGORIES)
    tastes = generator.dirichlet(np.full(groups, 0.3), count)
    lines = 1 + generator.poisson(asked.lines * generator.gamma(2.0, 0.5, count))
    owner = np.repeat(np.arange(count), lines)
    favourites = _drawn(
        np.repeat(np.arange(count), asked.favourites), tastes, len(catalogue), generator
    ).reshape(count, asked.favourites)
    items = _drawn(owner, tastes, len(catalogue), generator)
    again = generator.random(len(owner)) < asked.again
    # The first favourites are bought most.
    which = (asked.favourites * generator.random(len(owner)) ** 2).astype(int)
    items[again] = favourites[owner[again], which[again]]
    begins = np.concatenate([[0], np.cumsum(lines)])[owner]
    basket = np.cumsum(
        (generator.random(len(owner)) < 1 / asked.basket) | (np.arange(len(owner)) == begins)
    )
    basket -= 1
    whose = owner[np.flatnonzero(np.diff(basket, prepend=-1))]
    moment = generator.random(len(whose)) * asked.days * 86_400
    when = moment[np.lexsort((moment, whose))][basket]
    items_frame = catalogue.take(items)
    return pd.DataFrame(
        {
            "user_id": np.array([f"u{first + n}" for n in range(count)], dtype=object)[owner],
            "item_id": items_frame["item_id"].to_numpy(),
            "time": pd.Timestamp(asked.start, tz="UTC") + pd.to_timedelta(when.astype(int), "s"),
            "basket_id": np.array([f"b{first}-{n}" for n in range(len(whose))], object)[basket],
            "quantity": 1 + generator.poisson(0.6, len(owner)),
            "title": items_frame["title"].to_numpy(),
            "category": items_frame["category"].to_numpy(),
            "price": items_frame["price"].to_numpy(),
        }
    )


def _drawn(
    owner: np.ndarray, tastes: np.ndarray, items: int, generator: np.random.Generator
) -> np.ndarray:
    """Draw an item for each event by its owner's taste, (n,)."""
    groups = tastes.shape[1]
    edges = np.cumsum(tastes, axis=1)[owner, :-1]
    group = (edges < generator.random((len(owner), 1))).sum(axis=1)
    weights = np.arange(1, items // groups + 1) ** -ZIPF
    place = np.searchsorted(np.cumsum(weights / weights.sum())[:-1], generator.random(len(owner)))
    return place * groups + group
