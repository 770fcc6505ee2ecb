"""One fit from the source to the finished model folder; nothing of it is kept until it is whole."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from deepfield.domain import Domain, ModelSpec, ranked_output
from deepfield.errors import InputError, UsageError
from deepfield.evaluation.inventory import Inventory
from deepfield.fits import Fit, start_fit
from deepfield.fitting.adding import alone, check_unchanged, find_before
from deepfield.fitting.bases import check_files_only, find_base, fit_options
from deepfield.fitting.by_documents import fit_by_documents
from deepfield.fitting.by_labels import fit_by_labels
from deepfield.fitting.by_moments import fit_by_moments
from deepfield.fitting.ending import ended
from deepfield.fitting.files import Files, files_asked_for
from deepfield.fitting.progress import (
    AGAIN,
    SHARES,
    SHARES_OF_FILES,
    SHARES_TWICE,
    FitProgress,
    Stopped,
)
from deepfield.fitting.reading import read_rows
from deepfield.fitting.task import FilesTask, FitTask, Fitted, Made
from deepfield.formats import Formats
from deepfield.labelled import Labelled, find_path
from deepfield.loading import Model, load_model, predictor_class
from deepfield.models import ModelFolder
from deepfield.sinks import RejectedSink
from deepfield.store import check_new_name, keep_model

__all__ = ["Fitting"]


class Fitting:
    """One fit. ``run`` it here, or ``cancel`` it from elsewhere."""

    def __init__(
        self,
        domain: Domain,
        source: Any = None,
        *,
        name: str,
        base: str | None = None,
        label: str | None = None,
        group: str | None = None,
        columns: Mapping[str, str] | None = None,
        overwrite: bool = False,
        add: bool = False,
        remove: Sequence[str] = (),
        options: Mapping[str, Any] | None = None,
        device: str = "auto",
        on_progress: Callable[[FitProgress], None] = lambda progress: None,
        face: str = "python",
        fit: Fit | None = None,
        shown_as: str | None = None,
        formats: Formats | None = None,
    ) -> None:
        """Check all that can be checked before pictures are read.

        Args:
            source: a folder or .zip with a folder for each class, or a table with labels; without,
                where what groups took next is the truth. Where a domain learns from documents: a
                file, a folder, a .zip, a list of such, or a mapping name -> file.
            name: of the model to make.
            base: the shipped model to start from; the first that can be fitted if None.
            label: the column of labels of a table; None: the domain's own, or ``label``; empty:
                none, for models that learn without.
            group: a column of a table.
            columns: field -> column of a table, where that is not obvious.
            add: add documents to the fitted model of that name, in the place of those of the same
                names, instead of making it anew.
            remove: names of documents of the fitted model of that name that are to go; with ``add``
                or without a source.
            fit: the record to keep, where one was made beforehand.
            shown_as: what a person calls the source, if not by its path.
            formats: of files that may hold several pictures; ``options`` may say how to read them.

        Raises:
            DeepfieldError: for whatever keeps the fit from starting.
        """
        self.remove = tuple(dict.fromkeys([remove] if isinstance(remove, str) else remove))
        if self.remove and source is not None and not add:
            raise UsageError("To put documents in as well as to remove some, say add too.")
        if source is None and not self.remove:
            raise UsageError("There is nothing to learn from: name a source.")
        add = add or bool(self.remove)
        check_new_name(domain, name, overwrite or add)
        self.domain, self.name, self.overwrite = domain, name, overwrite or add
        self.before = find_before(domain, name, base, overwrite) if add else None
        self.spec: ModelSpec = find_base(domain, base if self.before is None else self.before.base)
        formats = formats or Formats()
        reading, own = formats.split(options or {})
        self.options = fit_options(self.spec, own)
        endings = predictor_class(self.spec).learns_from
        self._files: Files | None = None
        if endings:
            check_files_only(domain, label=label, group=group, columns=columns)
            self._files = files_asked_for(source, endings, shown_as, self.remove)
        elif add:
            raise UsageError(
                f"Models of {domain.name} learn from rows; nothing is added to them or removed."
            )
        elif isinstance(source, str | Path):
            find_path(source)
        self.base: Model = load_model(domain, self.spec.name, device, formats)
        self._ranked = ranked_output(self.base.inputs, self.base.outputs)
        self.columns: Mapping[str, str] = {}
        """What columns of a table were taken for, where that had to be told."""
        if self._files is not None:
            self.source = self._files.source
        else:
            self.raw, self.inputs = read_rows(
                source,
                self.base,
                self.options,
                label,
                group,
                shown_as,
                formats,
                reading,
                columns,
            )
            self.source, self.columns = self.raw.name, self.raw.columns
        self.device = device
        self.on_progress = on_progress
        self.fit = fit
        self._face = face
        self._request: dict[str, Any] = {
            "source": self.source,
            "base": self.spec.name,
            "label": label,
            "group": group,
            "columns": dict(self.columns),
            "options": self.options.model_dump(mode="json") | reading,
        }
        self._shares = SHARES
        if self._files is not None:
            self._request |= {
                "sources": list(self._files.given),
                "add": add and source is not None,
                "remove": list(self.remove),
            }
            self._shares = SHARES_OF_FILES
        elif self._ranked is not None and self.base.predictor.learns_from_all:
            self._shares = SHARES_TWICE
        self._cancelled = threading.Event()
        self._started = self._written = 0.0
        self._whole = False  # measured, described, and about to be put in its place

    def cancel(self) -> None:
        """End the fit at its next report; nothing of it stays."""
        self._cancelled.set()

    def run(self) -> Fitted:
        """Fit, measure, write the card, and put the model where every face finds it.

        Raises:
            Stopped: if a person ended it, by ``cancel`` or by Ctrl-C.
            DeepfieldError: if the rows or the disk do not allow it.
        """
        self._started = time.monotonic()
        if self.fit is None:
            self.fit = start_fit(
                domain=self.domain.name,
                name=self.name,
                source=self.source,
                face=self._face,
                base=self.spec.name,
                request=self._request,
            )
        else:
            self.fit = self.fit.update(base=self.spec.name, request=self._request)
        started = self.fit
        end = ended(
            started, self.name, partial(self._kept, started), partial(self._settle, started)
        )
        with end, self._alone():
            fitted = self._run(self.fit)
        return replace(fitted, fit=self.fit)

    def _run(self, fit: Fit) -> Fitted:
        folder = fit.work / "model"
        made = self._make(fit, folder)
        evaluation = made.evaluation
        measured = not isinstance(evaluation, Inventory)
        (folder / ("figures.json" if measured else "inventory.json")).write_text(
            json.dumps(evaluation.to_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        aside = RejectedSink(folder / "rejected.csv")
        aside.write(list(made.rejected))
        aside.close()
        (fit.folder / "result.json").write_text(
            json.dumps(evaluation.to_json(), ensure_ascii=False), encoding="utf-8"
        )
        self._say(list(self._shares)[-1], 1.0)  # the last moment at which it can be stopped
        self._check_before()
        self._whole = True
        return Fitted(
            self.name,
            ModelFolder(keep_model(self.domain, self.name, folder, self.overwrite)),
            evaluation,
            made.sizes,
            made.duplicates,
            len(made.rejected),
            fit,
        )

    def _make(self, fit: Fit, folder: Path) -> Made:
        task: dict[str, Any] = {
            "name": self.name,
            "base": self.base,
            "options": self.options,
            "request": self._request,
            "fit": fit,
            "folder": folder,
            "device": self.device,
            "say": self._say,
        }
        if self._files is not None:
            before = None if self.before is None else self.before.folder
            try:
                return fit_by_documents(
                    FilesTask(files=self._files, before=before, without=self.remove, **task)
                )
            except (InputError, OSError):
                self._check_before()  # which may be gone, and then this is why
                raise
        make = fit_by_labels if self._ranked is None else fit_by_moments
        return make(FitTask(inputs=self.inputs, take_rows=self._take_rows, **task))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from changing the model that is added to, from reading it to replacing it."""
        if self.before is None:
            yield
            return
        first = next(iter(self._shares))
        with alone(self.domain, self.name, self.spec.name, lambda: self._say(first, 0.0)) as found:
            self.before = found
            yield

    def _check_before(self) -> None:
        if self.before is not None:
            check_unchanged(self.domain, self.name, self.before)

    def _take_rows(self) -> Labelled:
        """Return the rows as the source had them, and keep none: they may be many millions."""
        raw, self.raw = self.raw, self.raw.part(self.raw.rows.index[:0])
        return raw

    def _say(self, stage: str, done: float, figures: Mapping[str, float] | None = None) -> None:
        """Tell everybody how far it is; end the fit if a person wants that."""
        assert self.fit is not None
        if self._cancelled.is_set() or self.fit.stop_wanted:
            raise Stopped("The fit was stopped; nothing of it was kept.")
        now = time.monotonic()
        start, end = self._shares[stage]
        progress = FitProgress(
            stage,
            start + (end - start) * min(max(done, 0.0), 1.0),
            now - self._started,
            {name: float(value) for name, value in (figures or {}).items()},
        )
        if progress.figures and stage != AGAIN:  # that curve is of what was measured
            self.fit.note(progress.figures)
        if progress.figures or stage != self.fit.stage or now - self._written > 0.3:
            self.fit = self.fit.update(stage=stage, done=progress.done, seconds=progress.seconds)
            self._written = now
        self.on_progress(progress)

    def _kept(self, fit: Fit) -> bool:
        """Return whether the model lies in its place: nothing after that can undo it."""
        return self._whole and not (fit.work / "model").exists()

    def _settle(self, fit: Fit, state: str, message: str) -> None:
        """Write down how the fit ended."""
        latest = self.fit or fit
        self.fit = latest.update(
            state=state,
            message=message,
            done=1.0 if state == "done" else latest.done,
            seconds=time.monotonic() - self._started,
        )
