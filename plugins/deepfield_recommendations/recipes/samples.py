"""Make the built-in example: ``python -m deepfield_recommendations.recipes.samples``.

A few invented shops, each with a taste in words, that order from the catalogue of a shipped model.
They repeat what sold, as wholesalers' customers do; one sends something back, and one only ordered
what the catalogue does not have.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["main"]

HERE = Path(__file__).parents[1]
TASTES = {
    "tea room": ("TEACUP", "TEAPOT", "CAKESTAND", "CAKE CASES", "TEA TOWEL", "NAPKIN"),
    "lunch counter": ("LUNCH BAG", "LUNCH BOX", "SNACK BOX", "WATER BOTTLE"),
    "christmas market": ("CHRISTMAS", "REINDEER", "ADVENT", "SANTA"),
    "garden centre": ("GARDEN", "WATERING", "PLANT", "HERB", "BIRD"),
    "candle shop": ("CANDLE", "T-LIGHT", "LANTERN", "INCENSE"),
    "toy shop": ("TOY", "DOLL", "PUZZLE", "SKITTLES", "CIRCUS", "DOMINOES"),
    "stationer": ("NOTEBOOK", "PEN", "GIFT WRAP", "CARD", "PENCIL", "CHALKBOARD"),
    "jeweller": ("NECKLACE", "BRACELET", "EARRING", "RING"),
    "home store": ("METAL SIGN", "CLOCK", "CUSHION", "DOORMAT", "FRAME", "DRAWER KNOB"),
    "party shop": ("BUNTING", "PAPER PLATE", "PAPER CUP", "STRAWS", "BALLOON", "PARTY"),
}
SEED = 7


def main() -> None:
    items = Vocabulary.load(HERE / "models" / "popularity").items
    generator = np.random.default_rng(SEED)
    rows = [
        row
        for number, (shop, words) in enumerate(TASTES.items())
        for row in _orders(shop, words, items, generator, number)
    ]
    rows += [
        {"user_id": "newcomer", "item_id": f"own-{n}", "time": f"2011-11-0{n}T09:00:00+00:00",
         "title": name, "quantity": 6, "price": 2.5}
        for n, name in ((3, "LINEN TABLE RUNNER"), (4, "OAK SERVING BOARD"))
    ]  # fmt: skip
    frame = pd.DataFrame(rows).sort_values(["time", "user_id"], kind="stable")
    frame.to_csv(HERE / "samples" / "orders.csv", index=False)
    print(f"{len(frame)} rows of {frame['user_id'].nunique()} shops")


def _orders(
    shop: str,
    words: tuple[str, ...],
    items: pd.DataFrame,
    generator: np.random.Generator,
    number: int,
) -> list[dict[str, Any]]:
    """Return the order lines of one shop."""
    fits = items[items["title"].str.contains("|".join(words), na=False)]
    weights = fits["lately"].to_numpy() + 1
    places = generator.choice(len(fits), 14, replace=False, p=weights / weights.sum())
    liked = fits.iloc[places]
    regular = liked[:6]
    rows: list[dict[str, Any]] = []
    day = pd.Timestamp("2011-09-05", tz="UTC") + pd.Timedelta(days=number)
    for order in range(int(generator.integers(3, 6))):
        again = regular.sample(int(generator.integers(2, 5)), random_state=order)
        new = liked[6:].sample(int(generator.integers(2, 4)), random_state=order + 10)
        when = day + pd.Timedelta(hours=int(generator.integers(8, 17)))
        rows += [
            {"user_id": shop, "item_id": each.item_id, "time": when.isoformat(),
             "title": each.title, "quantity": int(generator.choice([2, 4, 6, 12])),
             "price": each.price}
            for each in pd.concat([again, new]).itertuples()
        ]  # fmt: skip
        day += pd.Timedelta(days=int(generator.integers(9, 21)))
    if shop == "home store":  # its last line comes back whole
        back = rows[-1]
        rows.append({**back, "time": day.isoformat(), "quantity": -int(back["quantity"])})
    return rows


if __name__ == "__main__":
    main()
