"""Columns that hold several things a row, each with the same named parts: a ranking, say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from deepfield.errors import InputError
from deepfield.fields.field import Field, quoted
from deepfield.fields.number import Probability, Score
from deepfield.fields.words import Key, Text

__all__ = ["Ranking", "Records"]


@dataclass(frozen=True)
class Records(Field):
    """A list of things with the same parts: nested in Parquet and JSON Lines, JSON text in CSV."""

    parts: tuple[Field, ...] = field(default=(), kw_only=True)

    @property
    def arrow(self) -> pa.DataType:
        return pa.list_(pa.struct([(each.name, each.arrow) for each in self.parts]))

    def column(self, values: pa.Array, index: pd.Index) -> pd.Series:
        """Return an Arrow array of this type as results hold it, which copies nothing."""
        return pd.Series(pd.arrays.ArrowExtensionArray(values), index, name=self.name)

    def read(self, value: Any) -> list[dict[str, Any]]:
        """Return the things as dicts, from any form in which a file or a frame holds them."""
        found = json.loads(value) if isinstance(value, str) else value
        if not isinstance(found, list | tuple | np.ndarray):
            raise InputError(f"holds {quoted(value)}, which is no list")
        names = {each.name for each in self.parts}
        for each in found:
            if not isinstance(each, Mapping) or not names.issuperset(each):
                raise InputError(f"holds {quoted(each)}, which has not the parts of {self.name}")
        return [dict(each) for each in found]

    def same(self, wanted: Any, got: Any) -> bool:
        wanted, got = self.read(wanted), self.read(got)
        return len(wanted) == len(got) and all(
            each.same(one.get(each.name), other.get(each.name))
            for one, other in zip(wanted, got, strict=True)
            for each in self.parts
        )

    def exploded(self, results: pd.DataFrame, beside: tuple[str, ...] = ()) -> pd.DataFrame:
        """Return a row for each thing: the row of results that holds it, columns beside, parts.

        Args:
            beside: columns of results to repeat.
        """
        lists = [self.read(value) for value in results[self.name]]
        lengths = np.array([len(each) for each in lists], dtype=int)
        parts = pd.DataFrame(
            [each for things in lists for each in things],
            columns=[each.name for each in self.parts],
        )
        left = results[list(beside)].loc[results.index.repeat(lengths)].rename_axis("row")
        places = np.concatenate([np.arange(1, count + 1) for count in [0, *lengths]])
        left.insert(len(left.columns), "rank", places)
        return pd.concat([left.reset_index(), parts], axis=1)

    def json_schema(self) -> dict[str, Any]:
        properties = {each.name: each.json_schema() for each in self.parts}
        return {
            **super().json_schema(),
            "type": "array",
            "items": {"type": "object", "properties": properties},
        }


@dataclass(frozen=True)
class Ranking(Records):
    """Things in order, the best first, each with its score and why it stands there.

    ``probability`` is calibrated; ``because`` says in a few words what carried the thing there, and
    is empty where nobody asked.
    """

    of: str = field(default="", kw_only=True)
    """The input field whose values are ranked."""
    parts: tuple[Field, ...] = field(
        default=(
            Key("item"),
            Text("title"),
            Score("score"),
            Probability("probability"),
            Text("because"),
        ),
        kw_only=True,
    )

    tolerance: ClassVar[float] = 2e-2

    def same(self, wanted: Any, got: Any) -> bool:
        """Return whether two rankings agree, but for the order of what is as good as equal."""
        wanted, got = self.read(wanted), self.read(got)
        if len(wanted) != len(got) or not wanted:
            return len(wanted) == len(got)
        scores = np.array([[each["score"] for each in things] for things in (wanted, got)])
        room = self.tolerance * max(1.0, float(np.abs(scores).max()))
        last = float(scores[0].min()) + room
        sure = [{each["item"] for each in wanted if each["score"] > last}]
        sure.append({each["item"] for each in got})
        return bool((np.abs(scores[0] - scores[1]) <= room).all() and sure[0] <= sure[1])
