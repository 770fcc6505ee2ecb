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

import pandas as pd
import pyarrow as pa

from deepfield.errors import DeepfieldError, UsageError
from deepfield.explanation import Explanation
from deepfield.history import History, Run
from deepfield.loading import Model, parse_options
from deepfield.sinks import RejectedSink, open_sink
from deepfield.sources import Chunk, Source, open_source
from deepfield.table import Checked, Rejected

__all__ = ["Job", "Progress", "Result"]

FIRST_BATCH = 8


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


@dataclass
class Result:
    """What a job gave."""

    run: Run
    """The row in the history."""
    rejected: pd.DataFrame
    """Rows set aside: row, source, reason. The first 100,000; the file has them all."""
    explanations: dict[int, Explanation] = field(default_factory=dict)
    """By row number; empty unless asked for."""
    left_alone: int = 0
    """Files beside the rows that are no rows."""
    _frame: pd.DataFrame | None = None

    @property
    def frame(self) -> pd.DataFrame:
        """Return the results, with the row numbers as index; read back from the file if need be."""
        if self._frame is None:
            self._frame = read_results(Path(self.run.result or ""))
        return self._frame

    @property
    def stopped(self) -> bool:
        """Return whether a person ended the job before its last row."""
        return self.run.status == "stopped"


def read_results(path: Path) -> pd.DataFrame:
    """Read a file of results of any of the kinds that sinks write."""
    readers = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
    if path.suffix in readers:
        frame = readers[path.suffix](path)
    else:
        frame = pd.read_json(path, orient="records", lines=True)
    return frame.set_index("row") if "row" in frame.columns else frame


