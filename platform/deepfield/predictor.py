"""A loaded model: what turns checked rows into results and explains them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import pandas as pd
from pydantic import BaseModel

from deepfield.explanation import Explanation
from deepfield.models import ModelFolder
from deepfield.table import Table

__all__ = ["FilesRead", "Predictor", "Report"]


class Report(Protocol):
    """How a fit says how far it is; it raises when a person wants the fit to stop."""

    def __call__(self, done: float, figures: Mapping[str, float] | None = None) -> None:
        """Take the share done, 0 to 1, and after each epoch its figures: ``epoch``, ``loss`` …"""


@dataclass(frozen=True)
class FilesRead:
    """What came of the files that a model learned from."""

    problems: Mapping[str, str] = field(default_factory=dict)
    """The name of each file that could not be read -> one sentence why."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What the model holds now, in words for people: ``{"documents": 12, "passages": 340}``."""


class Predictor(ABC):
    """Subclasses live in a module of their own, named by ``ModelSpec.predictor``.

    One predictor serves many callers at once: nothing may change after ``load``.
    """

    inputs: Table | None = None
    """The domain's inputs as this model reads them (pictures of one size, say), or None."""
    outputs: Table | None = None
    """What this model answers, if more than its domain promises: all of the domain's outputs, with
    classes of its own perhaps, and others beside them."""
    largest_batch: ClassVar[int] = 4096
    """No batch is larger. How large they really are, scoring finds out by measuring."""
    FitOptions: ClassVar[type[BaseModel] | None] = None
    """What a person may set when fitting to their own rows; None: models of this kind cannot be."""
    needs_labels: ClassVar[bool] = True
    """Whether a fit needs the truth of rows. Without, labels that there are serve to calibrate and
    to measure by, and rows that have none are learned from all the same."""

    fewest_rows: ClassVar[int] = 5
    """Rows of each class that a fit needs, at least three: one to learn from, one to choose by and
    one to measure on. Of a model that learns without labels, rows in all."""

    learns_from_all: ClassVar[bool] = False
    """Of models that rank what groups take next: whether, when the model is measured, ``fit`` is
    called once more with every row as ``training``, an empty ``validation``, and the measured
    model's folder as ``base``. What comes of that is kept. Two moments held out of a short history
    are much of it."""

    learns_from: ClassVar[tuple[str, ...]] = ()
    """The endings of the files that a fit takes instead of rows, with their dots and in lower case:
    ``(".pdf", ".md")``. Such classes have ``fit_files`` in the place of ``fit``."""

    @classmethod
    @abstractmethod
    def load(cls, folder: ModelFolder, device: str = "auto") -> Self:
        """Read a model folder. ``device`` is ``auto``, ``cpu`` or ``cuda``."""

    def gathers_from(self, key: str) -> Sequence[str] | None:
        """Return the columns that ``gather`` by ``key`` looks at; None: any of them.

        It then gets these alone, of those that there are, beside the key and ``order_by``. A few
        new rows with a long past are answered the faster for it.
        """
        return None

    def gather(self, rows: pd.DataFrame, key: str, options: Any) -> pd.DataFrame:
        """Return what each row takes from the rows before it that share the key ``key``.

        Called for each name in ``inputs.group_by`` in turn, before ``predict``; what was gathered
        by one stands in ``rows`` for the next, and all of it for ``predict`` and ``explain``.

        Args:
            rows: checked input columns: every row of some values of ``key``, those of one value
                together and in the order of ``inputs.order_by``.

        Returns:
            Columns of numbers with names of their own, and the index of ``rows``. A row depends
            on itself and on rows of its group that are earlier in ``order_by``, never on later
            ones, nor on how groups are cut into calls.
        """
        raise NotImplementedError(f"{type(self).__name__} gathers nothing by {key!r}")

    @abstractmethod
    def predict(self, rows: pd.DataFrame, options: Any) -> pd.DataFrame:
        """Return the model's outputs, ``confidence`` and ``trust`` for each checked row.

        The index of the result is that of ``rows``; how rows are cut into batches changes nothing.
        What an input says is true of the row itself must not be made use of: it may be there or
        not, and is never there when the model is measured.

        Where ``inputs.answer_per`` names a key, ``rows`` are whole groups instead, the rows of each
        together and in order; one row is returned for each group, with the label of its last row.
        """

    def period(self, options: Any) -> str | None:
        """Return the span of ``inputs.order_by`` whose rows ``settle`` must see together.

        ``"day"``, ``"week"`` or ``"month"`` in UTC; None, as mostly, if each answer stands by
        itself.
        """
        return None

    def settle(self, rows: pd.DataFrame, results: pd.DataFrame, options: Any) -> pd.DataFrame:
        """Return the results of one period, decided together: a budget of reviews a day, say.

        Args:
            rows: checked input columns of all rows of one period.
            results: what ``predict`` gave for them, with the same index and columns as returned.
        """
        return results

    @abstractmethod
    def explain(self, rows: pd.DataFrame, options: Any) -> list[Explanation]:
        """Return what carried each answer that ``predict`` gives for ``rows``, in its order."""

    @classmethod
    def fit_inputs(cls, inputs: Table, options: Any, sample: pd.DataFrame | None) -> Table:
        """Return the inputs as ``fit`` wants them read: those of the base model, mostly.

        Override it where an option changes them. A picture that was squashed to the base model's
        size on the way is not the picture that the fitted model will see. Or where a person's table
        does: it may have further columns to learn from, for which fields are added, and lack
        columns that the base model needs, whose fields are left out, of ``group_by`` too. The
        fitted model then says the same as its own ``inputs``.

        Args:
            sample: a table's rows as they came, without labels, groups and truth; None for
                pictures.

        Raises:
            InputError: if nothing can be learned from such a table.
        """
        return inputs

    @classmethod
    def fit(
        cls,
        training: pd.DataFrame,
        validation: pd.DataFrame,
        folder: Path,
        *,
        base: ModelFolder,
        options: Any,
        report: Report,
        device: str = "auto",
    ) -> None:
        """Learn from a person's own rows and write a model folder that ``load`` reads.

        Only classes that set ``FitOptions`` need this. The platform splits off the rows, measures
        the model on a third part that neither frame holds, and writes card and golden rows.

        Where a domain ranks what groups take next, no frame has labels. ``training`` has rows group
        by group, each group's in order, and ``validation`` those of the moment that followed: what
        these groups did before is in ``training``. Words are of pandas' ``str``.

        Args:
            training: checked input columns, as ``fit_inputs`` says, what the base model gathered
                for each row, and ``label``. The input that holds the truth is not among them.
                Where labels are not needed ``label`` is None for rows without, and no column at
                all if no row has one.
            validation: the same, to stop early, calibrate and set the guard by; empty where the
                model is fitted once more to all rows: see ``learns_from_all``.
            folder: where ``config.json``, ``model.safetensors`` and what else ``load`` needs go.
            base: the shipped model to start from; or the measured one, which knows its number of
                epochs and its calibration.
            options: an instance of ``FitOptions``.
            report: told how far the fit is; what it raises ends the fit.
        """
        raise NotImplementedError(f"{cls.__name__} cannot be fitted")

    @classmethod
    def fit_files(
        cls,
        files: Mapping[str, Path],
        folder: Path,
        *,
        base: ModelFolder,
        options: Any,
        report: Report,
        device: str = "auto",
        before: ModelFolder | None = None,
        without: Sequence[str] = (),
    ) -> FilesRead:
        """Learn from a person's own files and write a model folder that ``load`` reads.

        Only classes that set ``learns_from`` and ``FitOptions`` need this. Nothing is held out, for
        there is no truth to measure by: the platform says which files were read, and writes the
        card, golden rows from the domain's samples, and its own entries into ``config.json``.

        Args:
            files: the name that a person sees -> the file. In a folder or archive the name is the
                path from there, ``rules/leave.pdf``; the file itself may be called anything. Each
                name ends in one of ``learns_from``, in small letters or capitals.
            folder: where ``config.json``, ``model.safetensors`` and what else ``load`` needs go.
            base: the shipped model to start from.
            options: an instance of ``FitOptions``.
            report: told how far the fit is; what it raises ends the fit.
            before: the fitted model to add to, to be read only: what it holds is in the new one
                too, but what came of a file of the same name, which is replaced. None: a model that
                holds nothing but these files. A file that cannot be read replaces nothing.
            without: files of ``before`` of which nothing is to be in the new model; there may then
                be no ``files``.

        Raises:
            NotFoundError: if ``before`` holds nothing of a file that is to go.
            InputError: if nothing could be read, or nothing is left and ``load`` needs something.
                The platform says so itself where every file is among the problems.
        """
        raise NotImplementedError(f"{cls.__name__} learns from no files")
