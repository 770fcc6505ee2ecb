"""Where the batches of a job go: into a file, to a listener, or into memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from deepfield.explanation import Explanation
from deepfield.history import Run
from deepfield.loading import Model
from deepfield.results import Result, no_results, results_schema
from deepfield.sinks import FileSink, RejectedSink, open_sink
from deepfield.suggestion import MOST_TRIED
from deepfield.table import Rejected
from deepfield.tasks import Batch
from deepfield.writers import WriterSink, writer_for

__all__ = ["Collector"]

MOST_REJECTED = 100_000
"""Set-aside rows kept in memory; their file has every one."""


class Collector:
    """Takes batches as they come, and gives the result of all of them."""

    def __init__(
        self, model: Model, output: Path | None, on_batch: Callable[[Batch], None] | None
    ) -> None:
        self.model = model
        self.output = output
        self.on_batch = on_batch
        self.served = 0
        self.rejected = 0
        self.others = 0
        self.aside = RejectedSink.beside(output) if output else None
        self._sink: FileSink | WriterSink | None = None
        self._frames: list[pd.DataFrame] = []
        self._rejected: list[Rejected] = []
        self._unread_history: list[Rejected] = []
        self._explanations: dict[int, Explanation] = {}
        self._unfamiliar: list[pd.DataFrame] = []

    def open(self) -> None:
        """Begin the file of results, if there is one."""
        if self.output and self.aside:
            writer = writer_for(self.output.name, self.model.formats.writers)
            self._sink = (
                open_sink(self.output, results_schema(self.model))
                if writer is None
                else WriterSink(writer, self.output, self.model)
            )
            self.aside.forget()

    def take(self, batch: Batch) -> None:
        if self._sink is not None:
            self._sink.write(batch.results.reset_index())
        if self.aside is not None:
            self.aside.write(batch.rejected)
        if self.on_batch is not None:
            self.on_batch(batch)
        else:
            self._explanations.update(batch.explanations)
            if self._sink is None:
                self._frames.append(batch.results)
        if len(self._unfamiliar) < MOST_TRIED and len(batch.results):
            unknown = (batch.results["trust"] == "unfamiliar").to_numpy()
            self._unfamiliar += [batch.rows.iloc[[n]] for n in np.flatnonzero(unknown)[:MOST_TRIED]]
        self._rejected.extend(batch.rejected[: MOST_REJECTED - len(self._rejected)])
        room = MOST_REJECTED - len(self._unread_history)
        self._unread_history.extend(batch.unread_history[:room])
        self.served += len(batch.results)
        self.rejected += len(batch.rejected)
        self.others += batch.others

    def close(self, keep: bool) -> Path | None:
        """Finish the files. Return where the results lie, if they are there.

        Args:
            keep: whether they may take the place of what lies there.
        """
        try:
            if self._sink is not None:
                self._sink.close(keep)
                if not keep and not self.served:  # a header alone is nothing to come back for
                    self._sink.part.unlink(missing_ok=True)
        finally:
            if self.aside is not None:
                self.aside.close()
        return self.output if keep else None

    def result(self, run: Run, left_alone: int) -> Result:
        """Return what came of all batches."""
        return Result(
            run,
            _listed(self._rejected),
            _listed(self._unread_history),
            self._explanations,
            left_alone,
            pd.concat(self._unfamiliar).head(MOST_TRIED) if self._unfamiliar else pd.DataFrame(),
            self._frame() if self._sink is None or run.result is None else None,
        )

    def _frame(self) -> pd.DataFrame:
        filled = [frame for frame in self._frames if len(frame)] or self._frames[:1]
        return pd.concat(filled) if filled else no_results(self.model)


def _listed(rejected: list[Rejected]) -> pd.DataFrame:
    in_order = sorted(rejected, key=lambda each: each.row)
    return pd.DataFrame([vars(each) for each in in_order], columns=["row", "source", "reason"])
