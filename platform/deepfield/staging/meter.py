"""How far a job of several passes is, in rows that only ever rise."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Meter"]


class Meter:
    """Counts each pass for its share of the work.

    Args:
        report: told the stage, and how many rows the work done is worth.
        weights: what each pass takes, relative to the others.
    """

    def __init__(self, report: Callable[[str, int], None], weights: list[float]) -> None:
        self._report = report
        self._shares = [each / sum(weights) for each in weights]
        self._done = 0.0
        self._stage = ""
        self.rows = 0
        """How many rows there are; as many as were read, until all are."""

    def begin(self, stage: str) -> None:
        """Say what is being done; a pass may have several stages."""
        self._stage = stage
        self.tell(0.0)

    def tell(self, share: float) -> None:
        """Say how much of the pass is done: 0 to 1."""
        share_of_all = self._done + self._shares[0] * min(share, 1.0)
        self._report(self._stage, int(self.rows * share_of_all))

    def end(self) -> None:
        """End a pass."""
        self._done += self._shares.pop(0)

    def finish(self) -> None:
        """Say that all rows are done."""
        self._report(self._stage, self.rows)