class BatchSize:
    """Find the batch size by climbing: double while rows a second rise by a tenth."""

    def __init__(self, largest: int) -> None:
        self.size = min(FIRST_BATCH, largest)
        self.largest = largest
        self._best = 0.0
        self._settled = False
        self._warm = False

    def note(self, rows: int, seconds: float) -> None:
        """Take in what a batch of the present size took."""
        if self._settled or rows < self.size:
            return
        if not self._warm:  # the first batch also pays for whatever the engine does once
            self._warm = True
            return
        rate = rows / max(seconds, 1e-9)
        if rate > 1.1 * self._best and self.size < self.largest:
            self._best = rate
            self.size = min(2 * self.size, self.largest)
        else:
            self._settled = True


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
        on_results: Callable[[pd.DataFrame, pd.DataFrame, list[Explanation]], None] | None = None,
        history: History | None = None,
        face: str = "python",
        run: Run | None = None,
    ) -> None:
        """Prepare a run; nothing is read yet beyond what tells whether it can start.

        Args:
            output: a file for the results; without one they are gathered in memory.
            explain: also explain every row, into ``Result.explanations``.
            batch_size: rows a batch; found by measuring if None.
            on_progress: called after each batch.
            on_results: called after each batch with the checked rows, their results and their
                explanations.
            run: a row of the history that was started before, for a job that waited.

        Raises:
            DeepfieldError: for a wrong option, a missing source, a file that may not be written.
        """
        if batch_size is not None and batch_size < 1:
            raise UsageError(f"Batch size {batch_size} is not a positive number.")
        self.model = model
        self.options = parse_options(model.domain, options or {})
        self.source: Source = open_source(what, model.inputs)
        self.output = Path(output) if output else None
        self.overwrite = overwrite
        self.explain = explain
        self.progress = Progress(total=self.source.total)
        self.on_progress = on_progress
        self.on_results = on_results
        self.history = history or History()
        self._face = face
        self._started_run = run
        self._batch_size = batch_size
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Stop after the batch in work; what was scored stays."""
        self._cancelled.set()

    def run(self) -> Result:
        """Score every row.

        Raises:
            DeepfieldError: if the source or the output breaks off; what was written stays.
            KeyboardInterrupt: never; Ctrl-C ends the job as ``cancel`` does.
        """
        image = self.model.inputs.image
        schema = pa.schema(
            [
                ("row", pa.int64()),
                *((each.name, pa.string() if each is image else each.arrow) for each in self.model.inputs),
                *self.model.domain.results.arrow_schema(),
            ]
        )
        sink = open_sink(self.output, schema, self.overwrite) if self.output else None
        aside = RejectedSink.beside(self.output) if self.output else None
        run = self._started_run or self.start_run(self.history, self._face)
        started = time.monotonic()
        frames: list[pd.DataFrame] = []
        rejected: list[Rejected] = []
        explanations: dict[int, Explanation] = {}
        status, reason = "failed", None
        try:
            for results, found, explained in self._batches():
                if sink is not None:
                    sink.write(results.reset_index())
                else:
                    frames.append(results)
                if aside is not None:
                    aside.write(found)
                rejected.extend(found[: 100_000 - len(rejected)])
                explanations.update(explained)
                self.progress = replace(
                    self.progress,
                    done=self.progress.done + len(results) + len(found),
                    rejected=self.progress.rejected + len(found),
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
            if sink is not None:
                sink.close()
            if aside is not None:
                aside.close()
            self.history.update(
                run.id,
                status=status,
                reason=reason,
                rows_in=self.progress.done,
                rows_out=self.progress.done - self.progress.rejected,
                rows_rejected=self.progress.rejected,
                seconds=time.monotonic() - started,
                result=str(self.output.resolve()) if self.output else None,
                rejected=str(aside.path.resolve()) if aside and aside.file else None,
            )
        names = ["row", "source", "reason"]
        return Result(
            self.history.get(run.id),
            pd.DataFrame([vars(each) for each in rejected], columns=names),
            explanations,
            self.source.left_alone,
            None if sink is not None else self._gathered(frames),
        )

    def start_run(self, history: History, face: str) -> Run:
        """Enter this job in the history."""
        return history.start(
            face=face,
            domain=self.model.domain.name,
            model=self.model.spec.name,
            model_hash=self.model.folder.hash,
            source=self.source.name,
            options=self.options.model_dump(mode="json"),
        )

    def _batches(self) -> Iterator[tuple[pd.DataFrame, list[Rejected], dict[int, Explanation]]]:
        """Yield results, rejected rows and explanations of each batch, in order."""
        size = BatchSize(self._batch_size or self.model.predictor.largest_batch)
        if self._batch_size:
            size.size = self._batch_size
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

    def _answer(
        self, chunk: Chunk, reading: Future[Checked], size: BatchSize
    ) -> tuple[pd.DataFrame, list[Rejected], dict[int, Explanation]]:
        if chunk.rejected:
            return self._gathered([]), chunk.rejected, {}
        checked = reading.result()
        started = time.monotonic()
        answers = self.model.predict_checked(checked.rows, self.options)
        explained: list[Explanation] = []
        if self.explain and len(checked.rows):
            explained = self.model.predictor.explain(checked.rows, self.options)
        size.note(len(chunk.rows), time.monotonic() - started)
        raw = chunk.rows.loc[checked.rows.index]
        if self.on_results is not None and len(raw):
            self.on_results(raw, answers, explained)
        rejected = [
            Rejected(int(number), self._name(chunk.rows, number), sentence)
            for number, sentence in sorted(checked.problems.items())
        ]
        numbers = [int(number) for number in checked.rows.index]
        return (
            self._beside(raw, checked.rows, answers),
            rejected,
            dict(zip(numbers, explained, strict=False)),
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
        return image.show(rows.at[number, image.name]) if image else self.source.name

    def _gathered(self, frames: list[pd.DataFrame]) -> pd.DataFrame:
        if frames:
            return pd.concat([frame for frame in frames if len(frame)] or frames[:1])
        names = [*self.model.inputs.names, *self.model.domain.results.names]
        return pd.DataFrame(columns=names).rename_axis("row")
