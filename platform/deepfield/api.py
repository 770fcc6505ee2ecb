"""The calls that most people need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepfield.labelled import find_path
from deepfield.loading import Model, load_model
from deepfield.plugins import Registry
from deepfield.results import Result
from deepfield.scoring import Job, Progress

if TYPE_CHECKING:
    from deepfield.evaluation import Evaluation, PolylineEvaluation, RankingEvaluation
    from deepfield.fitting import FitProgress, Fitted

__all__ = ["evaluate", "fit", "load", "score"]


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
    history: Any = None,
    columns: Mapping[str, str] | None = None,
    model: str | None = None,
    output: str | Path | None = None,
    annotated: str | Path | None = None,
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
        history: earlier rows, from a source of any kind: they give the others their past and get
            no answers. For domains whose rows have one.
        columns: field -> column of the tables, where that is not obvious: ``{"amount": "paid"}``.
        output: a .csv, .parquet or .jsonl file; without one the results are gathered in memory.
        annotated: an .mp4, for one video, or a folder, for a PNG of each picture: the answers drawn
            over the pictures, where there is anything to draw.
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
        history=history,
        columns=columns,
        options=options,
        output=output,
        annotated=annotated,
        overwrite=overwrite,
        explain=explain,
        batch_size=batch_size,
        on_progress=on_progress,
    ).run()


def fit(
    domain: str,
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
    device: str = "auto",
    on_progress: Callable[[FitProgress], None] = lambda progress: None,
    registry: Registry | None = None,
    **fit_options: Any,
) -> Fitted:
    """Fit a domain's model to your own rows; then ``model=name`` is it everywhere.

    >>> deepfield.fit("medical-imaging", "films/", name="mine")  # doctest: +SKIP

    Args:
        source: a folder or .zip with a folder for each class, or a table with a column of labels;
            without, where a domain ranks what groups take next. Where it learns from documents: a
            file, a folder, a .zip, a list of such, or a mapping name -> file.
        name: of the model to make: lower-case letters, digits and hyphens.
        base: the shipped model to start from; the first that can be fitted if None.
        label: the column of labels, for tables; None: the domain's own, or ``label``; empty: none,
            for models that learn without.
        group: a column that says which rows must not be split, such as a patient's number.
        columns: field -> column of the table, where that is not obvious.
        overwrite: replace a fitted model of that name.
        add: add documents to the fitted model of that name, in the place of those of the same
            names.
        remove: names of documents that the fitted model of that name shall hold no more; with
            ``add``, or without a source.
        fit_options: the base model's own, by name.

    Raises:
        DeepfieldError: in one sentence, for whatever keeps the fit from starting or going on.
    """
    from deepfield.fitting import Fitting  # brings charts and metrics, which scoring does without

    registry = registry or Registry.discover()
    found = registry.domain(domain)
    return Fitting(
        found,
        source,
        name=name,
        base=base,
        label=label,
        group=group,
        columns=columns,
        overwrite=overwrite,
        add=add,
        remove=remove,
        options=fit_options,
        device=device,
        on_progress=on_progress,
        formats=registry.formats_for(found),
    ).run()


def evaluate(
    domain: str | Model,
    source: Any,
    *,
    model: str | None = None,
    label: str | None = None,
    group: str | None = None,
    mapping: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    device: str = "auto",
    on_progress: Callable[[Progress], None] = lambda progress: None,
    registry: Registry | None = None,
    **options: Any,
) -> Evaluation | RankingEvaluation | PolylineEvaluation:
    """Say how good a model is on labelled rows: figures with intervals, curves, a confusion matrix.

    Where a domain ranks what groups take next, the source needs no labels: what each took last is
    hidden, and looked for in what is recommended after the rest. Where it draws lines over
    pictures, the source tells the lines that are in each: a label file, a folder or .zip that
    holds such, or a table with ``lanes`` and ``h_samples``.

    >>> deepfield.evaluate("medical-imaging", "films/").table()  # doctest: +SKIP

    Args:
        domain: its name, or a model that was loaded before.
        source: a folder or .zip with a folder for each class, or a table with a column of labels.
        label: the column of labels, for tables; None: the domain's own, or ``label``.
        group: a column that says which rows belong together; intervals then draw whole groups.
        mapping: what a label of the source is called by the model.
        columns: field -> column of the table, where that is not obvious.
        options: the domain's own, by name.

    Raises:
        DeepfieldError: in one sentence, for whatever keeps it from being measured. Rows that cannot
            be read are no error: ``Evaluation.rejected`` has them with their reasons.
    """
    from deepfield.evaluation import evaluate as evaluate_model

    if isinstance(source, str | Path):
        find_path(source)
    loaded = (
        domain
        if isinstance(domain, Model)
        else load(domain, model, device=device, registry=registry)
    )
    return evaluate_model(
        loaded,
        source,
        label=label,
        group=group,
        mapping=mapping,
        columns=columns,
        options=options,
        on_progress=on_progress,
    )
