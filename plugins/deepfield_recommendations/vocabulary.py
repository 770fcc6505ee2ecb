"""The items that a model knows: their codes, and what people may want to know of each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from deepfield.errors import InputError, UsageError

__all__ = ["Vocabulary"]

FILE = "vocabulary.parquet"
SCHEMA = pa.schema(
    [
        ("item_id", pa.string()),
        ("title", pa.string()),
        ("category", pa.string()),
        ("price", pa.float64()),
        ("taken", pa.int64()),
        ("lately", pa.float64()),
    ]
)
LATELY_DAYS = 30.0
"""Days after which a purchase counts half for what is popular of late."""


class Vocabulary:
    """Items numbered from 1, as ``Sequences`` has them.

    Args:
        items: a row for each, in order of their codes: ``item_id``, ``title``, ``category``,
            ``price``, ``taken`` (how often) and ``lately`` (the same, each purchase counting half
            after 30 days). What is not known is empty.
    """

    def __init__(self, items: pd.DataFrame) -> None:
        self.items = items
        self._index = pd.Index(items["item_id"].to_numpy(dtype=object), dtype=object)
        self._index.get_indexer(self._index[:1])  # its table is made before threads search it
        self.titles = items["title"].fillna(items["item_id"]).to_numpy(dtype=object)
        self.ids = self._index.to_numpy()

    def __len__(self) -> int:
        return len(self.items)

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Vocabulary:
        """Learn the items of a log, in order of their names; the latest price and title count."""
        codes, names = pd.factorize(rows["item_id"], sort=True)
        age = np.zeros(len(rows))
        if "time" in rows.columns and len(rows):
            age = (rows["time"].max() - rows["time"]) / pd.Timedelta(days=1)
        items = pd.DataFrame({"item_id": np.asarray(names, dtype=object)})
        for name in ("title", "category", "price"):
            if name in rows.columns:
                known = rows[name].notna().to_numpy()
                last = pd.Series(rows[name].to_numpy()[known]).groupby(codes[known]).last()
                items[name] = last.reindex(range(len(names)))
            else:
                items[name] = np.nan if name == "price" else None
        if items["title"].notna().any():
            items["title"] = items["title"].str.strip()
        items["taken"] = np.bincount(codes, minlength=len(names))
        items["lately"] = np.bincount(codes, 0.5 ** (age / LATELY_DAYS), minlength=len(names))
        return cls(items)

    def with_catalogue(self, items: pd.DataFrame) -> Vocabulary:
        """Return these items and, after them, those of a catalogue that nobody took yet.

        Args:
            items: ``item_id`` and what else is known. Of items that were taken it fills what the
                log does not tell.
        """
        named = items.drop_duplicates("item_id", keep="last").set_index("item_id")
        known = self.items.set_index("item_id")
        for name in (name for name in ("title", "category", "price") if name in named.columns):
            known[name] = known[name].combine_first(named[name].reindex(known.index))
        new = named[~named.index.isin(known.index)].sort_index()
        whole = known.reindex(known.index.append(new.index))
        for name in (name for name in ("title", "category", "price") if name in named.columns):
            whole.loc[new.index, name] = new[name]
        whole[["taken", "lately"]] = whole[["taken", "lately"]].fillna(0)
        return Vocabulary(whole.astype({"taken": "int64"}).rename_axis("item_id").reset_index())

    def codes(self, item_ids: pd.Series) -> np.ndarray:
        """Return the code of each item, (n,) int32; 0 where it is not known."""
        kinds = pd.factorize(item_ids)  # a log names each item many times
        known = self._index.get_indexer(np.asarray(kinds[1], dtype=object)) + 1
        return known[kinds[0]].astype(np.int32) if len(known) else np.zeros(len(item_ids), np.int32)

    def allowed(self, categories: str, least: float, most: float) -> np.ndarray | None:
        """Return which codes a person wants to see, (items + 1,); None if they want all.

        Raises:
            UsageError: for a category or a price where the catalogue has none.
        """
        wanted = [each.strip() for each in categories.split(",") if each.strip()]
        if not wanted and not least and not most:
            return None
        found = np.ones(len(self) + 1, dtype=bool)
        if wanted:
            named = self.items["category"].astype("str").str.casefold()
            known = self.items["category"].dropna().astype("str").unique()
            strange = {each.casefold(): each for each in wanted}
            for each in known:
                strange.pop(each.casefold(), None)
            if strange:
                have = (
                    ", ".join(sorted(known)[:20]) or "none: the log that it learned from had none"
                )
                raise UsageError(
                    f"No category {next(iter(strange.values()))!r} in this model's catalogue. "
                    f"It has {have}."
                )
            found[1:] &= named.isin([each.casefold() for each in wanted]).to_numpy(dtype=bool)
        if least or most:
            price = self.items["price"].to_numpy(dtype=float)
            if np.isnan(price).all():
                raise UsageError("This model's catalogue has no prices to choose by.")
            found[1:] &= (price >= least) & (price <= (most or np.inf))  # an unknown price is out
        return found

    def save(self, folder: Path) -> None:
        table = pa.Table.from_pandas(self.items[SCHEMA.names], SCHEMA, preserve_index=False)
        pa.parquet.write_table(table, folder / FILE, compression="zstd")

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        try:
            table = pa.parquet.read_table(folder / FILE)
            return cls(table.select(SCHEMA.names).to_pandas())
        except (OSError, KeyError, pa.ArrowException) as error:
            raise InputError(f"{str(folder / FILE)!r} cannot be read: {error}") from error
