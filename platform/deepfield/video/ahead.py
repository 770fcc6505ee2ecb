"""Do work ahead of who waits for it, in a thread, a bounded number of things at a time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

__all__ = ["ahead"]

T = TypeVar("T")


def ahead(begin: Callable[[], Iterator[T]], most: int) -> Generator[T, None, None]:
    """Yield what an iterator gives, which runs in a thread of its own.

    Closing this generator ends the thread; what the iterator raises is raised here.

    Args:
        begin: makes the iterator, in the thread.
        most: things that wait to be taken.
    """
    waiting: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(most)
    stopped = threading.Event()

    def put(thing: T | None, error: BaseException | None) -> None:
        while not stopped.is_set():
            try:
                return waiting.put((thing, error), timeout=0.1)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for thing in begin():
                put(thing, None)
                del thing  # or it would live until the next is there
                if stopped.is_set():
                    return
            put(None, StopIteration())
        except BaseException as error:  # raised where somebody waits for it
            put(None, error)

    thread = threading.Thread(target=work, name="deepfield-decode", daemon=True)
    thread.start()
    try:
        while True:
            thing, error = waiting.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield thing  # type: ignore[misc]  # None only beside an error
            del thing
    finally:
        stopped.set()
        thread.join()
