"""Which of a domain's models can be fitted to a person's own rows, and what may be set."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from deepfield.domain import Domain, ModelSpec, ranked_output
from deepfield.errors import ContractError, NotFoundError, UsageError
from deepfield.loading import predictor_class, read_options
from deepfield.predictor import Predictor

__all__ = ["check_files_only", "file_endings", "fit_bases", "fit_options", "options_kind"]

RESERVED = {
    "add", "as_json", "base", "columns", "device", "domain", "group", "help", "json", "label",
    "mapping", "name", "on_progress", "overwrite", "quiet", "registry", "remove", "source",
}  # fmt: skip


def fit_bases(domain: Domain) -> list[ModelSpec]:
    """Return the shipped models that can be fitted; the first is where a fit starts from."""
    return [spec for spec in domain.models if predictor_class(spec).FitOptions is not None]


def file_endings(domain: Domain) -> tuple[str, ...]:
    """Return the endings of the files that fits of a domain learn from; none if from rows.

    Raises:
        ContractError: if its models do not agree, or cannot learn from files.
    """
    kinds = {spec.name: predictor_class(spec) for spec in domain.models}
    from_files = {name: kind for name, kind in kinds.items() if kind.learns_from}
    if not from_files:
        return ()
    for name, kind in kinds.items():
        if name not in from_files and kind.FitOptions is not None:
            raise ContractError(
                f"{domain.name}: {next(iter(from_files))!r} learns from files and {name!r} from "
                "rows; put them into domains of their own"
            )
    for kind in from_files.values():
        _check_files(kind)
    if domain.truth or ranked_output(domain.inputs, domain.outputs) is not None:
        raise ContractError(
            f"{domain.name} learns from files, and its inputs say what is true of rows"
        )
    return tuple(dict.fromkeys(each for kind in from_files.values() for each in kind.learns_from))


def _check_files(kind: type[Predictor]) -> None:
    who = kind.__name__
    if isinstance(kind.learns_from, str):
        raise ContractError(f"{who}.learns_from is a text; make it a tuple of endings")
    for ending in kind.learns_from:
        if not (ending.startswith(".") and ending == ending.lower() and len(ending) > 1):
            raise ContractError(f"{who}.learns_from: {ending!r} is not of the form '.pdf'")
    if kind.FitOptions is None:
        raise ContractError(f"{who} learns from files and lacks FitOptions")
    if kind.fit_files.__func__ is Predictor.fit_files.__func__:  # type: ignore[attr-defined]  # a class method's own function
        raise ContractError(f"{who} learns from files and lacks fit_files")


def check_files_only(domain: Domain, **asked: Any) -> None:
    """Check that a fit to files is asked for nothing that only rows have.

    Raises:
        ContractError: if the domain's models cannot learn from files.
        UsageError: naming what was asked for.
    """
    file_endings(domain)
    named = next((name for name, value in asked.items() if value), None)
    if named is not None:
        raise UsageError(f"Documents have no columns: fitting {domain.name} takes no {named!r}.")


def find_base(domain: Domain, name: str | None) -> ModelSpec:
    """Return the model to start from: the one of that name, or the first that can be fitted.

    Raises:
        NotFoundError: if the domain ships none of that name.
        UsageError: if it cannot be fitted.
    """
    if name is None:
        bases = fit_bases(domain)
        if not bases:
            raise UsageError(f"No model of {domain.name} can be fitted to other data.")
        return bases[0]
    for spec in domain.models:
        if spec.name == name:
            options_kind(spec)
            return spec
    raise NotFoundError.among(
        f"model to start from in {domain.name}", name, (spec.name for spec in domain.models)
    )


def options_kind(spec: ModelSpec) -> type[BaseModel]:
    """Return the class of a model's fit options.

    Raises:
        UsageError: if models of this kind cannot be fitted.
    """
    predictor = predictor_class(spec)
    kind = predictor.FitOptions
    if kind is None:
        raise UsageError(f"The model {spec.name!r} is of a kind that cannot be fitted.")
    own = RESERVED & set(kind.model_fields)
    if own:
        raise ContractError(
            f"{predictor.__name__}.FitOptions: {', '.join(map(repr, sorted(own)))} is an argument "
            "of fitting itself"
        )
    return kind


def fit_options(spec: ModelSpec, values: dict[str, Any]) -> BaseModel:
    """Return a model's fit options, defaults filled in.

    Raises:
        UsageError: one sentence for the first value that is wrong.
    """
    return read_options(options_kind(spec), values, f"fitting {spec.name}")
