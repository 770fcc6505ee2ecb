"""Answers drawn over their pictures, while others are scored: a video, or a folder of PNGs."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from PIL import Image

from deepfield.drawing import annotated, can_annotate
from deepfield.errors import DeepfieldError, InputError, UsageError
from deepfield.images import read_picture
from deepfield.loading import Model
from deepfield.sources import Source
from deepfield.sources.pictures import PictureSource
from deepfield.tasks import Batch
from deepfield.video.ahead import ahead
from deepfield.video.writing import VideoWriter

__all__ = ["Annotator", "check_annotated", "draw_answer"]

MOST_WAITING = 2
"""Batches that wait to be drawn: each holds its decoded frames."""


def check_annotated(path: Path, model: Model, source: Source, overwrite: bool) -> None:
    """Raise UsageError unless pictures of ``source`` can be drawn over and written to ``path``."""
    if model.inputs.image is None or not can_annotate(model.domain, model.outputs):
        raise UsageError(f"Answers of {model.domain.name} hold nothing to draw over a picture.")
    suffix = path.suffix.lower()
    if suffix not in ("", ".mp4"):
        raise UsageError(
            f"Cannot write {str(path)!r}: name an .mp4 for a video, or a folder, without an "
            "ending, for a PNG of each picture."
        )
    if suffix and not (isinstance(source, PictureSource) and source.video is not None):
        raise UsageError(
            f"{str(path)!r} would be a video, and {source.name!r} is not one video. Name a folder, "
            "without an ending: it gets a PNG for each picture."
        )
    if not suffix and path.exists() and not path.is_dir():
        raise UsageError(f"{str(path)!r} is a file; name a folder for the pictures.")
    taken = path.exists() if suffix else path.is_dir() and any(path.iterdir())
    if taken and not overwrite:
        what = "exists already" if suffix else "is not empty"
        raise UsageError(f"{str(path)!r} {what}. Name another, or allow overwriting.")


def draw_answer(model: Model, value: Any, answer: Mapping[Any, Any]) -> np.ndarray:
    """Return a row's picture with its answer over it: uint8, (H, W, 3).

    Raises:
        InputError: if the picture cannot be read.
    """
    return annotated(model.domain, model.outputs, read_picture(value, "RGB"), answer)


def annotate_video(
    model: Model,
    source: Source,
    results: pd.DataFrame,
    path: Path,
    report: Callable[[float], object] = lambda done: None,
) -> None:
    """Draw answers that are there already over the frames of the video that they are of.

    Frames after the last answer are left out; others without one stay bare.

    Args:
        source: the video, as it was scored.
        results: with row numbers as index.
        report: told the share done; what it raises ends the work.

    Raises:
        DeepfieldError: if the video cannot be written, or the plugin's way to draw fails.
    """
    assert model.inputs.image is not None
    column, last = model.inputs.image.name, int(results.index.max())
    known = set(results.index)
    film = VideoWriter(path)
    whole = False
    try:
        with closing(ahead(lambda: _frames(source, column, last), MOST_WAITING)) as coming:
            for number, value, _held in coming:
                try:
                    answer = results.loc[number].to_dict() if number in known else None
                    picture = read_picture(value, "RGB")
                except InputError:
                    continue
                if answer is not None:
                    picture = annotated(model.domain, model.outputs, picture, answer)
                film.write(picture, float(value.columns["seconds"]))
                if number % 16 == 0:
                    report(min(number / last, 1.0))
        whole = True
    finally:
        film.close(keep=whole)
    if not film.written:
        raise InputError("No frame of the video can be read any more.")


def _frames(source: Source, column: str, last: int) -> Iterator[tuple[int, Any, object]]:
    """Yield each row's number and picture, and what keeps its frame at hand."""
    for chunk in source.chunks():
        for number, value in zip(chunk.rows.index, chunk.rows[column], strict=True):
            if number > last:
                return
            yield int(number), value, value.hold()


class Writer(Protocol):
    def write(self, picture: np.ndarray, value: Any) -> None: ...

    def close(self, keep: bool) -> Path | None: ...


class Annotator:
    """Takes batches, draws and writes them in a thread of its own.

    Rows that were set aside have no picture that can be read, and are left out.
    """

    def __init__(self, model: Model, path: Path) -> None:
        image = model.inputs.image
        assert image is not None, "check_annotated has seen to it"
        self.model = model
        self._image = image.name
        self._writer: Writer = Film(path) if path.suffix else Folder(path)
        self._waiting: queue.Queue[Batch | None] = queue.Queue(MOST_WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="deepfield-annotate", daemon=True)
        self._thread.start()

    def take(self, batch: Batch) -> None:
        """Have a batch drawn; waits while others are. Raises what went wrong with one before."""
        if self._error is not None:
            raise self._error
        if len(batch.results):
            self._waiting.put(batch)

    def close(self, keep: bool) -> Path | None:
        """Wait for what is not written yet, and return where it all lies.

        Args:
            keep: whether a video gets its own name; without, it keeps the ``.part`` at its end.
        """
        self._waiting.put(None)
        self._thread.join()
        try:
            written = self._writer.close(keep and self._error is None)
        except DeepfieldError:
            if self._error is None:
                raise
            written = None
        if self._error is not None and keep:
            raise self._error
        return written

    def _work(self) -> None:
        while (batch := self._waiting.get()) is not None:
            if self._error is None:
                try:
                    self._draw(batch)
                except BaseException as error:  # raised where the next batch is taken
                    self._error = error
            del batch  # and with it its frames

    def _draw(self, batch: Batch) -> None:
        answers = batch.results.to_dict("records")
        values = batch.rows[self._image].loc[batch.results.index]
        for value, answer in zip(values, answers, strict=True):
            try:
                picture = draw_answer(self.model, value, answer)
            except InputError:  # it was there when it was scored, and is not any more
                continue
            self._writer.write(picture, value)


class Film:
    """One video of the frames of another, each at its own time."""

    def __init__(self, path: Path) -> None:
        self.video = VideoWriter(path)

    def write(self, picture: np.ndarray, value: Any) -> None:
        self.video.write(picture, float(value.columns["seconds"]))

    def close(self, keep: bool) -> Path | None:
        return self.video.close(keep)


class Folder:
    """A PNG for each picture, named like its file; a frame's number stands behind."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def write(self, picture: np.ndarray, value: Any) -> None:
        frame = getattr(value, "columns", {}).get("frame")
        if frame is None:
            name = self._free(_safe(str(value)))
        else:  # one name for all frames of a file
            file = value.file
            if file not in self._names:
                self._names[file] = self._free(_safe(file))
            name = f"{self._names[file]}-{frame:06d}"
        path = self.path / f"{name}.png"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(path, compress_level=1)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise DeepfieldError(
                f"Writing {str(path)!r} broke off: {error.strerror or error}."
            ) from error

    def close(self, keep: bool) -> Path | None:
        return self.path if self.path.is_dir() else None

    def _free(self, name: str) -> str:
        """Return a name that no picture before bears."""
        free, number = name, 1
        while free.lower() in self._taken:
            number += 1
            free = f"{name}-{number}"
        self._taken.add(free.lower())
        return free


def _safe(name: str) -> str:
    """Return the last part of a name as that of a file, on any disk."""
    last = re.split(r"[/\\]", name)[-1]
    stem = last.rpartition(".")[0] or last
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.")[:100] or "picture"
