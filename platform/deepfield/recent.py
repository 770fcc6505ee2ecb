"""What was decoded last, kept at hand within a bound of memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from deepfield.errors import InputError

__all__ = ["MOST", "Recent", "broken"]

MOST = 2**30
"""Bytes of what is kept decoded at once."""


class Recent:
    """What was decoded last, kept for the other pictures of the same file.

    An owner stands for a file; when its last picture is forgotten, so is what is kept for it.
    One is decoded at a time, so that memory is bounded whatever the number of threads.
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._kept: WeakKeyDictionary[Any, tuple[Any, int]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def get(
        self,
        owner: Any,
        size: int,
        decode: Callable[[], Any],
        weigh: Callable[[Any], int] = lambda decoded: 0,
    ) -> Any:
        """Return what is kept for ``owner``, or decode it: about ``size`` bytes.

        Where ``size`` is what a header promises, ``weigh`` gives the bytes that came of it; the
        greater counts. A failure is kept too: a broken file of a thousand slices is not read a
        thousand times.
        """
        with self._lock:
            found, size = self._kept.pop(owner, (None, size))
            if found is None:
                self._make_room(size)
                try:
                    found = decode()
                    size = max(size, weigh(found))
                    self._make_room(size)
                except InputError as error:
                    # Anew: the traceback of the one raised would hold the owner and its buffers.
                    found, size = InputError(str(error)), 0
                except Exception as error:
                    found, size = InputError(broken(error)), 0
            self._kept[owner] = found, size  # the last in order is the last to go
        if isinstance(found, InputError):
            raise InputError(str(found))
        return found

    def _make_room(self, size: int) -> None:
        kept = {owner: size for owner, (_, size) in self._kept.items()}
        for owner in list(kept):
            if size + sum(kept.values()) <= self.most:
                break
            self._kept.pop(owner, None)
            del kept[owner]


def broken(error: Exception) -> str:
    """Return what is wrong with a file whose reader raised something unforeseen."""
    # Not its message, which may quote what the file says about a patient.
    return f"is broken and cannot be read ({type(error).__name__})"
