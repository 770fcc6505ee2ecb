"""How much of a catalogue lists reach, and how far they lean to what sells anyway."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["RECOMMENDED", "SOLD", "Reach", "gini", "lorenz"]

RECOMMENDED, SOLD = "recommended", "sold"
POINTS = 101
"""Of a Lorenz curve that a browser is sent."""
MOST = 200
"""Items that are listed of those recommended."""


@dataclass(frozen=True)
class Reach:
    """What the lists of a run do with a catalogue.

    Args:
        items: of the catalogue.
        listed: of them, how many stand in any list.
        inequality: the Gini coefficient of recommendations and of sales over the catalogue: 0
            where all items get the same, nearly 1 where one gets everything.
        tenths: ``tenth`` (1 has the items that sell most), ``share`` and ``of``: recommended, sold.
        curves: Lorenz curves: ``items`` (share of them, those that get least first), ``share``,
            ``of``.
        most: the items that stand in most lists: ``item``, ``title``, ``lists``, ``share`` of
            people, ``sold`` (the place among what sells most).
    """

    items: int
    listed: int
    inequality: dict[str, float]
    tenths: pd.DataFrame
    curves: pd.DataFrame
    most: pd.DataFrame

    @classmethod
    def of(cls, listed: pd.Series, people: int, vocabulary: Vocabulary) -> Reach:
        """Add up lists.

        Args:
            listed: the id of each recommended item, of one list after another.
        """
        codes = vocabulary.codes(listed)
        counts = np.bincount(codes, minlength=len(vocabulary) + 1)[1:]
        sales = vocabulary.items["taken"].to_numpy(dtype=float)
        amounts = {RECOMMENDED: counts.astype(float), SOLD: sales}
        by_sales = np.argsort(-sales, kind="stable")
        places = np.empty(len(sales), dtype=int)
        places[by_sales] = np.arange(1, len(sales) + 1)
        return cls(
            len(vocabulary),
            int((counts > 0).sum()),
            {name: gini(values) for name, values in amounts.items()},
            _tenths(amounts, by_sales),
            pd.concat([lorenz(values).assign(of=name) for name, values in amounts.items()]),
            _most(counts, places, people, vocabulary),
        )


def gini(amounts: np.ndarray) -> float:
    """Return the Gini coefficient of amounts, NaN where there are none."""
    ordered = np.sort(amounts)
    total = ordered.sum()
    if not total:
        return float("nan")
    ranks = np.arange(1, len(ordered) + 1)
    return float(2 * (ranks * ordered).sum() / (len(ordered) * total) - 1 - 1 / len(ordered))


def lorenz(amounts: np.ndarray) -> pd.DataFrame:
    """Return which share of the total the items have that get least: ``items`` and ``share``."""
    sums = np.append(0.0, np.cumsum(np.sort(amounts)))
    places = np.unique(np.linspace(0, len(sums) - 1, POINTS).round().astype(int))
    total = sums[-1] or 1.0
    return pd.DataFrame({"items": places / max(len(sums) - 1, 1), "share": sums[places] / total})


def _tenths(amounts: dict[str, np.ndarray], by_sales: np.ndarray) -> pd.DataFrame:
    parts = np.array_split(by_sales, min(10, max(len(by_sales), 1)))
    return pd.DataFrame(
        [
            {
                "tenth": number,
                "of": name,
                "share": float(values[part].sum() / (values.sum() or 1.0)),
            }
            for number, part in enumerate(parts, start=1)
            for name, values in amounts.items()
        ]
    )


def _most(
    counts: np.ndarray, places: np.ndarray, people: int, vocabulary: Vocabulary
) -> pd.DataFrame:
    order = np.argsort(-counts, kind="stable")[:MOST]
    order = order[counts[order] > 0]
    return pd.DataFrame(
        {
            "title": vocabulary.titles[order],
            "lists": counts[order],
            "share": counts[order] / max(people, 1),
            "sold": places[order],
            "item": vocabulary.ids[order],
        }
    )
