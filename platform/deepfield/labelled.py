"""Rows with the truth beside them: a folder for each class, or a table with a column of labels."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from glob import has_magic
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile, is_zipfile

import pandas as pd

from deepfield.domain import changed_options
from deepfield.errors import InputError, UsageError
from deepfield.fields import printable
from deepfield.formats import Formats
from deepfield.sources import Source, open_source
from deepfield.sources.tables import FrameSource, TableSource
from deepfield.table import Checked, Rejected, Table

__all__ = ["Labelled", "find_path", "read_labelled"]

BATCH = 32


@dataclass(frozen=True)
class Labelled:
    """Rows, what is true of each, and which belong together."""

    name: str
    """What a person would call the source."""
    rows: pd.DataFrame
    """The input columns, with the row numbers as index."""
    labels: pd.Series
    """Text, with the same index."""
    groups: pd.Series | None
    """Which rows share a patient, a machine, a site: text, with the same index."""
    rejected: tuple[Rejected, ...] = ()
    empty_folders: tuple[str, ...] = ()
    """Class folders that hold no picture."""
    reading: Mapping[str, Any] = field(default_factory=dict)
    """How the files were read, where not by default."""
    by_file: bool = False
    """Whether the groups are the files that pictures lie in, several in some: slices, frames."""

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rows each class has, by its name."""
        return dict(sorted(Counter(self.labels).items()))

    def part(self, rows: Any) -> Labelled:
        """Return the rows of these numbers alone, in their order."""
        return replace(
            self,
            rows=self.rows.loc[rows],
            labels=self.labels.loc[rows],
            groups=None if self.groups is None else self.groups.loc[rows],
        )

    def checked(
        self, inputs: Table, on_progress: Callable[[float], None] = lambda done: None
    ) -> Labelled:
        """Return the rows as a model reads them; those that cannot be read join ``rejected``.

        Args:
            on_progress: told the share that is read; what it raises ends the reading.
        """
        threads = os.cpu_count() or 1
        parts: list[pd.DataFrame] = []
        rejected = list(self.rejected)
        waiting: deque[Future[Checked]] = deque()

        def take() -> None:
            found = waiting.popleft().result()
            parts.append(found.rows)
            for number, sentence in found.problems.items():
                rejected.append(Rejected(int(number), self.shown(number, inputs), sentence))

        with ThreadPoolExecutor(threads, thread_name_prefix="deepfield-read") as pool:
            try:
                for start in range(0, len(self.rows), BATCH):
                    waiting.append(pool.submit(inputs.read, self.rows.iloc[start : start + BATCH]))
                    if len(waiting) > threads + 1:
                        take()
                        on_progress(start / len(self.rows))
                while waiting:
                    take()
            finally:
                pool.shutdown(cancel_futures=True)
        rows = pd.concat(parts) if parts else self.rows
        kept = self.part(rows.index)
        return replace(kept, rows=rows, rejected=tuple(sorted(rejected, key=lambda each: each.row)))

    def shown(self, number: Any, inputs: Table) -> str:
        """Return what a person calls the place that a row came from."""
        image = inputs.image
        return image.show(self.rows.at[number, image.name]) if image else self.name


def find_path(what: str | Path) -> Path:
    """Return a path that a person named; say at once, before a model is loaded, if it is not there.

    Raises:
        InputError: if nothing lies there and it is no glob.
    """
    try:
        path = Path(what).expanduser()
        there = path.exists() or has_magic(str(path))
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{str(what)[:100]!r} is no path: {error}.") from error
    if not there:
        raise InputError(f"No file or folder {str(what)!r}.")
    return path


def read_labelled(
    what: Any,
    inputs: Table,
    label: str = "label",
    group: str | None = None,
    shown_as: str | None = None,
    formats: Formats | None = None,
    reading: Mapping[str, Any] | None = None,
) -> Labelled:
    """Read a labelled source.

    Args:
        what: a folder or .zip with a folder for each class, a glob or list of pictures in such
            folders, a table with a column of labels, or a DataFrame.
        label: the column of labels, for tables.
        group: a column that says which rows belong together: of a table, or one that a format
            gives, such as a scan's study.
        shown_as: what a person calls the source, if not by its path.
        formats: of files that may hold several pictures.
        reading: how these are to be read.

    Raises:
        InputError: if nothing is there, or nothing says what is true of the rows.
        UsageError: if a column is named that cannot be what it is named for.
    """
    formats = formats or Formats()
    source = open_source(what, inputs, formats, reading)
    source.name = printable(shown_as or source.name)
    if isinstance(source, FrameSource | TableSource):
        found = _from_table(source, inputs, label, group)
    else:
        root = Path(what).expanduser() if isinstance(what, str | Path) else None
        found = _from_folders(source, inputs, root, group)
    parsed = formats.parse(reading or {})
    said = {name: each for kind in parsed.values() for name, each in changed_options(kind).items()}
    return replace(found, reading=said)


