"""Rows as files, written by the same sinks as everywhere when a person asks for one."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from deepfield.sinks import open_sink

__all__ = ["as_file", "downloads"]

KINDS = {"CSV": ".csv", "Parquet": ".parquet", "JSON Lines": ".jsonl"}


def downloads(frame: pd.DataFrame, name: str, key: str) -> None:
    """Show a button for each kind of file.

    Args:
        frame: rows with their numbers as index.
        name: of the file, without its ending.
        key: what sets the buttons apart from others.
    """
    with st.container(horizontal=True):
        for kind, suffix in KINDS.items():
            st.download_button(
                kind,
                partial(as_file, frame, suffix),
                file_name=f"{name}{suffix}",
                icon=":material/download:",
                key=f"{key}-download{suffix}",
                on_click="ignore",
            )


def as_file(frame: pd.DataFrame, suffix: str) -> bytes:
    """Return rows as a file of the kind that an ending tells."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"results{suffix}"
        with open_sink(path) as sink:
            sink.write(frame.reset_index())
        return path.read_bytes()
