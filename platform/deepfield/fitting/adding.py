"""The fitted model that documents are put into or taken out of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from deepfield.changing import changing
from deepfield.domain import Domain
from deepfield.errors import DeepfieldError, InputError, NotFoundError, UsageError
from deepfield.models import ModelFolder
from deepfield.store import fitted_models

__all__ = ["Before", "alone", "check_unchanged", "find_before"]


@dataclass(frozen=True)
class Before:
    """A fitted model as it was when a change of it began."""

    folder: ModelFolder
    base: str
    hash: str


def find_before(
    domain: Domain, name: str, base: str | None = None, overwrite: bool = False
) -> Before:
    """Return the fitted model of that name.

    Args:
        base: the shipped model to start from, if a person named one: it must be its own.
        overwrite: whether the person wants it replaced too, which cannot be.

    Raises:
        NotFoundError: if there is none.
        UsageError: if what is wanted does not go together.
        InputError: if it cannot be loaded any more.
    """
    if overwrite:
        raise UsageError(
            "Either change a model or replace it: adding, removing and overwriting exclude."
        )
    found = {spec.name: spec for spec in fitted_models(domain)}
    if name not in found:
        raise NotFoundError.among(f"fitted model of {domain.name} to change", name, found)
    spec = found[name]
    if spec.problem:
        raise InputError(spec.problem)
    if base not in (None, spec.base):
        raise UsageError(f"{name!r} was made from {spec.base!r}; {base!r} cannot change it.")
    folder = ModelFolder(spec.folder)
    return Before(folder, spec.base, folder.hash)


@contextmanager
def alone(domain: Domain, name: str, base: str, meanwhile: Callable[[], None]) -> Iterator[Before]:
    """Give the fitted model of that name as it is now, while nobody else changes it.

    Args:
        base: the shipped model that it was made from.
        meanwhile: called now and then while another change is waited for.

    Raises:
        DeepfieldError: if it is gone, or another change does not end.
    """
    with changing(domain, name, meanwhile=meanwhile):
        yield find_before(domain, name, base)


def check_unchanged(domain: Domain, name: str, before: Before) -> None:
    """Raise DeepfieldError if the model was changed meanwhile, by hand say: that would be lost."""
    try:
        same = find_before(domain, name).hash == before.hash
    except DeepfieldError:
        same = False
    if not same:
        raise DeepfieldError(
            f"The model {name!r} was changed or removed while this fit changed it too; nothing of "
            "the fit was kept. Try again."
        )
