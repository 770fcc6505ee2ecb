"""The format of videos: a row for each frame, decoded in order, a few at a time."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, Field

from deepfield.domain import Options
from deepfield.formats import File, Format, Picture, Stream
from deepfield.images import Fit, Mode, Resized
from deepfield.recent import Recent
from deepfield.video.ahead import ahead
from deepfield.video.clip import Clip, Moment
from deepfield.video.frame import Frame

__all__ = ["Video", "VideoOptions"]

HELD = 32 * 2**20
"""Bytes of decoded frames that go through scoring together, of several such lots in flight."""
MOST_AT_ONCE = 16

found_again = Recent(128 * 2**20)
"""Frames that somebody asked to see when they were gone."""


class VideoOptions(Options):
    every: int = Field(1, ge=1, description="of a video: take each n-th frame")
    start: float = Field(0.0, ge=0.0, description="of a video: from which second on")
    end: float = Field(0.0, ge=0.0, description="of a video: up to which second; 0: to its end")


class Video(Format):
    """Any container and codec that FFmpeg knows. Rows have ``frame``, from 0, and ``seconds``."""

    name = "video"
    title = "Video"
    suffixes = (
        *(".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm"),
        *(".mpg", ".mpeg", ".mts", ".m2ts", ".3gp", ".wmv", ".flv"),
    )
    Options: ClassVar[type[BaseModel]] = VideoOptions

    def recognises(self, head: bytes) -> bool:
        # Endings such as .ts, which texts of programmers bear too, are no sign of one.
        packets = len(head) > 376 and head[0] == head[188] == head[376] == 0x47
        iso = head[4:8] == b"ftyp" and head[8:12] in (b"isom", b"iso2", b"mp41", b"mp42", b"qt  ")
        riff = head[:4] == b"RIFF" and head[8:12] == b"AVI "
        return packets or iso or riff or head.startswith(b"\x1a\x45\xdf\xa3")

    def columns(self, options: BaseModel) -> dict[str, Any]:
        return {"frame": "Int64", "seconds": "Float64"}

    def pictures(self, file: File, options: BaseModel) -> Stream:
        assert isinstance(options, VideoOptions)
        clip = Clip(file)
        header = clip.header()
        at_once = min(max(HELD // max(header.bytes_a_frame, 1), 1), MOST_AT_ONCE)
        total = None
        if header.frames and header.rate:
            end = min(options.end or math.inf, header.frames / header.rate)
            shown = max((end - options.start) * header.rate, 0.0)
            total = math.ceil(round(shown) / options.every)
        return Stream(_pictures(clip, options, at_once), total, at_once)


def _pictures(clip: Clip, options: VideoOptions, at_once: int) -> Iterator[Picture]:
    for moment, frame in ahead(partial(_wanted, clip, options), at_once):
        place = Place(clip, moment, frame)
        yield Picture(
            f"{clip.file} [{moment.frame}]",
            place.picture,
            {"frame": moment.frame, "seconds": moment.seconds},
            sized=place.sized,
            hold=place.held,
        )


def _wanted(clip: Clip, options: VideoOptions) -> Iterator[tuple[Moment, Frame]]:
    end = options.end or math.inf
    first: int | None = None
    for moment, frame in clip.frames():
        if moment.seconds >= end:
            return
        if moment.seconds < options.start:
            continue
        first = moment.frame if first is None else first
        if (moment.frame - first) % options.every == 0:
            yield replace(moment, seconds=round(moment.seconds, 6)), frame


class Place:
    """Where a frame is: in memory while anybody holds it, else at its time in the file."""

    __slots__ = ("__weakref__", "clip", "held", "moment")

    def __init__(self, clip: Clip, moment: Moment, frame: Frame) -> None:
        self.clip = clip
        self.moment = moment
        self.held = weakref.ref(frame)

    def picture(self) -> np.ndarray:
        return self._frame().picture()

    def sized(self, mode: Mode, size: tuple[int, int], fit: Fit) -> Resized:
        return self._frame().sized(mode, size, fit)

    def _frame(self) -> Frame:
        frame = self.held()
        if frame is None:
            frame = found_again.get(
                self, 0, partial(self.clip.again, self.moment), lambda found: found.bytes
            )
        return frame
