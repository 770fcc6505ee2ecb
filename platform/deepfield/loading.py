"""A domain with one of its models in memory: the same for every face."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pandas as pd
from pydantic import BaseModel

from deepfield.columns import in_their_words, match_columns, named_as, renamed
from deepfield.domain import Domain, ModelSpec, check_outputs, read_options, with_trust
from deepfield.errors import ContractError, InputError, UsageError
from deepfield.explanation import Explanation
from deepfield.formats import Formats
from deepfield.grouping import answered, gathered, settled
from deepfield.located import located
from deepfield.models import ModelFolder
from deepfield.past import Past
from deepfield.predictor import Predictor
from deepfield.store import find_model
from deepfield.table import Table

__all__ = ["Model", "load_model", "parse_options", "predictor_class", "read_options"]


class Model:
    """A loaded model of a domain. Safe to share: nothing in it changes."""

    def __init__(
        self,
        domain: Domain,
        spec: ModelSpec,
        folder: ModelFolder,
        predictor: Predictor,
        formats: Formats | None = None,
    ) -> None:
        self.domain = domain
        self.spec = spec
        self.folder = folder
        self.predictor = predictor
        self.formats = formats or Formats()
        self._inputs = named_as(
            predictor.inputs or domain.inputs, folder.config.get("data", {}).get("columns", {})
        )
        check_outputs(repr(self), self.inputs, self.outputs)
        missing = set(domain.outputs.names) - set(self.outputs.names)
        if missing:
            raise ContractError(f"{self!r} lacks its domain's outputs {sorted(missing)}")

    def __repr__(self) -> str:
        return f"<Model {self.domain.name}/{self.spec.name} {self.folder.hash[:12]}>"

    @property
    def inputs(self) -> Table:
        """Return the domain's inputs as this model reads them."""
        return self._inputs

    @property
    def outputs(self) -> Table:
        """Return what this model answers: its domain's outputs, and perhaps others."""
        return self.predictor.outputs or self.domain.outputs

    @property
    def results(self) -> Table:
        """Return what each of its result rows holds: outputs, confidence and trust."""
        return with_trust(self.outputs)

    def predict(
        self,
        frame: pd.DataFrame,
        *,
        past: Past | None = None,
        columns: Mapping[str, str] | None = None,
        **options: Any,
    ) -> pd.DataFrame:
        """Return one result row for each row of ``frame``, with its index.

        Where the domain answers whole groups, one for each group, under the label of its last row.

        Args:
            columns: field -> column of ``frame``, where that is not obvious.
            past: earlier rows, as ``remember`` keeps them; ``frame`` then holds the new ones alone.

        Raises:
            InputError: at the first row that cannot be read. ``deepfield.score`` sets such rows
                aside instead.
        """
        rows, own = self._checked(frame, options, columns)
        if self.inputs.answer_per:
            numbered = _numbered(rows)
            complete = self._gathered(numbered, past, own)
            results = self.predict_checked(complete, own).sort_index()
            return results.set_axis(rows.index[results.index - 1], axis=0)
        results = self.predict_checked(self._gathered(rows, past, own), own)
        return settled(self.predictor, self.inputs, rows, results, own)

    def explain(
        self,
        frame: pd.DataFrame,
        *,
        past: Past | None = None,
        columns: Mapping[str, str] | None = None,
        **options: Any,
    ) -> list[Explanation]:
        """Return what carried each answer that ``predict`` gives, in the same order.

        Args:
            past: earlier rows, as ``remember`` keeps them.
            columns: as for ``predict``.

        Raises:
            InputError: at the first row that cannot be read.
        """
        rows, own = self._checked(frame, options, columns)
        if self.inputs.answer_per:
            complete = self._gathered(_numbered(rows), past, own)
            found = self.predictor.explain(complete, own)
            return [found[place] for place in answered(self.inputs, complete).argsort()]
        return self.predictor.explain(self._gathered(rows, past, own), own)

    def remember(
        self, frame: pd.DataFrame, *, columns: Mapping[str, str] | None = None, **options: Any
    ) -> Past:
        """Return earlier rows so that new ones are answered at once: ``predict(new, past=…)``.

        Args:
            columns: as for ``predict``.
            options: those that the new rows will be answered with; others cost time later.

        Raises:
            InputError: at the first row that cannot be read.
            UsageError: if the domain's rows have no history.
        """
        if not self.inputs.group_by:
            raise UsageError(
                f"Rows of {self.domain.name} stand by themselves; they have no history."
            )
        rows, own = self._checked(frame, options, columns)
        past = Past(self.predictor, self.inputs, rows)
        past.prepare(own)
        return past

    def predict_checked(self, rows: pd.DataFrame, options: BaseModel) -> pd.DataFrame:
        """Return results for rows that the table has read, and hold the plugin to its contract.

        Rows that have a history come with what was gathered for them; nothing is settled yet. Where
        whole groups are answered they come whole and in order.
        """
        names = self.results.names
        if rows.empty:
            return pd.DataFrame({name: pd.Series(dtype=object) for name in names}, index=rows.index)
        results = self.predictor.predict(rows, options)
        missing = [name for name in names if name not in results.columns]
        if missing or not results.index.equals(answered(self.inputs, rows)):
            each = "group" if self.inputs.answer_per else "row"
            what = f"lack {missing}" if missing else f"are not one for each {each}, in order"
            raise ContractError(f"{self!r} broke its contract: its results {what}")
        return results if list(results.columns) == names else results[names]

    def _gathered(self, rows: pd.DataFrame, past: Past | None, options: BaseModel) -> pd.DataFrame:
        if past is None:
            return gathered(self.predictor, self.inputs, rows, options)
        if past.predictor is not self.predictor:
            raise UsageError("Another model remembers these earlier rows; let this one do so too.")
        return past.gathered(rows, options)

    def _checked(
        self, frame: pd.DataFrame, options: dict[str, Any], columns: Mapping[str, str] | None
    ) -> tuple[pd.DataFrame, BaseModel]:
        reading, own = self.formats.split(options)
        parsed = parse_options(self.domain, own, self.formats)
        mapped = match_columns(frame.columns, self.inputs, columns)
        frame = renamed(frame, mapped)
        checked = self.inputs.read(located(frame, self.inputs, self.formats, reading))
        if checked.problems:
            index, sentence = next(iter(checked.problems.items()))
            raise InputError(
                f"Row {index!r}: {in_their_words(sentence, mapped)}. "
                f"{len(checked.problems):,} of {len(frame):,} rows cannot be read; "
                "deepfield.score() sets them aside and serves the others."
            )
        return checked.rows, parsed


