"""A person's history as baskets, the latest first, and what of it was taken how often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["Basket", "Line", "Taken", "baskets", "taken_before", "titles_of"]


@dataclass(frozen=True)
class Line:
    """One thing in a basket."""

    title: str
    quantity: float
    """NaN where nobody counted; below nothing it is a return."""
    price: float
    known: bool
    """Whether the model's catalogue has it."""


@dataclass(frozen=True)
class Basket:
    """What was taken at once."""

    when: str
    """``2011-09-05 15:00``, or empty."""
    name: str
    lines: list[Line]

    @property
    def worth(self) -> float:
        """Return what all of it cost, NaN where that is not known."""
        values = [
            each.price * (1.0 if np.isnan(each.quantity) else each.quantity) for each in self.lines
        ]
        return float(np.nansum(values)) if np.isfinite(values).any() else np.nan


@dataclass(frozen=True)
class Taken:
    """How often something was taken before, and when last."""

    times: int
    last: str
    """A day, or empty."""

    def __str__(self) -> str:
        return "taken once" if self.times == 1 else f"taken {self.times:,} times"


def baskets(rows: pd.DataFrame, vocabulary: Vocabulary, most: int) -> tuple[list[Basket], int]:
    """Return the latest baskets of one person, latest first, and how many there are in all.

    Args:
        rows: of one person, in order.
    """
    place = _places(rows)
    order, count = np.unique(place, return_index=True)[1], int(place.max(initial=-1)) + 1
    last = pd.Series(np.arange(len(rows))).groupby(place).max().to_numpy()
    found = []
    for number in np.argsort(-last, kind="stable")[:most]:
        part = rows[place == number]
        begin = rows.iloc[[order[number]]]
        when = _words(begin["time"]).iloc[0] if "time" in rows.columns else ""
        name = str(begin["basket_id"].fillna("").iloc[0]) if "basket_id" in rows.columns else ""
        found.append(Basket(when, name, _lines(part, vocabulary)))
    return found, count


def taken_before(rows: pd.DataFrame) -> dict[str, Taken]:
    """Return what one person took before, by item; returns do not count."""
    kept = np.ones(len(rows), dtype=bool)
    if "quantity" in rows.columns:
        kept = (rows["quantity"].fillna(1.0) > 0).to_numpy()
    place = pd.Series(_places(rows)[kept])
    items = rows["item_id"].astype("str").to_numpy()[kept]
    times = place.groupby(items).nunique()
    when = pd.Series("", index=rows.index)
    if "time" in rows.columns:
        when = rows["time"].dt.strftime("%Y-%m-%d").fillna("")
    last = dict(zip(items, when.to_numpy()[kept], strict=True))  # in order: the latest stays
    return {str(item): Taken(int(count), str(last[item])) for item, count in times.items()}


def titles_of(rows: pd.DataFrame, vocabulary: Vocabulary) -> pd.Series:
    """Return what each row's item is called: in the rows, in the catalogue, or by its id."""
    codes = vocabulary.codes(rows["item_id"])
    known = pd.Series(vocabulary.titles[np.maximum(codes - 1, 0)], rows.index).where(codes > 0)
    called = known.fillna(rows["item_id"].astype("str"))
    if "title" in rows.columns:
        called = rows["title"].astype("object").where(rows["title"].notna(), called)
    return called.astype("str").str.strip()


def _places(rows: pd.DataFrame) -> np.ndarray:
    """Return the number of each row's basket: by its name, else by its time, else all are one."""
    key = pd.Series("", index=rows.index, dtype=object)
    if "time" in rows.columns:
        key = _words(rows["time"], seconds=True).astype("object")
    if "basket_id" in rows.columns:
        key = rows["basket_id"].astype("object").where(rows["basket_id"].notna(), key)
    return pd.factorize(key)[0]


def _words(times: pd.Series, seconds: bool = False) -> pd.Series:
    return times.dt.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M").fillna("")


def _lines(rows: pd.DataFrame, vocabulary: Vocabulary) -> list[Line]:
    nothing = np.full(len(rows), np.nan)
    columns = [
        rows[name].to_numpy(dtype=float) if name in rows.columns else nothing
        for name in ("quantity", "price")
    ]
    known = vocabulary.codes(rows["item_id"]) > 0
    return [
        Line(title, float(quantity), float(price), bool(is_known))
        for title, quantity, price, is_known in zip(
            titles_of(rows, vocabulary), *columns, known, strict=True
        )
    ]
