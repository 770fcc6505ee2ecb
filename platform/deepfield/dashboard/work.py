"""A job in the background of a page, so that the page can show progress and cancel it."""

from __future__ import annotations

import base64
import tempfile
import threading
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from deepfield.errors import DeepfieldError
from deepfield.images import open_picture
from deepfield.loading import Model
from deepfield.results import Result
from deepfield.scoring import Batch, Job
from deepfield.sources import Source, open_source
from deepfield.sources.archive import members
from deepfield.sources.pictures import NamedFile, PictureSource

__all__ = ["Upload", "Work", "spool"]

MOST_THUMBNAILS = 1000
THUMBNAIL = 96


class Upload(Protocol):
    """What ``st.file_uploader`` gives."""

    name: str

    def getbuffer(self) -> memoryview: ...


class Work:
    """One job, its thread, and what the page needs of the pictures that went through it."""

    def __init__(
        self,
        model: Model,
        source: Any,
        options: dict[str, Any],
        spooled: tempfile.TemporaryDirectory | None = None,
    ) -> None:
        self.model = model
        self.source = source
        self.options = options
        self.thumbnails: dict[int, str] = {}
        self.pictures: dict[int, Any] = {}
        self.result: Result | None = None
        self.error: str | None = None
        # Held so that the uploads live as long as the page can still ask to see them.
        self._spooled = spooled
        self.job = Job(
            model, source, options=options, on_batch=self._keep, keep=True, face="dashboard"
        )
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def again(self, model: Model) -> Work:
        """Start the same rows with another model."""
        return Work(model, self.source, self.options, self._spooled)

    @property
    def running(self) -> bool:
        return self.thread.is_alive()

    def _run(self) -> None:
        try:
            self.result = self.job.run()
        except DeepfieldError as error:
            self.error = str(error)
        except Exception as error:
            self.error = (
                f"This is a bug in Deepfield or in a plugin: {type(error).__name__}: {error}"
            )
            raise  # the server's log keeps the traceback

    def _keep(self, batch: Batch) -> None:
        image = self.model.inputs.image
        if image is None:
            return
        for number, value in zip(batch.rows.index, batch.rows[image.name], strict=True):
            self.pictures[int(number)] = value
            if len(self.thumbnails) < MOST_THUMBNAILS:
                self.thumbnails[int(number)] = thumbnail(value)


def thumbnail(value: Any) -> str:
    """Return a small picture as a data address, for a table cell."""
    picture = open_picture(value, "RGB", at_least=THUMBNAIL)
    picture.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BILINEAR)
    file = BytesIO()
    picture.save(file, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def spool(
    uploads: Sequence[Upload], model: Model, options: dict[str, Any]
) -> tuple[Source, tempfile.TemporaryDirectory]:
    """Write uploads to a folder that vanishes with the page, and open them as one source.

    Args:
        options: how the files of the model's formats are to be read.

    Raises:
        DeepfieldError: if they do not go together, or nothing in them is of use.
    """
    folder = tempfile.TemporaryDirectory(prefix="deepfield-")
    files = []
    for place, upload in enumerate(uploads):
        # A visitor's file name is shown and never used as a path.
        path = Path(folder.name) / f"{place}{Path(upload.name).suffix.lower()}"
        path.write_bytes(upload.getbuffer())
        files.append(NamedFile(path, upload.name))
    image = model.inputs.image
    if image is not None and all(model.formats.takes(file) for file in files):
        name = files[0].name if len(files) == 1 else f"{len(files)} uploads"
        return PictureSource(files, name, image.name, model.formats, options), folder
    odd = [file for file in files if file.path.suffix != ".zip" and not model.formats.takes(file)]
    if image is not None and odd:
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
    if image is not None:
        found = members(files[0].path, files[0].name)
        return (
            PictureSource.choose(found, files[0].name, image.name, model.formats, options),
            folder,
        )
    source = open_source(files[0].path, model.inputs, model.formats, options)
    source.name = files[0].name
    return source, folder
