"""Where documents come from on a page: uploads, or a path on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from deepfield.dashboard.labelled_form import on_this_machine
from deepfield.dashboard.uploads import Upload
from deepfield.errors import DeepfieldError, UsageError
from deepfield.labelled import find_path

__all__ = ["ChosenFiles", "choose_files"]


@dataclass(frozen=True)
class ChosenFiles:
    """What a person pointed at."""

    uploads: Sequence[Upload] = ()
    path: str = ""

    def __bool__(self) -> bool:
        return bool(self.uploads or self.path)

    @property
    def name(self) -> str:
        """Return what a person calls it all."""
        names = [each.name for each in self.uploads] or [self.path]
        return ", ".join(names) if len(names) <= 3 else f"{names[0]} and {len(names) - 1} others"

    def put_into(self, folder: Path) -> Path | dict[str, Path]:
        """Return where the documents lie; uploads are written into ``folder``, by their names.

        Raises:
            DeepfieldError: if they cannot be written, two have one name, or nothing lies there.
        """
        if not self.uploads:
            return find_path(self.path)
        found: dict[str, Path] = {}
        for number, upload in enumerate(self.uploads):
            if upload.name in found:
                raise UsageError(f"Two files are named {upload.name!r}; rename one.")
            # A visitor's file name is shown and never used as a path.
            place = folder / f"upload-{number}{Path(upload.name).suffix.lower()}"
            try:
                place.write_bytes(upload.getbuffer())
            except OSError as error:
                raise DeepfieldError(f"The upload cannot be kept: {error.strerror}.") from error
            found[upload.name] = place
        return found


def choose_files(endings: Sequence[str], key: str) -> ChosenFiles:
    """Draw the widgets that ask for documents, and return what was chosen."""
    uploads = st.file_uploader(
        "Documents, or a .zip of them",
        type=[*dict.fromkeys(each.removeprefix(".") for each in [*endings, ".zip"])],
        accept_multiple_files=True,
        key=f"{key}-upload",
    )
    path = ""
    if on_this_machine():
        path = st.text_input(
            "or a folder or file on this machine",
            key=f"{key}-path",
            placeholder="handbook/",
            disabled=bool(uploads),
            help=f"of a folder all files that end in {', '.join(endings)}, each called by its path "
            "from there",
        ).strip()
    return ChosenFiles(tuple(uploads), "" if uploads else path)
