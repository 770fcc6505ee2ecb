"""Where Deepfield keeps what belongs to a person, by the rules of each operating system."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

__all__ = ["cache_folder", "data_folder"]


def data_folder() -> Path:
    """Return the folder of runs, results and fitted models; ``DEEPFIELD_HOME`` moves it."""
    home = os.environ.get("DEEPFIELD_HOME")
    return Path(home) if home else platformdirs.user_data_path("deepfield", appauthor=False)


def cache_folder() -> Path:
    """Return the folder of what can be made again; it may be deleted at any time."""
    home = os.environ.get("DEEPFIELD_HOME")
    return (
        Path(home) / "cache" if home else platformdirs.user_cache_path("deepfield", appauthor=False)
    )
