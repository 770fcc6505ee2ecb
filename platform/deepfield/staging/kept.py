"""Groups that were answered, kept beside the results of a run: a result is but their last row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset
import pyarrow.parquet

from deepfield.staging.spool import ROW_GROUP, Column, pandas_type, saying, to_table
from deepfield.table import Table

__all__ = ["GROUPS", "KeptGroups", "kept_group"]

GROUPS = "groups.parquet"
"""The name of the file in a run's folder."""


class KeptGroups:
    """Writes groups in the order of their key, so that one of them is found without reading all.

    Args:
        path: None: nothing is kept.
    """

    def __init__(self, path: Path | None, columns: Sequence[Column]) -> None:
        self.path = path
        self._columns = columns
        self._writer: pa.parquet.ParquetWriter | None = None

    def write(self, groups: pd.DataFrame) -> None:
        """Append rows of whole groups, by their numbers."""
        if self.path is None:
            return
        stored = to_table(groups, self._columns)
        arrays = [stored["row"], *(stored[each.stored].cast(each.kind) for each in self._columns)]
        named = pa.Table.from_arrays(arrays, ["row", *(each.name for each in self._columns)])
        with saying(self.path):
            if self._writer is None:
                self._writer = pa.parquet.ParquetWriter(self.path, named.schema)
            self._writer.write_table(named, row_group_size=ROW_GROUP)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is not None and self.path is not None:
            with saying(self.path):
                self._writer.close()


def kept_group(folder: Path, inputs: Table, value: Any) -> pd.DataFrame | None:
    """Return the rows of one group of a run, by their numbers; None if none were kept.

    Args:
        folder: the run's own.
        value: of the key that the table is answered by.
    """
    path = folder / GROUPS
    if not path.is_file():
        return None
    rows = pyarrow.dataset.dataset(path).to_table(filter=pc.field(inputs.answer_per) == value)
    frame = rows.to_pandas(types_mapper=pandas_type)
    return frame.set_index("row").rename_axis(None)
