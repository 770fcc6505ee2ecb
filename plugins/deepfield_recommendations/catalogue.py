"""A person's table of items, also of those that nobody took yet."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from deepfield.errors import InputError
from deepfield.sources import open_source
from deepfield.table import Table
from deepfield_recommendations import Recommendations

__all__ = ["ITEMS", "read_catalogue"]

KEPT = {"item_id": ("id",), "title": ("name",), "category": (), "price": ()}
"""What a catalogue tells of an item, and what such a column is called there but not in a log."""

ITEMS = Table(
    *(
        replace(each, aliases=(*each.aliases, *KEPT[each.name]))
        for each in Recommendations.inputs
        if each.name in KEPT
    )
)


def read_catalogue(path: str) -> pd.DataFrame:
    """Return the items of a table that can be read.

    Raises:
        InputError: if there is no such table, or no row of it can be read.
    """
    source = open_source(path, ITEMS)
    parts = [ITEMS.read(chunk.rows).rows for chunk in source.chunks() if len(chunk.rows)]
    if not sum(map(len, parts)):
        raise InputError(f"No row of the catalogue {path!r} names an item.")
    return pd.concat(parts, ignore_index=True)
