"""One change of a fitted model at a time, whichever process, page or thread makes it.

A change reads what is there and puts something else in its place: of two at once, one would be
lost. Who only reads needs no lock, for a model is replaced as a whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from deepfield.domain import Domain
from deepfield.errors import DeepfieldError
from deepfield.folders import data_folder

__all__ = ["WAIT", "changing"]

WAIT = 60.0
"""Seconds that a change waits for another."""
LOOK = 0.2
"""Seconds between two looks at whether it still is to wait."""


@contextmanager
def changing(
    domain: Domain,
    name: str,
    wait: float | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Change a fitted model of that name, alone; the same thread may begin within.

    A process that dies, however it does, lets go.

    Args:
        wait: seconds; ``WAIT`` if None.
        meanwhile: called now and then while another holds it; what it raises ends the waiting.

    Raises:
        DeepfieldError: if another does not let go in time, or the data folder cannot be written.
    """
    folder = data_folder() / "locks" / domain.name
    most = WAIT if wait is None else wait
    # One object for all callers, with a state for each thread: so a thread may begin within, and
    # others wait as other processes do.
    lock = FileLock(folder / f"{name}.lock", is_singleton=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _take(lock, name, most, meanwhile)
    except OSError as error:
        raise DeepfieldError(f"Cannot write into {str(folder)!r}: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()


def _take(lock: FileLock, name: str, most: float, meanwhile: Callable[[], None]) -> None:
    """Wait for the lock, for so many seconds at most."""
    end = time.monotonic() + most
    while True:
        try:
            lock.acquire(timeout=max(min(LOOK, end - time.monotonic()), 0.0))
            return
        except Timeout as error:
            meanwhile()
            if time.monotonic() >= end:
                raise DeepfieldError(
                    f"Another fit or page is changing the model {name!r} and did not end within "
                    f"{most:g} seconds. Nothing was changed; try again when it has ended."
                ) from error
