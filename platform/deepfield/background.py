"""A fit in a process of its own, which outlives whoever started it: ``-m deepfield.background ID``.

What to fit is written in the fit's ``status.json``; how it goes can be read there by anyone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deepfield.errors import DeepfieldError
from deepfield.fits import Fit, find_fit, start_fit
from deepfield.fitting import Fitting
from deepfield.plugins import Registry

__all__ = ["fit_in_background", "prepare_fit", "run_fit", "starting"]


def prepare_fit(domain: str, name: str, source: str, face: str) -> Fit:
    """Make the record of a fit to come; uploads may be put into its ``work`` folder.

    Args:
        source: what a person would call it.
    """
    return start_fit(domain=domain, name=name, source=source, face=face)


@contextmanager
def starting(fit: Fit) -> Iterator[None]:
    """Write down what keeps a prepared fit from starting; it would else be running for ever."""
    try:
        yield
    except BaseException as error:
        fit.clear()
        known = isinstance(error, DeepfieldError)
        fit.update(
            state="failed", message=str(error) if known else f"{type(error).__name__}: {error}"
        )
        raise


def fit_in_background(
    fit: Fit,
    source: Path | Mapping[str, Path],
    *,
    base: str | None = None,
    label: str | None = None,
    group: str | None = None,
    columns: Mapping[str, str] | None = None,
    overwrite: bool = False,
    add: bool = False,
    options: dict[str, Any] | None = None,
) -> Fit:
    """Start a prepared fit and return at once.

    Args:
        source: where the rows or documents lie; inside ``fit.work`` if they are to be deleted
            afterwards. Or documents by the names that a person knows them by.
    """
    named = {} if isinstance(source, Path) else {name: str(path) for name, path in source.items()}
    asked = {
        "path": str(source) if isinstance(source, Path) else "",
        "files": named,
        "base": base,
        "label": label,
        "group": group,
        "columns": dict(columns or {}),
        "overwrite": overwrite,
        "add": add,
        "options": options or {},
    }
    fit = fit.update(request=asked)
    output = fit.folder / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "deepfield.background", fit.id],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal of a dashboard is not meant for it
        )
    threading.Thread(target=_watch, args=(process, fit.id), daemon=True).start()
    return fit


def _watch(process: subprocess.Popen, id: str) -> None:
    """Wait for the process, and write down that it died if it could not do so itself."""
    code = process.wait()
    try:
        fit = find_fit(id)
        if fit.state in ("running", "lost"):
            output = (fit.folder / "output.txt").read_text(errors="replace").strip().splitlines()
            last = f": {output[-1][:300]}" if output else ""
            fit.clear()
            fit.update(state="failed", message=f"Its process ended with code {code}{last}.")
    except (DeepfieldError, OSError):  # forgotten in the meantime
        return


def run_fit(id: str) -> None:
    """Run a prepared fit in this process; its record says how it ends."""
    fit = find_fit(id).update(process=os.getpid())
    asked = fit.request
    try:
        registry = Registry.discover()
        domain = registry.domain(fit.domain)
        fitting = Fitting(
            domain,
            asked.get("files") or Path(asked["path"]),
            name=fit.name,
            base=asked["base"],
            label=asked["label"],
            group=asked["group"],
            columns=asked["columns"],
            overwrite=asked["overwrite"],
            add=asked.get("add", False),
            options=asked["options"],
            shown_as=fit.source,
            fit=fit,
            formats=registry.formats_for(domain),
        )
    except DeepfieldError as error:
        fit.clear()
        fit.update(state="failed", message=str(error))
        return
    try:
        fitting.run()
    except DeepfieldError:  # the record has it
        return


if __name__ == "__main__":
    run_fit(sys.argv[1])
