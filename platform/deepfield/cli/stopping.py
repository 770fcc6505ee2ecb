"""Ctrl-C and a polite kill, while a command works."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["stoppable"]


@contextmanager
def stoppable(cancel: Callable[[], None], at_once: bool = False) -> Iterator[None]:
    """Let a signal call ``cancel``, which ends the work at its next report.

    Args:
        at_once: also raise KeyboardInterrupt where the program stands, as a report may be minutes
            away. Python drops what is raised in the course of garbage collection, so this alone
            would lose a signal now and then.
    """

    told = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal told
        if not told:  # a second signal may come while the first still cancels: that takes a lock
            told = True
            cancel()
        if at_once:
            raise KeyboardInterrupt

    # A shell's background job is born deaf to Ctrl-C, and Python leaves it so; both are asked for.
    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
