"""Where labelled rows come from on a page: an upload, or a path on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import streamlit as st

from deepfield.columns import fields_of, guess_columns, lacking
from deepfield.dashboard.columns_form import choose_fields, in_words
from deepfield.dashboard.words import plain
from deepfield.errors import DeepfieldError, UsageError
from deepfield.fields import Key
from deepfield.labelled import find_path
from deepfield.sources.tables import READERS, TableSource
from deepfield.table import Table

__all__ = ["Chosen", "choose_columns", "choose_inputs", "choose_rows", "on_this_machine"]

NONE = "(none)"


@dataclass(frozen=True)
class Chosen:
    """What a person pointed at."""

    upload: Any = None
    """A file of ``st.file_uploader``, or None."""
    path: str = ""
    header: Sequence[str] = ()
    """A table's columns, as it calls them; empty for a folder for each class."""

    def __bool__(self) -> bool:
        return self.upload is not None or bool(self.path)

    @property
    def name(self) -> str:
        """Return what a person calls it."""
        return str(self.upload.name) if self.upload is not None else self.path

    def put_into(self, folder: Path) -> Path:
        """Return where the rows lie; an upload is written into ``folder`` first.

        Raises:
            DeepfieldError: if it cannot be written, or nothing lies at the path.
        """
        if self.upload is None:
            return find_path(self.path)
        # A visitor's file name is shown and never used as a path.
        place = folder / f"upload{Path(self.upload.name).suffix.lower()}"
        try:
            place.write_bytes(self.upload.getbuffer())
        except OSError as error:
            raise DeepfieldError(f"The upload cannot be kept: {error.strerror}.") from error
        return place


def choose_rows(inputs: Table, key: str, labelled: bool = True) -> Chosen:
    """Draw the widgets that ask for rows, and return what was chosen.

    Args:
        labelled: whether they need labels; some are their own truth.
    """
    pictures = inputs.image is not None
    endings = ["zip"] if pictures else sorted(each.removeprefix(".") for each in READERS)
    upload = st.file_uploader(
        "A .zip with a folder of pictures for each class"
        if pictures
        else f"A table{' with labels' if labelled else ''}",
        type=endings,
        key=f"{key}-upload",
    )
    path = ""
    if on_this_machine():
        path = st.text_input(
            f"or a {'folder or ' if labelled else ''}file on this machine",
            key=f"{key}-path",
            placeholder="films/" if pictures else "rows.csv",
            disabled=upload is not None,
            help="a folder for each class, or a table with the columns "
            f"{', '.join(inputs.names)} and labels"
            if labelled
            else f"a table with the columns {', '.join(inputs.names)}",
        ).strip()
    chosen = Chosen(upload, "" if upload is not None else path)
    if chosen and Path(chosen.name).suffix.lower() in READERS:
        try:
            return replace(chosen, header=_header(chosen))
        except (DeepfieldError, OSError) as error:
            st.error(plain(error), icon=":material/error:")
            return Chosen()
    return chosen


def choose_columns(
    chosen: Chosen,
    inputs: Table,
    key: str,
    truth: str = "",
    needed: bool = True,
    whole: bool = False,
) -> tuple[str | None, str | None, dict[str, str] | None]:
    """Ask which columns of a table hold labels, groups and inputs; call this inside a form.

    Args:
        truth: the input that holds the truth, if one does: that is the usual column.
        needed: whether there must be labels.
        whole: whether a table may be of a kind of its own: guess only what is whole.

    Returns:
        The column of labels, None for the usual one; that of groups; and field -> column. Nothing
        at all where there is no table.
    """
    if not chosen.header:
        return None, None, None
    mapped, _ = guess_columns(chosen.header, inputs)
    if whole and lacking(chosen.header, inputs, mapped):
        mapped = {}
    meant = fields_of(mapped)
    names = [name for name in chosen.header if meant.get(name, name) not in inputs.names]
    keys = {each.name for each in inputs if isinstance(each, Key)}
    keyed = [name for name in chosen.header if meant.get(name, name) in keys]
    if not (names or truth or not needed):
        return None, None, None
    # The key holds the names: another table makes new widgets.
    key = f"{key}-{abs(hash((*names, truth, needed)))}"
    labels = [*([truth] if truth else []), *names, *([] if needed else [NONE])]
    usual = truth or "label"
    label = st.selectbox(
        "Column of the labels",
        labels,
        labels.index(usual) if usual in labels else 0 if needed else len(labels) - 1,
        key=f"{key}-label",
    )
    group = st.selectbox(
        "Column of the groups",
        [NONE, *names, *keyed],
        key=f"{key}-group",
        help="what belongs together, such as the patient's number: rows of one group are alike, "
        "and measuring on rows of groups that were learned from would flatter",
    )
    named = "" if label == NONE else None if label == truth else label
    title = f"Columns: {in_words(mapped)}" if mapped else "Columns"
    with st.expander(title, icon=":material/swap_horiz:"):
        columns = choose_fields(inputs, chosen.header, key, mapped)
    return named, None if group == NONE else group, columns


def choose_inputs(chosen: Chosen, inputs: Table, key: str) -> dict[str, str] | None:
    """Ask which columns of a table hold the inputs, and no more; call this inside a form.

    Returns:
        Field -> column; None where there is no table.
    """
    if not chosen.header:
        return None
    mapped, _ = guess_columns(chosen.header, inputs)
    title = f"Columns: {in_words(mapped)}" if mapped else "Columns"
    unclear = bool(lacking(chosen.header, inputs, mapped))
    with st.expander(title, expanded=unclear, icon=":material/swap_horiz:"):
        return choose_fields(inputs, chosen.header, key, mapped)


def _header(chosen: Chosen) -> list[str]:
    """Return a table's columns, from its first rows."""
    with tempfile.TemporaryDirectory(prefix="deepfield-") as folder:
        place = chosen.put_into(Path(folder))
        if not place.is_file():
            raise UsageError(f"No file {chosen.path!r}.")
        return TableSource(place, Table()).header


def on_this_machine() -> bool:
    """Return whether only people of this machine see the page; others may name no paths of it."""
    return st.get_option("server.address") in ("127.0.0.1", "localhost", "::1")