def _from_table(source: Source, inputs: Table, label: str, group: str | None) -> Labelled:
    for name, meant in ((label, "labels"), (group, "groups")):
        if name in inputs.names:
            raise UsageError(f"The column {name!r} is an input and cannot hold the {meant}.")
    if group == label:
        raise UsageError(f"The column {label!r} cannot hold both the labels and the groups.")
    chunks, rejected = [], []
    for chunk in source.chunks():
        rejected += chunk.rejected
        if len(chunk.rows.columns):
            chunks.append(chunk.rows)
    frame = pd.concat(chunks) if chunks else pd.DataFrame()
    inputs.check_columns(frame.columns)
    for name, meant in ((label, "label"), (group, "group")):
        if name is not None and name not in frame.columns:
            others = [str(each) for each in frame.columns if each not in inputs.names]
            raise InputError(
                f"{source.name!r} has no column {name!r}. Name the column that holds the {meant} "
                f"of each row; beside the inputs there are: {', '.join(others[:30]) or 'none'}."
            )
    needed = [name for name in (label, group) if name is not None]
    words = ""
    if isinstance(source, TableSource) and source.path.suffix.lower() in (".csv", ".tsv"):
        words = " (or NA, N/A, NaN or null, which are read as empty unless they stand in quotes)"
    lacking = frame[needed].isna() | (frame[needed] == "")
    for number, empty in lacking[lacking.any(axis=1)].iterrows():
        reason = f"column {next(name for name in needed if empty[name])!r} is empty{words}"
        rejected.append(Rejected(int(str(number)), source.name, reason))
    frame = frame[~lacking.any(axis=1)]
    return Labelled(
        source.name,
        frame[[name for name in inputs.names if name in frame.columns]],
        _words(frame[label]).rename("label"),
        None if group is None else _words(frame[group]).rename("group"),
        tuple(rejected),
    )


def _words(column: pd.Series) -> pd.Series:
    """Return plain text, whatever kind of column it was: categories cannot be joined to it."""
    return column.astype(object).map(printable)


def _from_folders(source: Source, inputs: Table, root: Path | None, group: str | None) -> Labelled:
    image = inputs.image
    if image is None:
        raise UsageError(f"{source.name!r} holds pictures, and this domain takes a table.")
    chunks = [chunk.rows for chunk in source.chunks()]
    if not chunks:
        raise InputError("The list of pictures is empty; name some, or the folder they lie in.")
    frame = pd.concat(chunks)
    if group is not None and group not in frame.columns:
        others = [str(name) for name in frame.columns if name != image.name]
        raise UsageError(
            f"{source.name!r} is read as a folder for each class, which has no column {group!r}"
            + (f" (there are: {', '.join(others)}). " if others else ". ")
            + "Give a table with columns of paths, labels and groups."
        )
    names = frame[image.name].map(lambda value: _inside(value, root))
    labels = names.map(lambda name: name.parent.name)
    if (labels == "").all():
        raise InputError(
            f"{source.name!r} has no folder for each class: its pictures lie side by side. Put "
            "those of each class into a folder of its name, or give a table with labels."
        )
    loose = labels == ""
    rejected = [
        Rejected(
            int(str(number)), image.show(frame.at[number, image.name]), "lies in no class folder"
        )
        for number in frame.index[loose]
    ]
    groups = _groups(frame[image.name], names, None if group is None else frame[group])
    return Labelled(
        source.name,
        frame.loc[~loose, [image.name]],
        labels[~loose].rename("label"),
        None if groups is None else groups[~loose],
        tuple(rejected),
        _empty_folders(root, {name.parent for name in names}),
        by_file=group is None and groups is not None,
    )


def _groups(values: pd.Series, names: pd.Series, column: pd.Series | None) -> pd.Series | None:
    """Return which pictures belong together: by a column, or by file where one holds several.

    Slices of one volume are all but the same picture: one to learn from, the next to measure on
    would flatter. A picture that says no group belongs to its file; a file is its own group.
    """
    files = values.map(lambda value: getattr(value, "file", None) or None).astype(object)
    owners = files.where(files.notna(), names).map(printable)
    if column is not None:
        return column.astype(object).where(column.notna(), owners).map(printable)
    return owners.rename("file") if files.dropna().duplicated().any() else None


def _inside(value: Any, root: Path | None) -> PurePosixPath:
    """Return a picture's path inside its source, which alone can say its class."""
    return PurePosixPath(printable(_from_root(Path(str(value)), root).as_posix()))


def _from_root(path: Path, root: Path | None) -> Path:
    if root is not None and root.is_file():  # an archive, whose name comes first
        return Path(*path.parts[1:])
    return path.relative_to(root) if root is not None and root in path.parents else path


def _empty_folders(top: Path | None, filled: set[PurePosixPath]) -> tuple[str, ...]:
    if top is not None and is_zipfile(top):
        with ZipFile(top) as archive:
            folders = [PurePosixPath(e.filename) for e in archive.infolist() if e.is_dir()]
    elif top is not None and top.is_dir():
        found = (each.relative_to(top) for each in top.rglob("*") if each.is_dir())
        folders = [PurePosixPath(printable(each.as_posix())) for each in found]
    else:
        return ()
    # A folder above a class is no class.
    above = {parent for each in (*filled, *folders) for parent in each.parents}
    return tuple(
        sorted(
            each.name
            for each in folders
            if each not in filled | above
            and not any(part.startswith((".", "__MACOSX")) for part in each.parts)
        )
    )
