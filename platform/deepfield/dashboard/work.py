"""A job in the background of a page, so that the page can show progress and cancel it."""

from __future__ import annotations

import base64
import tempfile
import threading
from io import BytesIO
from typing import Any

from PIL import Image

from deepfield.errors import DeepfieldError
from deepfield.images import open_picture
from deepfield.loading import Model
from deepfield.results import Result
from deepfield.scoring import Batch, Job
from deepfield.sources import Source
from deepfield.sources.pictures import PictureSource

__all__ = ["Work"]

MOST_THUMBNAILS = 1000
MOST_OF_A_VIDEO = 200
"""Thumbnails of a video, from all over it."""
THUMBNAIL = 96


class Work:
    """One job, its thread, and what the page needs of the pictures that went through it."""

    def __init__(
        self,
        model: Model,
        source: Any,
        options: dict[str, Any],
        spooled: tempfile.TemporaryDirectory | None = None,
        history: Source | None = None,
    ) -> None:
        self.model = model
        self.source = source
        self.options = options
        self.history = history
        self.thumbnails: dict[int, str] = {}
        self.pictures: dict[int, Any] = {}
        self.result: Result | None = None
        self.error: str | None = None
        # Held so that the uploads live as long as the page can still ask to see them.
        self._spooled = spooled
        self.job = Job(
            model,
            source,
            history=history,
            options=options,
            on_batch=self._keep,
            keep=True,
            face="dashboard",
        )
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def again(self, model: Model) -> Work:
        """Start the same rows with another model."""
        return Work(model, self.source, self.options, self._spooled, self.history)

    @property
    def video(self) -> PictureSource | None:
        """Return the source if it is one video: it gives its frames again."""
        source = self.job.source  # what was given may be the mere path of one
        if isinstance(source, PictureSource) and source.video is not None:
            return source
        return None

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
        video = self.video is not None
        step = max((self.job.source.total or 0) // MOST_OF_A_VIDEO, 1) if video else 1
        for number, value in zip(batch.rows.index, batch.rows[image.name], strict=True):
            self.pictures[int(number)] = value
            if len(self.thumbnails) < MOST_THUMBNAILS and (int(number) - 1) % step == 0:
                self.thumbnails[int(number)] = thumbnail(value)


def thumbnail(value: Any) -> str:
    """Return a small picture as a data address, for a table cell."""
    picture = open_picture(value, "RGB", at_least=THUMBNAIL)
    picture.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BILINEAR)
    file = BytesIO()
    picture.save(file, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
