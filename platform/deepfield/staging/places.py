"""A folder on disk for what does not fit into memory, gone however the job ends."""

from __future__ import annotations

import os
import shutil
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from deepfield.errors import DeepfieldError
from deepfield.folders import cache_folder

__all__ = ["staging_folder"]


@contextmanager
def staging_folder() -> Iterator[Path]:
    """Make the folder of one job, and remove it with all that lies in it.

    It lies in the cache folder: the system's own place for temporary files is often memory. What a
    killed process left behind goes when the next job starts.

    Raises:
        DeepfieldError: if it cannot be made.
    """
    above = cache_folder() / "staging"
    folder = above / f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise DeepfieldError(
            f"No folder {str(folder)!r} can be made to sort rows in: {error.strerror}. "
            "Set DEEPFIELD_HOME to a folder that can be written."
        ) from error
    _sweep(above)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(above: Path) -> None:
    """Remove the folders of processes of this machine that are gone."""
    for folder in above.glob(f"{socket.gethostname()}-*-*"):
        number = folder.name.split("-")[-2]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            shutil.rmtree(folder, ignore_errors=True)
