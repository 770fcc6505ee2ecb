"""Which of a domain's models can be fitted to a person's own rows, and what may be set."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from deepfield.domain import Domain, ModelSpec
from deepfield.errors import ContractError, NotFoundError, UsageError
from deepfield.loading import predictor_class, read_options

__all__ = ["fit_bases", "fit_options", "options_kind"]

RESERVED = {
    "as_json", "base", "columns", "device", "domain", "group", "help", "json", "label", "name",
    "mapping", "on_progress", "overwrite", "quiet", "registry", "source",
}  # fmt: skip


def fit_bases(domain: Domain) -> list[ModelSpec]:
    """Return the shipped models that can be fitted; the first is where a fit starts from."""
    return [spec for spec in domain.models if predictor_class(spec).FitOptions is not None]


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