def _numbered(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows numbered from 1: labels need not be unlike, and what a past holds is below."""
    return rows.set_axis(pd.RangeIndex(1, len(rows) + 1), axis=0)


def load_model(
    domain: Domain,
    name: str | None = None,
    device: str = "auto",
    formats: Formats | None = None,
) -> Model:
    """Load a model of ``domain``, shipped or fitted: by name, or the first.

    Args:
        formats: of files, beyond pictures as such: ``Registry.formats_for`` has the domain's.

    Raises:
        NotFoundError: if it has no model of that name.
        InputError: if the model's folder is missing or broken.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"No device {device!r}: choose auto, cpu or cuda.")
    spec = find_model(domain, name)
    folder = ModelFolder(spec.folder)
    return Model(domain, spec, folder, predictor_class(spec).load(folder, device), formats)


def predictor_class(spec: ModelSpec) -> type[Predictor]:
    """Import the class that a spec names."""
    module, _, name = spec.predictor.partition(":")
    found = getattr(import_module(module), name, None)
    if not (isinstance(found, type) and issubclass(found, Predictor)):
        raise ContractError(f"model {spec.name!r}: {spec.predictor!r} is no Predictor")
    return found


def parse_options(
    domain: Domain, values: dict[str, Any], formats: Formats | None = None
) -> BaseModel:
    """Return the domain's options, defaults filled in.

    Raises:
        UsageError: one sentence for the first value that is wrong.
    """
    return read_options(domain.Options, values, domain.name, formats.fields if formats else ())
