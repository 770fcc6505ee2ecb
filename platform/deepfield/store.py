"""The models of a domain: those that it ships, and those that a person fitted to their own data.

Fitted ones lie in ``models/<domain>/<name>`` of the data folder. ``config.json`` names the shipped
model whose class reads them, never a module: nothing in a folder may choose what is imported.
"""

from __future__ import annotations

import json
import re
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from deepfield.changing import changing
from deepfield.domain import Domain, ModelSpec
from deepfield.errors import DeepfieldError, InputError, NotFoundError, UsageError
from deepfield.folders import data_folder

__all__ = [
    "FittedModel",
    "check_new_name",
    "find_model",
    "fitted_models",
    "keep_model",
    "list_models",
    "remove_model",
]

LONG = 600.0
"""Seconds that a model that is whole waits for another change to end."""
SHORT = 5.0
"""The same of one that is to be removed: a person waits."""
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


@dataclass(frozen=True)
class FittedModel(ModelSpec):
    """A model that a person fitted: where its folder lies, and what it was fitted from."""

    place: Path = Path()
    base: str = ""
    fitted: str = ""
    """When, in UTC, ISO 8601."""
    problem: str = ""
    """Why it cannot be loaded, or nothing."""

    @property
    def folder(self) -> Path:
        return self.place


def list_models(domain: Domain) -> list[ModelSpec]:
    """Return the models that a domain ships, then the fitted ones by name."""
    return [*domain.models, *fitted_models(domain)]


def fitted_models(domain: Domain) -> list[FittedModel]:
    """Return the fitted models of a domain, by name; one that cannot be loaded says why."""
    try:
        places = sorted(_shelf(domain).iterdir())
    except OSError:  # nothing was fitted yet
        return []
    shipped = {spec.name for spec in domain.models}
    return [
        _read(domain, place)
        for place in places
        if NAME.fullmatch(place.name) and place.is_dir() and place.name not in shipped
    ]


def find_model(domain: Domain, name: str | None = None) -> ModelSpec:
    """Return the model of that name, shipped or fitted, or the first.

    Raises:
        NotFoundError: naming those that exist.
        InputError: if it is a fitted one that cannot be loaded any more.
    """
    if name is None:
        return domain.models[0]
    models = list_models(domain)
    for spec in models:
        if spec.name == name:
            if isinstance(spec, FittedModel) and spec.problem:
                raise InputError(spec.problem)
            return spec
    raise NotFoundError.among(f"model of {domain.name}", name, (spec.name for spec in models))


def check_new_name(domain: Domain, name: str, overwrite: bool = False) -> None:
    """Raise UsageError unless a fitted model of ``domain`` may take this name."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"A model cannot be named {name!r}: use at most 41 lower-case letters, digits and "
            "hyphens, beginning with a letter or a digit, such as 'my-own-2'."
        )
    if name in {spec.name for spec in domain.models}:
        raise UsageError(
            f"{name!r} is a model that {domain.name} ships; choose a name of your own."
        )
    if not overwrite and (_shelf(domain) / name).exists():
        raise UsageError(
            f"{domain.name} has a fitted model {name!r} already. "
            "Choose another name, or say that it is to be replaced (--overwrite, overwrite=True)."
        )


def keep_model(domain: Domain, name: str, made: Path, overwrite: bool = False) -> Path:
    """Move a folder that is whole to its place and return the place.

    Whatever breaks in, ``made`` is moved and whole, or all is as it was. A change of the model that
    goes on is waited for, and for long: what was made may have taken hours.

    Args:
        overwrite: put it in the place of a fitted model of that name, if there is one.

    Raises:
        UsageError: if there is one, perhaps for a moment only, and it may not be replaced.
        DeepfieldError: if the disk does not allow it, or another change does not end.
    """
    check_new_name(domain, name, overwrite)
    with changing(domain, name, wait=LONG):
        return _put(domain, name, made, overwrite)


def _put(domain: Domain, name: str, made: Path, overwrite: bool) -> Path:
    place = _shelf(domain) / name
    before = place.with_name(f".{name}-{uuid.uuid4().hex[:8]}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if overwrite and place.exists():
            place.rename(before)
        made.rename(place)  # refused where another model came to lie in the meantime
    except BaseException as error:  # Ctrl-C, too, must not hide the model that was there
        if before.exists() and not place.exists():
            before.rename(place)
        if isinstance(error, OSError):
            check_new_name(domain, name, overwrite)
            raise DeepfieldError(f"Cannot write {str(place)!r}: {error.strerror}.") from error
        raise
    finally:
        if place.exists():
            shutil.rmtree(before, ignore_errors=True)
    return place


def remove_model(domain: Domain, name: str) -> None:
    """Delete a fitted model.

    Raises:
        UsageError: if the domain ships it.
        NotFoundError: if there is none of that name.
        DeepfieldError: if it is being changed, or the disk does not allow it.
    """
    if name in {spec.name for spec in domain.models}:
        raise UsageError(f"{name!r} is a model that {domain.name} ships; only fitted ones can go.")
    found = {spec.name: spec for spec in fitted_models(domain)}
    if name not in found:
        raise NotFoundError.among(f"fitted model of {domain.name}", name, found)
    place = found[name].folder
    gone = place.with_name(f".{name}-{uuid.uuid4().hex[:8]}")
    with changing(domain, name, wait=SHORT):
        domain.model_removed(name)
        try:
            place.rename(gone)  # from here on it is not listed, even if deleting breaks off
            shutil.rmtree(gone)
        except OSError as error:
            raise DeepfieldError(f"Cannot remove {str(place)!r}: {error.strerror}.") from error


def _shelf(domain: Domain) -> Path:
    return data_folder() / "models" / domain.name


def _read(domain: Domain, place: Path) -> FittedModel:
    try:
        config = json.loads((place / "config.json").read_text(encoding="utf-8"))
        base, fitted = str(config["base"]), str(config.get("fitted", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        problem = (
            f"The fitted model {place.name!r} in {str(place)!r} cannot be read: its config.json "
            f"is missing, broken or names no base ({type(error).__name__})."
        )
        return FittedModel(place.name, "", "", place=place, problem=problem)
    for spec in domain.models:
        if spec.name == base:
            return FittedModel(
                place.name,
                spec.technique,
                spec.predictor,
                summary=f"fitted from {base}" + (f" on {fitted[:10]}" if fitted else ""),
                place=place,
                base=base,
                fitted=fitted,
            )
    problem = (
        f"The fitted model {place.name!r} was fitted from {base!r}, which {domain.name} does not "
        "ship any more; fit it again."
    )
    return FittedModel(place.name, "", "", place=place, base=base, fitted=fitted, problem=problem)
