"""Tables as somebody published them: one Parquet file, its columns under their own names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from deepfield.errors import InputError

__all__ = ["read_published"]


def read_published(path: Path, columns: Mapping[str, str], what: str, source: str) -> pd.DataFrame:
    """Return the columns of a Parquet file under our names; ``time`` is taken as UTC.

    Args:
        columns: published name -> ours.
        what: the rows' kind, for a person: ``card transactions``.
        source: where to get them.

    Raises:
        InputError: if there is no such file, or it lacks columns.
    """
    try:
        missing = [name for name in columns if name not in pa.parquet.read_schema(path).names]
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(
            f"{str(path.parent)!r} holds no {what}: a Parquet file {path.name!r} was expected in "
            f"it, with the columns {', '.join(columns)}. Get the data from {source}."
        ) from error
    if missing:
        raise InputError(
            f"{str(path)!r} lacks the columns {', '.join(missing)}: it is not the published file. "
            f"Get that from {source}."
        )
    frame = pa.parquet.read_table(path, columns=list(columns)).to_pandas().rename(columns=columns)
    frame["time"] = frame["time"].dt.tz_localize("UTC").astype("datetime64[us, UTC]")
    return frame
