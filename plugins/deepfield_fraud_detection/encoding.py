"""Which columns a network reads, and how a table becomes its array of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from deepfield.errors import InputError
from deepfield.frames import column_names
from deepfield_fraud_detection.features import MOMENT, moment

__all__ = ["Columns", "learn_edges"]

MOST_VALUES = 2000
"""Values that a column of categories keeps; the others, and unseen ones, share one code."""
FEWEST_ROWS = 3
"""Rows that a value needs to be kept."""
TAILS = (0.0003, 0.001, 0.003, 0.01, 0.03)
"""Quantiles near the ends, where fraud is: evenly spaced ones would leave a tail one long step."""


@dataclass(frozen=True)
class Columns:
    """The columns of numbers, then those of categories with the values that they were seen with."""

    numbers: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> list[str]:
        return [*self.numbers, *self.categories]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return how many codes each column of categories has; 0 stands for any other value."""
        return tuple(len(values) + 1 for values in self.categories.values())

    @classmethod
    def learn(
        cls, rows: pd.DataFrame, numbers: Sequence[str], categories: Sequence[str]
    ) -> Columns:
        """Take the values of the categories from training rows, the most frequent ones."""
        known = {}
        for name in categories:
            counts = rows[name].astype(object).dropna().astype(str).value_counts()
            known[name] = tuple(counts[counts >= FEWEST_ROWS].index[:MOST_VALUES])
        return cls(tuple(numbers), known)

    def encode(self, rows: pd.DataFrame) -> np.ndarray:
        """Return (n, columns) float32: numbers as they are, NaN where missing, then codes.

        Raises:
            InputError: if a column that was learned from is not there at all.
        """
        have = set(rows.columns)
        lacking = [name for name in self.names if name not in have and name not in MOMENT]
        if lacking:
            raise InputError(
                f"No column {', '.join(map(repr, lacking))}, and the model learned from it: "
                "add it, with empty cells where its values are not known."
            )
        array = np.empty((len(rows), len(self.names)), dtype=np.float32)
        # A table may have an hour of its own; what it lacks is told from its time.
        places = [place for place, name in enumerate(self.numbers) if name in have]
        numbers = rows[column_names(tuple(self.numbers[place] for place in places))]
        plain = all(isinstance(kind, np.dtype) for kind in numbers.dtypes)
        array[:, places] = (
            numbers.to_numpy(dtype=np.float32)  # many times as fast
            if plain
            else numbers.to_numpy(dtype=np.float32, na_value=np.nan)
        )
        if len(places) < len(self.numbers):
            when = dict(zip(MOMENT, moment(rows["time"]).T, strict=True))
            for place, name in enumerate(self.numbers):
                if name not in have:
                    array[:, place] = when[name]
        for place, (name, values) in enumerate(self.categories.items(), start=len(self.numbers)):
            codes = pd.Index(values).get_indexer(pd.Index(rows[name].astype(object).map(_text))) + 1
            array[:, place] = codes
        return array

    def example(self, events: int = 0) -> np.ndarray:
        """Return a row of zeros and one that lacks every number, (2, columns + events) float32."""
        rows = np.zeros((2, len(self.names) + events), dtype=np.float32)
        rows[1, : len(self.numbers)] = rows[1, len(self.names) :] = np.nan
        return rows

    def to_json(self) -> dict[str, Any]:
        return {"numbers": list(self.numbers), "categories": dict(self.categories)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Columns:
        categories = {name: tuple(known) for name, known in values["categories"].items()}
        return cls(tuple(values["numbers"]), categories)


def _text(value: Any) -> str:
    return str(value)


def learn_edges(numbers: np.ndarray, steps: int, labels: np.ndarray | None = None) -> np.ndarray:
    """Return where the steps of each column begin and end, (columns, steps + 1) float32.

    At quantiles, close together in the tails; with labels a third of them stands where a small
    decision tree would cut (target-aware edges, Gorishniy et al. 2022).

    Args:
        numbers: (n, columns), NaN where missing.
        labels: (n,) 0 or 1.
    """
    edges = np.zeros((numbers.shape[1], steps + 1), dtype=np.float32)
    for place in range(numbers.shape[1]):
        column = numbers[:, place]
        there = np.isfinite(column)
        values = column[there].astype(np.float64)
        found = np.unique(values)
        if len(found) == 0:
            continue
        if len(found) > steps + 1:
            cuts = np.array([])
            if labels is not None:
                tree = DecisionTreeClassifier(
                    max_leaf_nodes=steps // 3 + 1, min_samples_leaf=10, random_state=0
                ).fit(values[:, None], labels[there])
                cuts = tree.tree_.threshold[tree.tree_.feature >= 0]
            middle = steps + 1 - 2 * len(TAILS) - 2 - len(cuts)
            levels = [
                0,
                *TAILS,
                *np.linspace(0.06, 0.94, max(middle, 2)),
                *(1 - np.array(TAILS)),
                1,
            ]
            found = np.unique(np.append(np.quantile(values, np.unique(levels)), cuts))
            while len(found) > steps + 1:  # of two edges that are close by rank, one goes
                ranks = np.searchsorted(np.sort(values), found)
                found = np.delete(found, 1 + int(np.argmin(np.diff(ranks)[1:-1])))
        edges[place, : len(found)] = found
        edges[place, len(found) :] = found[-1]
    return edges
