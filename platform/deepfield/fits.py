"""Every fit is a folder that other processes can watch: how far it is, its curve, how it ended.

status.json     what is fitted, from what, how far, how it stands; replaced as a whole
log.jsonl       the figures of each epoch
result.json     the evaluation on the held-out part, once it is done
work/           what is there only while it runs: uploads, and the model until it is whole
stop            somebody wants it to end
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from deepfield.errors import DeepfieldError, NotFoundError
from deepfield.folders import data_folder

__all__ = ["Fit", "find_fit", "forget_fit", "list_fits", "start_fit"]


@dataclass(frozen=True)
class Fit:
    """One fit, as its ``status.json`` says."""

    id: str
    started: str
    """UTC, ISO 8601."""
    domain: str
    name: str
    """The model that it makes."""
    source: str
    face: str
    """python, command line or dashboard."""
    process: int
    base: str = ""
    state: str = "running"
    """running, done, stopped (by a person), failed, or lost (its process is gone)."""
    stage: str = "starting"
    done: float = 0.0
    """The share of all its work, 0 to 1."""
    seconds: float = 0.0
    message: str = ""
    """Why it failed."""
    request: dict[str, Any] = field(default_factory=dict)
    """What was asked for, enough to do it again."""

    @property
    def folder(self) -> Path:
        return data_folder() / "fits" / self.id

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def running(self) -> bool:
        return self.state == "running"

    @property
    def log(self) -> pd.DataFrame:
        """Return the figures of each epoch so far, one row an epoch."""
        try:
            lines = (self.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
        except OSError:
            return pd.DataFrame()
        records = []
        for line in lines:
            with suppress(ValueError):  # the last line may be half written
                records.append(json.loads(line))
        return pd.DataFrame(records)

    @property
    def result(self) -> dict[str, Any] | None:
        """Return the evaluation of what it made, as ``Evaluation.to_json`` wrote it, or None."""
        try:
            return json.loads((self.folder / "result.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    @property
    def stop_wanted(self) -> bool:
        return (self.folder / "stop").exists()

    def stop(self) -> None:
        """Ask the process that runs it to end; it does at the next report."""
        with suppress(OSError):  # its folder is gone, and so is it
            (self.folder / "stop").touch()

    def update(self, **values: Any) -> Fit:
        """Write what changed and return the fit as it is now."""
        changed = replace(self, **values)
        new = self.folder / f"status.{os.getpid()}.tmp"
        try:
            new.write_text(json.dumps(asdict(changed), indent=2, default=str), encoding="utf-8")
            new.replace(self.folder / "status.json")  # a reader never sees half of it
        except OSError as error:
            raise _cannot_write(self.folder, error) from error
        return changed

    def note(self, figures: dict[str, float]) -> None:
        """Add the figures of an epoch to the log."""
        try:
            with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(figures) + "\n")
        except OSError as error:
            raise _cannot_write(self.folder, error) from error

    def clear(self) -> None:
        """Remove what is there only while it runs."""
        shutil.rmtree(self.work, ignore_errors=True)


def start_fit(**values: Any) -> Fit:
    """Make the folder of a fit that begins now.

    Raises:
        DeepfieldError: if the data folder cannot be written.
    """
    fit = Fit(
        id=uuid.uuid4().hex[:12],
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        process=os.getpid(),
        **values,
    )
    try:
        fit.work.mkdir(parents=True)
    except OSError as error:
        raise _cannot_write(fit.folder, error) from error
    return fit.update()


def find_fit(id: str) -> Fit:
    """Return a fit by its identifier.

    Raises:
        NotFoundError: if there is none.
    """
    found = _read(data_folder() / "fits" / id) if id.isalnum() else None
    if found is None:
        raise NotFoundError(f"No fit {id!r}.")
    return found


def list_fits(domain: str | None = None) -> list[Fit]:
    """Return the fits of this user, newest first; what lost ones left behind is cleared."""
    try:
        folders = list((data_folder() / "fits").iterdir())
    except OSError:  # nothing was fitted yet
        return []
    fits = [fit for fit in map(_read, folders) if fit is not None]
    for fit in fits:
        if fit.state == "lost":
            fit.clear()
    chosen = [fit for fit in fits if domain is None or fit.domain == domain]
    return sorted(chosen, key=lambda fit: (fit.started, fit.id), reverse=True)


def forget_fit(id: str) -> None:
    """Remove a fit from the list; the model that it made stays.

    Raises:
        DeepfieldError: if it is running.
    """
    fit = find_fit(id)
    if fit.running:
        raise DeepfieldError(f"The fit {id!r} is running; stop it first.")
    shutil.rmtree(fit.folder, ignore_errors=True)


def _read(folder: Path) -> Fit | None:
    try:
        values = json.loads((folder / "status.json").read_text(encoding="utf-8"))
        known = {each.name for each in fields(Fit)}
        fit = Fit(**{name: value for name, value in values.items() if name in known})
    except (OSError, ValueError, TypeError, AttributeError):  # no fit, or one half removed
        return None
    return replace(fit, state="lost") if fit.running and not _alive(fit.process) else fit


def _alive(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _cannot_write(folder: Path, error: OSError) -> DeepfieldError:
    return DeepfieldError(
        f"The fit's folder {str(folder)!r} cannot be written: {error.strerror}. "
        "Set DEEPFIELD_HOME to a folder that can be."
    )
