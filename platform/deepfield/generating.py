"""Rows that a simulator makes, kept as files: a table, and its pictures beside it."""

from __future__ import annotations

from pathlib import Path, PurePath

import pandas as pd

from deepfield.errors import DeepfieldError, UsageError
from deepfield.sinks import open_sink

__all__ = ["TABLE", "save_rows"]

TABLE = "rows.csv"


def save_rows(frame: pd.DataFrame, folder: Path, overwrite: bool = False) -> Path:
    """Write made-up rows into a folder and return the path of their table.

    A column of pictures becomes a column of file names; the files lie beside the table, which
    ``deepfield score`` reads as it is.

    Raises:
        UsageError: if the folder holds a table already and may not be overwritten.
        DeepfieldError: if the folder cannot be written.
    """
    table = folder / TABLE
    if table.exists() and not overwrite:
        raise UsageError(f"{str(table)!r} exists already. Name another folder, or overwrite it.")
    frame = frame.copy(deep=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in frame.columns:
            if frame[name].map(_is_picture).any():
                frame[name] = [_save(each, folder) for each in frame[name]]
        with open_sink(table) as sink:
            sink.write(frame)
    except OSError as error:
        raise DeepfieldError(f"Cannot write to {str(folder)!r}: {error.strerror}.") from error
    return table


def _is_picture(value: object) -> bool:
    return isinstance(value, dict) and "bytes" in value


def _save(value: dict, folder: Path) -> str:
    name = PurePath(value["path"]).name
    (folder / name).write_bytes(value["bytes"])
    return name
