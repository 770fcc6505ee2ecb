"""Rows as files, written by the same sinks as everywhere when a person asks for one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from deepfield.dashboard.words import plain
from deepfield.loading import Model
from deepfield.sinks import open_sink
from deepfield.writers import Writer, WriterSink

__all__ = ["as_file", "downloads"]

KINDS = {"CSV": ".csv", "Parquet": ".parquet", "JSON Lines": ".jsonl"}


Rows = pd.DataFrame | Callable[[], pd.DataFrame]


def downloads(rows: Rows, name: str, key: str, model: Model | None = None) -> None:
    """Show a button for each kind of file.

    Args:
        rows: with their numbers as index; or what makes them, when a person asks for a file.
        name: of the file, without its ending.
        key: what sets the buttons apart from others.
        model: whose results these are; plugins may write them to kinds of file of their own.
    """
    with st.container(horizontal=True):
        for kind, suffix in KINDS.items():
            st.download_button(
                kind,
                partial(as_file, rows, suffix),
                file_name=f"{name}{suffix}",
                icon=":material/download:",
                key=f"{key}-download{suffix}",
                on_click="ignore",
            )

        for writer in [] if model is None else model.formats.writers:
            st.download_button(
                plain(writer.title),
                partial(as_file, rows, writer, model),
                file_name=f"{name}{writer.suffix}",
                mime=writer.mime,
                icon=":material/download:",
                key=f"{key}-download{writer.suffix}",
                on_click="ignore",
            )


def as_file(rows: Rows, kind: str | Writer, model: Model | None = None) -> bytes:
    """Return rows as a file of the kind that an ending tells, or that a plugin writes."""
    frame = rows() if callable(rows) else rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"results{kind if isinstance(kind, str) else kind.suffix}"
        with open_sink(path) if isinstance(kind, str) else WriterSink(kind, path, model) as sink:
            sink.write(frame.reset_index())
        return path.read_bytes()
