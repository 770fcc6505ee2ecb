"""The passes over staged rows: gather by each key, answer, settle, and those before and after."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from deepfield.errors import ContractError
from deepfield.grouping import gathered_in_order, periods, settled_period, up_to_new
from deepfield.staging.apart import Apart
from deepfield.staging.database import Database, files
from deepfield.staging.emitting import WHY, emitted
from deepfield.staging.groups import ahead, in_parallel, whole_groups
from deepfield.staging.kept import KeptGroups
from deepfield.staging.meter import Meter
from deepfield.staging.reading import Reading
from deepfield.staging.spool import Column, Spool, columns, to_frame, to_table
from deepfield.tasks import Batch, Task

__all__ = ["Staging"]

PERIOD = "period"
"""The stored column of the period that a row falls in."""
TOGETHER = 65_536
"""Rows of whole groups that are gathered at once; more, if one group has more."""


class Staging:
    """One job over rows that hang on each other.

    Args:
        folder: on disk, for this job alone.
    """

    def __init__(self, task: Task, folder: Path) -> None:
        self.task = task
        self.folder = folder
        self.inputs = task.model.inputs
        self.predictor = task.model.predictor
        self.period = self.predictor.period(task.options) if self.inputs.order_by else None
        self.checked: list[Column] = []
        self.held: list[Column] = []
        """What is on disk of each row by now: checked inputs, and what was gathered."""
        self.answers = columns("r", task.model.results.arrow_schema())
        gathering = [2.0 for _ in self.inputs.group_by[:-1]]
        self.meter = Meter(
            task.report, [2.0, *gathering, 4.0, *([1.0] if self.period else []), 2.0]
        )
        self._together = task.batch_size or TOGETHER
        self._staged = 0
        self._over = threading.Event()
        self._threads = os.cpu_count() or 1

    def batches(self) -> Iterator[Batch]:
        """Yield what was set aside as it is found, and then what was answered, in order."""
        if self.inputs.image is not None:
            raise ContractError(
                f"{self.task.model!r}: rows of pictures cannot share a history or be unique"
            )
        with (
            ThreadPoolExecutor(self._threads, thread_name_prefix="deepfield-work") as self._pool,
            Database(self.folder, self._go_on) as self._database,
        ):
            try:
                yield from self._passes()
            finally:
                self._over.set()  # no thread goes on for a job that ended
                self._pool.shutdown(cancel_futures=True)

    def _go_on(self) -> None:
        """Raise KeyboardInterrupt if the job is to stop."""
        if self._over.is_set() or self.task.cancelled.is_set():
            raise KeyboardInterrupt

    def _passes(self) -> Iterator[Batch]:
        reading = Reading(self.task, self.folder, self._pool, self._threads + 1)
        yield from reading.batches(self.meter, self._go_on)
        self.meter.end()
        if reading.rows:
            yield from self._answers(reading)
        self.meter.finish()

    def _answers(self, reading: Reading) -> Iterator[Batch]:
        self.checked = self.held = reading.columns
        self._staged = reading.staged
        self.meter.begin("sorting")
        apart = Apart(self.task, self._database, files(reading.paths), self.checked)
        yield from apart.batches()
        rows = apart.rows
        for key in self.inputs.group_by[:-1]:
            rows = files([self._gather(key, rows)])
        answers = files([(self._answer_groups if self.inputs.answer_per else self._answer)(rows)])
        if self.period is not None:
            answers = files([self._settle(answers)])
        self.meter.begin("writing")
        in_order = self._database.stream(f"SELECT * FROM {answers} ORDER BY row")
        done = 0
        merged = emitted(self.task, in_order, self.answers, reading.path, self.checked)
        for batch in ahead(self._pool, merged):
            self._go_on()
            yield batch
            done += len(batch.results) + batch.others
            self.meter.tell(done / reading.rows)

    def _gather(self, key: str, rows: str) -> Path:
        """Write rows with what they take from others that share ``key``."""
        new: list[Column] = []
        path = self.folder / f"by-{len(self.held)}.parquet"

        def work(table: pa.Table) -> tuple[pa.Table, pd.DataFrame]:
            return table, self._gathered(to_frame(table, self.held), key)

        with Spool(path) as spool:
            for table, found in self._groups(rows, key, f"gathering by {key}", work):
                if not new:
                    schema = pa.Schema.from_pandas(found, preserve_index=False)
                    new = columns(f"g{len(self.held)}_", schema)
                if [each.name for each in new] != list(found.columns):
                    raise ContractError(
                        f"{type(self.predictor).__name__}.gather by {key!r} gives other columns "
                        "for some rows than for others"
                    )
                beside = to_table(found, new)
                for each in new:
                    table = table.append_column(each.stored, beside[each.stored])
                spool.write(table)
        self.held = [*self.held, *new]
        return path

    def _answer(self, rows: str) -> Path:
        """Gather by the last key and answer at once: what was gathered there is never sorted."""
        path = self.folder / "answers.parquet"
        keys = self.inputs.group_by[-1:]
        step = min(self._together, self.predictor.largest_batch)

        def work(table: pa.Table) -> list[pa.Table]:
            frame = to_frame(table, self.held)
            if keys:
                frame = pd.concat([frame, self._gathered(frame, keys[0])], axis=1)
            new = frame[frame.index > 0]
            return [self._answered(new[at : at + step]) for at in range(0, len(new), step)]

        with Spool(path) as spool:
            for tables in self._groups(rows, keys[0] if keys else "", "scoring", work):
                for table in tables:
                    spool.write(table)
        return path

    def _answer_groups(self, rows: str) -> Path:
        """Answer each group once, from all of its rows."""
        path = self.folder / "answers.parquet"

        def work(table: pa.Table) -> tuple[pd.DataFrame, pa.Table | None]:
            groups = up_to_new(self.inputs, to_frame(table, self.held))
            return groups, self._answered(groups) if len(groups) else None

        with Spool(path) as spool, KeptGroups(self.task.groups, self.checked) as kept:
            for groups, answers in self._groups(rows, self.inputs.answer_per, "scoring", work):
                if answers is not None:
                    kept.write(groups)
                    spool.write(answers)
        return path

    def _settle(self, answers: str) -> Path:
        """Decide the answers of each period together."""
        path = self.folder / "settled.parquet"

        def work(table: pa.Table) -> pa.Table:
            rows, results = to_frame(table, self.checked), to_frame(table, self.answers)
            settled = self._stored(settled_period(self.predictor, rows, results, self.task.options))
            return settled.append_column(WHY, table[WHY]) if self.task.explain else settled

        sorted_rows = self._database.stream(f"SELECT * FROM {answers} ORDER BY {PERIOD}, row")
        pieces = self._counted(whole_groups(sorted_rows, PERIOD, 1), "settling")
        with Spool(path) as spool:
            for table in in_parallel(self._pool, work, pieces, self._threads + 1):
                spool.write(table)
        self.meter.end()
        return path

    def _groups(self, rows: str, key: str, stage: str, work: Callable[[pa.Table], Any]) -> Any:
        """Yield what ``work`` makes of whole groups of rows; any rows where there is no key."""
        stored = {each.name: each.stored for each in self.held}
        names = ", ".join(["row", *stored.values()])
        by = [stored[name] for name in (key, self.inputs.order_by) if name in stored]
        order = f" ORDER BY {', '.join([*by, 'row'])}" if key else ""
        self.meter.begin(f"sorting by {key}" if key else stage)
        batches = self._database.stream(f"SELECT {names} FROM {rows}{order}")
        groups = whole_groups(batches, stored[key] if key else "row", self._together)
        pieces = self._counted(groups, stage)
        yield from in_parallel(self._pool, work, pieces, self._threads + 1)
        self.meter.end()

    def _counted(self, pieces: Iterator[pa.Table], stage: str) -> Iterator[pa.Table]:
        done = 0
        for table in pieces:
            self._go_on()
            if not done:
                self.meter.begin(stage)
            done += table.num_rows
            self.meter.tell(done / self._staged)
            yield table

    def _gathered(self, rows: pd.DataFrame, key: str) -> pd.DataFrame:
        self._go_on()
        return gathered_in_order(key, self.predictor, self.inputs, rows, self.task.options)

    def _answered(self, rows: pd.DataFrame) -> pa.Table:
        """Return the answers as they are stored, with what later passes need beside them."""
        self._go_on()
        table = self._stored(self.task.model.predict_checked(rows, self.task.options))
        if self.task.explain:
            why = self.predictor.explain(rows, self.task.options)
            table = table.append_column(WHY, pa.array([each.packed() for each in why]))
        if self.period is not None:
            period = periods(self.inputs, rows, self.period)
            table = table.append_column(PERIOD, pa.array(period, pa.int64()))
            beside = to_table(rows, self.checked)
            for each in self.checked:
                table = table.append_column(each.stored, beside[each.stored])
        return table

    def _stored(self, results: pd.DataFrame) -> pa.Table:
        try:
            return to_table(results, self.answers)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ContractError(
                f"{self.task.model!r} broke its contract: its results are not what their fields "
                f"say: {error}"
            ) from error
