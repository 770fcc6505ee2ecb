"""What a visitor uploads to be scored: pictures, or a table and perhaps one of earlier rows."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from deepfield.columns import guess_columns, lacking
from deepfield.errors import DeepfieldError
from deepfield.loading import Model
from deepfield.sources import Source
from deepfield.sources.archive import members
from deepfield.sources.pictures import NamedFile, PictureSource
from deepfield.sources.tables import TableSource
from deepfield.table import Table

__all__ = ["Upload", "UploadedTable", "spool_pictures", "spool_table"]


class Upload(Protocol):
    """What ``st.file_uploader`` gives."""

    name: str

    def getbuffer(self) -> memoryview: ...


@dataclass(frozen=True)
class UploadedTable:
    """A table in a folder that vanishes with the page; what its columns are may yet be said."""

    file: NamedFile
    history: NamedFile | None
    header: Sequence[str]
    folder: tempfile.TemporaryDirectory

    def lacks(self, inputs: Table) -> list[str]:
        """Return the required fields that no column is, by its name or by an obvious guess."""
        if not self.header:  # it cannot be read: whoever reads it in earnest says why
            return []
        return lacking(self.header, inputs, guess_columns(self.header, inputs)[0])

    def opened(
        self, model: Model, columns: Mapping[str, str] | None
    ) -> tuple[Source, Source | None]:
        """Return the source of the rows, and that of earlier ones.

        Raises:
            DeepfieldError: if a file is empty, or ``columns`` cannot be followed.
        """
        source = self._source(self.file, model, columns)
        history = None if self.history is None else self._source(self.history, model, columns)
        return source, history

    def _source(
        self, file: NamedFile, model: Model, columns: Mapping[str, str] | None
    ) -> TableSource:
        return TableSource(file.path, model.inputs, model.formats, columns=columns, name=file.name)


def spool_table(uploads: Sequence[Upload], history: Upload | None = None) -> UploadedTable:
    """Write a table to a folder that vanishes with the page.

    Raises:
        DeepfieldError: if it is none, or there are several.
    """
    folder, files = _written([*uploads, *([] if history is None else [history])])
    if len(uploads) > 1:
        raise DeepfieldError(
            "Upload one table at a time: "
            f"{', '.join(file.name for file in files[:4])} do not make one."
        )
    source = TableSource(files[0].path, Table(), name=files[0].name)
    return UploadedTable(files[0], files[1] if history else None, source.header, folder)


def spool_pictures(
    uploads: Sequence[Upload], model: Model, options: dict[str, Any]
) -> tuple[Source, tempfile.TemporaryDirectory]:
    """Write pictures to a folder that vanishes with the page, and open them as one source.

    Args:
        options: how the files of the model's formats are to be read.

    Raises:
        DeepfieldError: if they do not go together, or nothing in them is of use.
    """
    folder, files = _written(uploads)
    image = model.inputs.image
    assert image is not None
    if all(model.formats.takes(file) for file in files):
        name = files[0].name if len(files) == 1 else f"{len(files)} uploads"
        return PictureSource(files, name, image.name, model.formats, options), folder
    odd = [file for file in files if file.path.suffix != ".zip" and not model.formats.takes(file)]
    if odd:
        # A table of paths would name files of this machine, not of the visitor's.
        raise DeepfieldError(
            f"{odd[0].name!r} is neither a picture nor a .zip archive of pictures. "
            "Tables of paths are for the command line."
        )
    if len(files) > 1:
        raise DeepfieldError(
            "Upload pictures together, or one archive or table by itself: "
            f"{', '.join(file.name for file in files[:4])} do not make one source."
        )
    found = members(files[0].path, files[0].name)
    return PictureSource.choose(found, files[0].name, image.name, model.formats, options), folder


def _written(uploads: Sequence[Upload]) -> tuple[tempfile.TemporaryDirectory, list[NamedFile]]:
    folder = tempfile.TemporaryDirectory(prefix="deepfield-")
    files = []
    for place, upload in enumerate(uploads):
        # A visitor's file name is shown and never used as a path.
        path = Path(folder.name) / f"{place}{Path(upload.name).suffix.lower()}"
        try:
            path.write_bytes(upload.getbuffer())
        except OSError as error:
            raise DeepfieldError(f"The upload cannot be kept: {error.strerror}.") from error
        files.append(NamedFile(path, upload.name))
    return folder, files
