"""Rows that a simulator makes, kept as files: a table, and its pictures beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, islice
from pathlib import Path, PurePath

import pandas as pd
from pandas.api.types import is_object_dtype

from deepfield.errors import DeepfieldError, UsageError
from deepfield.sinks import open_sink

__all__ = ["KINDS", "save_rows"]

KINDS = ("csv", "parquet", "jsonl")


def save_rows(
    frames: Iterable[pd.DataFrame],
    folder: Path,
    overwrite: bool = False,
    kind: str = "csv",
    on_rows: Callable[[int], None] = lambda done: None,
) -> Path:
    """Write made-up rows into a folder as they come, and return the path of their table.

    A column of pictures becomes a column of file names; the files lie beside the table, which
    ``deepfield score`` reads as it is.

    Args:
        kind: of table, one of ``KINDS``.
        on_rows: called with the number of rows written, after each frame.

    Raises:
        UsageError: if the folder holds such a table already and it may not be overwritten.
        DeepfieldError: if the folder cannot be written.
    """
    table = folder / f"rows.{kind}"
    if table.exists() and not overwrite:
        raise UsageError(f"{str(table)!r} exists already. Name another folder, or overwrite it.")
    frames = iter(frames)
    first = list(islice(frames, 1))  # what cannot be made at all leaves no file behind
    done = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open_sink(table) as sink:
            for frame in chain(first, frames):
                sink.write(_with_files(frame, folder))
                done += len(frame)
                on_rows(done)
    except OSError as error:
        raise DeepfieldError(f"Cannot write to {str(folder)!r}: {error.strerror}.") from error
    return table


def _with_files(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    frame = frame.copy(deep=False)
    for name in frame.columns:
        if is_object_dtype(frame[name]) and frame[name].map(_is_picture).any():
            frame[name] = [_save(each, folder) for each in frame[name]]
    return frame


def _is_picture(value: object) -> bool:
    return isinstance(value, dict) and "bytes" in value


def _save(value: dict, folder: Path) -> str:
    name = PurePath(value["path"]).name
    (folder / name).write_bytes(value["bytes"])
    return name
