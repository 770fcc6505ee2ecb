"""The two calls that most people need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepfield.loading import Model, load_model
from deepfield.plugins import Registry
from deepfield.results import Result
from deepfield.scoring import Job, Progress

__all__ = ["load", "score"]


def load(
    domain: str, model: str | None = None, *, device: str = "auto", registry: Registry | None = None
) -> Model:
    """Load a model of a domain.

    >>> deepfield.load("medical-imaging").predict(frame)        # doctest: +SKIP

    Raises:
        NotFoundError: if no such domain or model is installed.
    """
    registry = registry or Registry.discover()
    found = registry.domain(domain)
    return load_model(found, model, device, registry.formats_for(found))


def score(
    domain: str | Model,
    source: Any,
    *,
    model: str | None = None,
    output: str | Path | None = None,
    explain: bool = False,
    overwrite: bool = False,
    batch_size: int | None = None,
    device: str = "auto",
    on_progress: Callable[[Progress], None] = lambda progress: None,
    registry: Registry | None = None,
    **options: Any,
) -> Result:
    """Score every row of a source: a folder, a file, a glob, an archive, a DataFrame.

    >>> result = deepfield.score("medical-imaging", "xrays/", explain=True)  # doctest: +SKIP
    >>> result.frame, result.rejected, result.explanations                  # doctest: +SKIP

    Args:
        domain: its name, or a model that was loaded before.
        output: a .csv, .parquet or .jsonl file; without one the results are gathered in memory.
        explain: explain every row.
        options: the domain's own and those of its formats (``plane``, ``slices`` …), by name.

    Raises:
        DeepfieldError: in one sentence, for whatever keeps the run from starting or going on. Rows
            that cannot be read are no error: ``Result.rejected`` has them with their reasons.
    """
    loaded = (
        domain
        if isinstance(domain, Model)
        else load(domain, model, device=device, registry=registry)
    )
    return Job(
        loaded,
        source,
        options=options,
        output=output,
        overwrite=overwrite,
        explain=explain,
        batch_size=batch_size,
        on_progress=on_progress,
    ).run()
