"""Where pictures come from whose lines are known: uploads, or a path on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import streamlit as st

from deepfield.dashboard.labelled_form import Chosen, on_this_machine
from deepfield.errors import DeepfieldError
from deepfield.images import SUFFIXES

__all__ = ["Together", "choose_group", "choose_lines"]


@dataclass(frozen=True)
class Together(Chosen):
    """Label files and the pictures that they name, or an archive of both."""

    uploads: Sequence[Any] = ()
    """Files of ``st.file_uploader``."""

    def __bool__(self) -> bool:
        return bool(self.uploads or self.path)

    @property
    def name(self) -> str:
        """Return what a person calls them."""
        if not self.uploads:
            return self.path
        return str(self.uploads[0].name) if len(self.uploads) == 1 else _words(self.uploads)

    def put_into(self, folder: Path) -> Path:
        """Return where they lie; uploads are put into one archive first, which is read in place.

        So neither a visitor's file name nor what a label file names leads to a file of this
        machine.

        Raises:
            DeepfieldError: if they cannot be written, or do not go together.
        """
        archives = [each for each in self.uploads if each.name.lower().endswith(".zip")]
        if archives and len(self.uploads) > 1:
            raise DeepfieldError(
                f"Upload an archive by itself: {archives[0].name!r} and other files do not make "
                "one source."
            )
        if archives or not self.uploads:
            return Chosen(next(iter(archives), None), self.path).put_into(folder)
        place = folder / "upload.zip"
        try:
            with ZipFile(place, "w", ZIP_STORED) as archive:
                for each in self.uploads:
                    archive.writestr(_member(each.name), bytes(each.getbuffer()))
        except OSError as error:
            raise DeepfieldError(f"The upload cannot be kept: {error.strerror}.") from error
        return place


def choose_lines(key: str) -> Together:
    """Draw the widgets that ask for pictures and their lines, and return what was chosen."""
    kinds = ["zip", "json", "jsonl", *sorted(each.removeprefix(".") for each in SUFFIXES)]
    uploads = st.file_uploader(
        "A .zip with pictures and their label file, or both side by side",
        type=kinds,
        accept_multiple_files=True,
        key=f"{key}-upload",
        help="a label file has a JSON object with raw_file, lanes and h_samples in each line",
    )
    path = ""
    if on_this_machine():
        path = st.text_input(
            "or a label file or folder on this machine",
            key=f"{key}-path",
            placeholder="labels.json",
            disabled=bool(uploads),
            help="or a table with a column of pictures (paths), lanes and h_samples",
        ).strip()
    return Together(path="" if uploads else path, uploads=tuple(uploads))


def choose_group(key: str) -> str | None:
    """Ask what says which pictures belong together; call this inside a form."""
    named = st.text_input(
        "Key of the groups",
        key=f"{key}-group",
        placeholder="drive",
        help="what belongs together, such as the drive: pictures of one group are alike, and "
        "intervals then draw whole groups",
    )
    return named.strip() or None


def _member(name: str) -> str:
    """Return an upload's name in the archive; a label file is one whatever it is called."""
    plain = PurePath(name).name
    known = plain.lower().startswith(("label", "test_label"))
    return plain if known or not plain.lower().endswith(".json") else f"labels-{plain}"


def _words(uploads: Sequence[Any]) -> str:
    labels = [each.name for each in uploads if each.name.lower().endswith((".json", ".jsonl"))]
    return labels[0] if len(labels) == 1 else f"{len(uploads)} uploads"
