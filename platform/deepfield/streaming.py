"""Rows that stand by themselves: read in parallel, answered in order, a few batches at a time.

Rows are read by a pool of threads while the model works on earlier ones; a bounded number is in
flight, so that memory does not grow with the source.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from deepfield.batching import BatchSize
from deepfield.explanation import Explanation
from deepfield.results import beside, no_results
from deepfield.sources import Chunk
from deepfield.table import Checked
from deepfield.tasks import Batch, Task, refused

__all__ = ["streamed"]

MOST_HELD = 4
"""Batches of decoded frames that wait."""


def streamed(task: Task) -> Generator[Batch, None, None]:
    """Yield what was answered, in order."""
    largest = task.model.predictor.largest_batch
    size = BatchSize.fixed(min(task.batch_size, largest)) if task.batch_size else BatchSize(largest)
    done = 0
    for batch in _batches(task, size):
        yield batch
        done += len(batch.results) + len(batch.rejected)
        task.report("scoring", done)


def _batches(task: Task, size: BatchSize) -> Iterator[Batch]:
    threads = os.cpu_count() or 1
    waiting: deque[tuple[Chunk, Future[Checked]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="deepfield-read") as pool:
        try:
            for chunk in _cut(task, size):
                waiting.append((chunk, pool.submit(task.model.inputs.read, chunk.rows)))
                # One batch more than there are threads keeps all of them busy; of decoded frames
                # few wait, however many threads there are.
                if len(waiting) > (min(threads + 1, MOST_HELD) if chunk.held else threads + 1):
                    yield _answer(task, *waiting.popleft(), size)
            while waiting and not task.cancelled.is_set():
                yield _answer(task, *waiting.popleft(), size)
        finally:
            pool.shutdown(cancel_futures=True)


def _cut(task: Task, size: BatchSize) -> Iterator[Chunk]:
    """Cut the source's chunks into batches of the size that is best at the time."""
    checked_columns = False
    for chunk in task.source.chunks():
        if len(chunk.rows) and not checked_columns:
            task.model.inputs.check_columns(chunk.rows.columns)
            checked_columns = True
        if chunk.rejected:
            yield Chunk(chunk.rows.iloc[:0], chunk.rejected)
        start = 0
        while start < len(chunk.rows):
            if task.cancelled.is_set():
                return
            end = start + size.size  # read once: the size may change while this waits
            yield Chunk(chunk.rows.iloc[start:end], held=chunk.held)
            start = end


def _answer(task: Task, chunk: Chunk, reading: Future[Checked], size: BatchSize) -> Batch:
    if chunk.rejected:
        return Batch(chunk.rows, no_results(task.model), chunk.rejected)
    checked = reading.result()
    started = time.monotonic()
    answers = task.model.predict_checked(checked.rows, task.options)
    explained: list[Explanation] = []
    if task.explain and len(checked.rows):
        explained = task.model.predictor.explain(checked.rows, task.options)
    size.note(len(chunk.rows), time.monotonic() - started)
    rows = chunk.rows.loc[checked.rows.index]
    numbers = [int(number) for number in rows.index]
    return Batch(
        rows,
        beside(task.model, rows, checked.rows, answers),
        refused(chunk.rows, checked, task.source, task.model.inputs),
        dict(zip(numbers, explained, strict=True)) if explained else {},
        held=chunk.held,
    )
