"""Score any number of rows: decode in parallel, infer in order, write as it goes.

Rows are read by a pool of threads while the model works on earlier ones; a bounded number is in
flight, so that memory does not grow with the source.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from deepfield.batching import BatchSize
from deepfield.errors import DeepfieldError, UsageError
from deepfield.explanation import Explanation
from deepfield.fields import printable
from deepfield.history import History
from deepfield.loading import Model, parse_options
from deepfield.results import Result
from deepfield.sinks import FileSink, RejectedSink, check_output, open_sink
from deepfield.sources import Chunk, Source, open_source
from deepfield.suggestion import MOST_TRIED
from deepfield.table import Checked, Rejected

__all__ = ["Batch", "Job", "Progress"]

MOST_REJECTED = 100_000
"""Set-aside rows kept in memory; their file has every one."""


@dataclass(frozen=True)
class Batch:
    """Some rows that went through together."""

    rows: pd.DataFrame
    """As the source gave them; only those that could be read."""
    results: pd.DataFrame
    """Inputs, outputs, confidence and trust, with the row numbers as index."""
    rejected: list[Rejected] = field(default_factory=list)
    explanations: dict[int, Explanation] = field(default_factory=dict)
    """By row number."""


@dataclass(frozen=True)
class Progress:
    """How far a job is. Rows count whether they were served or set aside."""

    done: int = 0
    rejected: int = 0
    total: int | None = None
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Return rows a second since the start."""
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Return the time left at the rate so far, where the total is known."""
        return (self.total - self.done) / self.rate if self.total and self.rate else None


class Job:
    """One run of a model over a source. ``run`` it here, or ``cancel`` it from elsewhere."""

    def __init__(
        self,
        model: Model,
        what: Any,
        *,
        options: dict[str, Any] | None = None,
        output: str | Path | None = None,
        overwrite: bool = False,
        explain: bool = False,
        batch_size: int | None = None,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        on_batch: Callable[[Batch], None] | None = None,
        history: History | None = None,
        face: str = "python",
        keep: bool = False,
    ) -> None:
        """Prepare a run; nothing is read yet beyond what tells whether it can start.

        Args:
            output: a file for the results; without one they are gathered in memory.
            explain: also explain every row, into ``Result.explanations``.
            batch_size: rows a batch; found by measuring if None.
            on_progress: called after each batch.
            on_batch: called with each batch; nothing is then gathered in memory.
            keep: without an output, write the results into the run's own folder, from where
                they can be read again later.

        Raises:
            DeepfieldError: for a wrong option, a missing source, a file that may not be written.
        """
        if batch_size is not None and batch_size < 1:
            raise UsageError(f"Batch size {batch_size} is not a positive number.")
        self.model = model
        reading, own = model.formats.split(options or {})
        self.options = parse_options(model.domain, own, model.formats)
        self.source: Source = open_source(what, model.inputs, model.formats, reading)
        self.output = Path(output) if output else None
        if self.output:
            check_output(self.output, overwrite)
        self.explain = explain
        self.progress = Progress(total=self.source.total)
        self.on_progress = on_progress
        self.on_batch = on_batch
        self.history = history or History()
        self._face = face
        self._keep = keep
        self._batch_size = batch_size
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Stop after the batch in work; what was scored stays."""
        self._cancelled.set()

    def run(self) -> Result:
        """Score every row.

        Raises:
            DeepfieldError: if the source or the output breaks off; what was written stays.

        Ctrl-C ends the job as ``cancel`` does and is not raised again.
        """
        image = self.model.inputs.image
        schema = pa.schema(
            [
                ("row", pa.int64()),
                *(
                    (each.name, pa.string() if each is image else each.arrow)
                    for each in self.model.inputs
                ),
                *self.model.results.arrow_schema(),
            ]
        )
        run = self.history.start(
            face=self._face,
            domain=self.model.domain.name,
            model=self.model.spec.name,
            model_hash=self.model.folder.hash,
            source=printable(self.source.name),
            options=self.options.model_dump(mode="json") | dict(self.source.options),
        )
        if self._keep and self.output is None:
            self.output = run.folder / "results.parquet"
        sink: FileSink | None = None
        aside = RejectedSink.beside(self.output) if self.output else None
        started = time.monotonic()
        frames: list[pd.DataFrame] = []
        rejected: list[Rejected] = []
        explanations: dict[int, Explanation] = {}
        unfamiliar: list[pd.DataFrame] = []
        status, reason = "failed", None
        try:
            if self.output and aside:
                sink = open_sink(self.output, schema)
                aside.forget()
            for batch in self._batches():
                if sink is not None:
                    sink.write(batch.results.reset_index())
                if aside is not None:
                    aside.write(batch.rejected)
                if self.on_batch is not None:
                    self.on_batch(batch)
                else:
                    explanations.update(batch.explanations)
                    if sink is None:
                        frames.append(batch.results)
                if len(unfamiliar) < MOST_TRIED and len(batch.results):
                    unknown = (batch.results["trust"] == "unfamiliar").to_numpy()
                    unfamiliar += [
                        batch.rows.iloc[[n]] for n in np.flatnonzero(unknown)[:MOST_TRIED]
                    ]
                rejected.extend(batch.rejected[: MOST_REJECTED - len(rejected)])
                self.progress = replace(
                    self.progress,
                    done=self.progress.done + len(batch.results) + len(batch.rejected),
                    rejected=self.progress.rejected + len(batch.rejected),
                    total=self.source.total,
                    seconds=time.monotonic() - started,
                )
                self.on_progress(self.progress)
            status = "stopped" if self._cancelled.is_set() else "done"
        except KeyboardInterrupt:
            status = "stopped"
        except DeepfieldError as error:
            reason = str(error)
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise
        finally:
            try:
                if sink is not None:
                    sink.close(keep=status != "failed")
            except DeepfieldError as error:
                status, reason = "failed", str(error)
                raise
            finally:
                if aside is not None:
                    aside.close()
                written = self.output if status != "failed" else None
                self.history.update(
                    run.id,
                    status=status,
                    reason=reason,
                    rows_in=self.progress.done,
                    rows_out=self.progress.done - self.progress.rejected,
                    rows_rejected=self.progress.rejected,
                    seconds=time.monotonic() - started,
                    result=str(written.resolve()) if written else None,
                    rejected=str(aside.path.resolve()) if aside and aside.file else None,
                )
        names = ["row", "source", "reason"]
        return Result(
            self.history.get(run.id),
            pd.DataFrame([vars(each) for each in rejected], columns=names),
            explanations,
            self.source.left_alone,
            pd.concat(unfamiliar).head(MOST_TRIED) if unfamiliar else pd.DataFrame(),
            None if sink is not None else self._gathered(frames),
        )

    def _batches(self) -> Iterator[Batch]:
        """Yield what was answered, in order."""
        size = (
            BatchSize.fixed(min(self._batch_size, self.model.predictor.largest_batch))
            if self._batch_size
            else BatchSize(self.model.predictor.largest_batch)
        )
        threads = os.cpu_count() or 1
        waiting: deque[tuple[Chunk, Future[Checked]]] = deque()
        with ThreadPoolExecutor(threads, thread_name_prefix="deepfield-read") as pool:
            try:
                for chunk in self._cut(size):
                    waiting.append((chunk, pool.submit(self.model.inputs.read, chunk.rows)))
                    # One batch more than there are threads keeps all of them busy.
                    if len(waiting) > threads + 1:
                        yield self._answer(*waiting.popleft(), size)
                while waiting and not self._cancelled.is_set():
                    yield self._answer(*waiting.popleft(), size)
            finally:
                pool.shutdown(cancel_futures=True)

    def _cut(self, size: BatchSize) -> Iterator[Chunk]:
        """Cut the source's chunks into batches of the size that is best at the time."""
        checked_columns = False
        for chunk in self.source.chunks():
            if len(chunk.rows) and not checked_columns:
                self.model.inputs.check_columns(chunk.rows.columns)
                checked_columns = True
            if chunk.rejected:
                yield Chunk(chunk.rows.iloc[:0], chunk.rejected)
            start = 0
            while start < len(chunk.rows):
                if self._cancelled.is_set():
                    return
                end = start + size.size  # read once: the size may change while this waits
                yield Chunk(chunk.rows.iloc[start:end])
                start = end

    def _answer(self, chunk: Chunk, reading: Future[Checked], size: BatchSize) -> Batch:
        if chunk.rejected:
            return Batch(chunk.rows, self._gathered([]), chunk.rejected)
        checked = reading.result()
        started = time.monotonic()
        answers = self.model.predict_checked(checked.rows, self.options)
        explained: list[Explanation] = []
        if self.explain and len(checked.rows):
            explained = self.model.predictor.explain(checked.rows, self.options)
        size.note(len(chunk.rows), time.monotonic() - started)
        rows = chunk.rows.loc[checked.rows.index]
        numbers = [int(number) for number in rows.index]
        return Batch(
            rows,
            self._beside(rows, checked.rows, answers),
            [
                Rejected(int(number), self._name(chunk.rows, number), sentence)
                for number, sentence in sorted(checked.problems.items())
            ],
            dict(zip(numbers, explained, strict=True)) if explained else {},
        )

    def _beside(
        self, raw: pd.DataFrame, checked: pd.DataFrame, answers: pd.DataFrame
    ) -> pd.DataFrame:
        """Set the answers beside the columns that came in; a picture becomes its name."""
        taken = [name for name in raw.columns if name in (*answers.columns, "row")]
        if taken:
            raise UsageError(
                f"The source has a column {taken[0]!r}, and so have the results. "
                "Rename it or leave it out."
            )
        columns = raw.copy(deep=False)
        for each in self.model.inputs:
            if each.name in raw.columns:
                columns[each.name] = (
                    raw[each.name].map(each.show).astype("str")
                    if each is self.model.inputs.image
                    else checked[each.name]
                )
        return columns.join(answers).rename_axis("row")

    def _name(self, rows: pd.DataFrame, number: Any) -> str:
        image = self.model.inputs.image
        return image.show(rows.at[number, image.name]) if image else printable(self.source.name)

    def _gathered(self, frames: list[pd.DataFrame]) -> pd.DataFrame:
        if frames:
            return pd.concat([frame for frame in frames if len(frame)] or frames[:1])
        names = [*self.model.inputs.names, *self.model.results.names]
        return pd.DataFrame(columns=names).rename_axis("row")
