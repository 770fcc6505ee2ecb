"""Score any number of rows: one run from a source to a sink, noted in the history of runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from deepfield.annotating import Annotator, check_annotated
from deepfield.collecting import Collector
from deepfield.errors import DeepfieldError, UsageError
from deepfield.fields import printable
from deepfield.history import History, Run
from deepfield.loading import Model, parse_options
from deepfield.results import Result
from deepfield.sinks import check_output
from deepfield.sources import Source, open_source
from deepfield.staging import GROUPS, needs_staging, staged
from deepfield.streaming import streamed
from deepfield.tasks import Batch, Progress, Task

__all__ = ["Batch", "Job", "Progress"]


class Job:
    """One run of a model over a source. ``run`` it here, or ``cancel`` it from elsewhere."""

    def __init__(
        self,
        model: Model,
        what: Any,
        *,
        history: Any = None,
        columns: Mapping[str, str] | None = None,
        options: dict[str, Any] | None = None,
        output: str | Path | None = None,
        annotated: str | Path | None = None,
        overwrite: bool = False,
        explain: bool = False,
        batch_size: int | None = None,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        on_batch: Callable[[Batch], None] | None = None,
        runs: History | None = None,
        face: str = "python",
        keep: bool = False,
    ) -> None:
        """Prepare a run; nothing is read yet beyond what tells whether it can start.

        Args:
            history: a source of earlier rows; they give the others their past and get no answers.
            columns: field -> column of the tables, where that is not obvious.
            output: a file for the results; without one they are gathered in memory.
            annotated: an ``.mp4``, for one video, or a folder, for a PNG of each picture: the
                answers drawn over the pictures.
            explain: also explain every row, into ``Result.explanations``.
            batch_size: rows a batch; found by measuring if None.
            on_progress: called after each batch.
            on_batch: called with each batch; nothing is then gathered in memory.
            runs: where the run is noted; the user's own history of runs if None.
            keep: without an output, write the results into the run's own folder, from where
                they can be read again later.

        Raises:
            DeepfieldError: for a wrong option, a missing source, a file that may not be written.
        """
        if batch_size is not None and batch_size < 1:
            raise UsageError(f"Batch size {batch_size} is not a positive number.")
        if history is not None and not model.inputs.group_by:
            raise UsageError(
                f"Rows of {model.domain.name} stand by themselves; they have no history."
            )
        self.model = model
        reading, own = model.formats.split(options or {})
        self.options = parse_options(model.domain, own, model.formats)
        self.source: Source = open_source(
            what, model.inputs, model.formats, reading, columns=columns
        )
        self.earlier = (
            None
            if history is None
            else open_source(history, model.inputs, model.formats, columns=columns)
        )
        self.output = Path(output) if output else None
        if self.output:
            check_output(self.output, overwrite, model.formats.writers)
        self.annotated = Path(annotated) if annotated else None
        if self.annotated:
            check_annotated(self.annotated, model, self.source, overwrite)
        self.explain = explain
        self.progress = Progress(total=self.source.total)
        self.on_progress = on_progress
        self.on_batch = on_batch
        self.runs = runs or History()
        self._face = face
        self._keep = keep
        self._batch_size = batch_size
        self._groups: Path | None = None
        self._cancelled = threading.Event()
        self._started = 0.0

    def cancel(self) -> None:
        """Stop after the batch in work; what was scored stays."""
        self._cancelled.set()

    def run(self) -> Result:
        """Score every row.

        Raises:
            DeepfieldError: if the source or the output breaks off; what was written stays.

        Ctrl-C ends the job as ``cancel`` does and is not raised again.
        """
        run = self._noted()
        if self._keep and self.output is None:
            self.output = run.folder / "results.parquet"
            if self.model.inputs.answer_per:  # results hold but the last row of each group
                self._groups = run.folder / GROUPS
        collector = self._collector = Collector(self.model, self.output, self.on_batch)
        self._started = time.monotonic()
        status, reason = "failed", None
        annotator: Annotator | None = None
        drawn: Path | None = None
        try:
            collector.open()
            annotator = Annotator(self.model, self.annotated) if self.annotated else None
            way = staged if needs_staging(self.model.inputs) else streamed
            with closing(way(self._task())) as batches:
                for batch in batches:
                    collector.take(batch)
                    if annotator is not None:
                        annotator.take(batch)
            if annotator is not None:
                drawn, annotator = annotator.close(keep=True), None
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
            written: Path | None = None
            if annotator is not None:  # Ctrl-C leaves what can be played; a failure what there is
                with suppress(Exception):  # the failure that ended the run is told
                    drawn = annotator.close(keep=status == "stopped")
            try:
                written = collector.close(
                    keep=status == "done" or (status == "stopped" and collector.served > 0)
                )
            except DeepfieldError as error:
                status, reason = "failed", str(error)
                raise
            finally:
                aside = collector.aside
                self.runs.update(
                    run.id,
                    status=status,
                    reason=reason,
                    rows_in=collector.served + collector.rejected + collector.others,
                    rows_out=collector.served,
                    rows_rejected=collector.rejected,
                    seconds=time.monotonic() - self._started,
                    result=str(written.resolve()) if written else None,
                    rejected=str(aside.path.resolve()) if aside and aside.file else None,
                )
        result = collector.result(self.runs.get(run.id), self.source.left_alone)
        result.annotated = drawn
        return result

    def _noted(self) -> Run:
        """Return the run that begins now, noted in the history."""
        return self.runs.start(
            face=self._face,
            domain=self.model.domain.name,
            model=self.model.spec.name,
            model_hash=self.model.folder.hash,
            source=printable(self.source.name),
            options=self.options.model_dump(mode="json")
            | dict(self.source.options)
            | ({"columns": dict(self.source.columns)} if self.source.columns else {}),
        )

    def _task(self) -> Task:
        return Task(
            self.model,
            self.source,
            self.options,
            self._report,
            self.earlier,
            self.explain,
            self._batch_size,
            self._groups,
            self._cancelled,
        )

    def _report(self, stage: str, done: int) -> None:
        self.progress = Progress(
            done,
            self._collector.rejected,
            self.source.total,
            time.monotonic() - self._started,
            stage,
        )
        self.on_progress(self.progress)
