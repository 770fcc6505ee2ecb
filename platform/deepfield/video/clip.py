"""A video file: its header, its frames in order, and one of them again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepfield.errors import InputError
from deepfield.formats import File
from deepfield.images import MAX_PIXELS, MAX_WORDS
from deepfield.video.frame import Frame

__all__ = ["Clip", "Header", "Moment"]

CONTAINERS = "mov,matroska,avi,mpegts,mpeg,mpegvideo,flv,asf,m4v,ogg"
"""What is opened: no playlists and no lists of files, which name other files to be read."""


@dataclass(frozen=True)
class Header:
    """What a file says of its video before a frame is decoded; 0 where it says nothing."""

    frames: int
    counted: bool
    """Whether ``frames`` is said, and not told from rate and length."""
    seconds: float
    rate: float
    """Frames a second, on the mean."""
    bytes_a_frame: int


@dataclass(frozen=True, slots=True)
class Moment:
    """When a frame is shown."""

    frame: int
    """From 0, of all frames."""
    seconds: float
    """Since the first frame, by the container's time stamps."""
    stamp: int | None
    """The time stamp itself."""


class Clip:
    """One file, opened anew for each reading."""

    def __init__(self, file: File) -> None:
        self.file = file

    def header(self) -> Header:
        """Read the header.

        Raises:
            InputError: half a sentence: it is no video, or one too large to be decoded.
        """
        with self._opened() as (container, stream):
            rate = float(stream.average_rate or stream.guessed_rate or 0)
            seconds = _seconds(container, stream)
            frames = stream.frames or round(seconds * rate)
            size = stream.codec_context.width * stream.codec_context.height
            return Header(frames, bool(stream.frames), seconds, rate, size * 3 // 2)

    def frames(self) -> Iterator[tuple[Moment, Frame]]:
        """Yield every frame in the order in which they are shown.

        Raises:
            InputError: after the last frame, if the file breaks off there, or holds none.
        """
        header = self.header()
        moment: Moment | None = None
        failed = False
        with self._opened() as (_, stream):
            first = 0
            for frame in self._decoded(stream):
                if frame is None:
                    failed = True
                    continue
                number = 0 if moment is None else moment.frame + 1
                stamp = frame.pts
                if moment is None:
                    first = stamp or 0
                if stamp is not None:
                    seconds = float((stamp - first) * frame.time_base)
                else:
                    seconds = 0.0 if moment is None else moment.seconds + 1 / (header.rate or 25)
                moment, failed = Moment(number, seconds, stamp), False
                yield moment, Frame(frame)
        if moment is None:
            raise InputError("holds no frame that can be decoded")
        _check_whole(header, moment, failed)

    def again(self, moment: Moment) -> Frame:
        """Return the frame of a moment, decoded from the key frame before it."""
        with self._opened() as (container, stream):
            if moment.stamp is not None:
                container.seek(moment.stamp, stream=stream)
                for frame in self._decoded(stream):
                    if frame is not None and frame.pts is not None:
                        if frame.pts == moment.stamp:
                            return Frame(frame)
                        if frame.pts > moment.stamp:
                            break
        for other, found in self.frames():  # no stamps, or none that can be sought
            if other.frame == moment.frame:
                return found
        raise InputError(f"has no frame {moment.frame} any more")

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, Any]]:
        """Open the file. Yields PyAV's container, and its stream of frames."""
        import av  # only where there is a video

        path = getattr(self.file, "path", self.file)  # an upload has another name than its path
        opened = None if isinstance(path, Path) else self.file.open("rb")
        try:
            if isinstance(path, Path):
                if not path.is_file():
                    raise FileNotFoundError(str(path))
                if not path.stat().st_size:
                    raise InputError("is empty (0 bytes)")
            try:
                container = av.open(
                    f"file:{path}" if opened is None else opened,
                    options={"format_whitelist": CONTAINERS},
                    metadata_errors="replace",
                )
            except av.error.FFmpegError as error:
                raise InputError(
                    "is no video that can be read, or breaks off before it says what it holds "
                    f"({type(error).__name__})"
                ) from error
            with container:
                yield container, _chosen(container)
        finally:
            if opened is not None:
                opened.close()

    def _decoded(self, stream: Any) -> Iterator[Any]:
        """Yield PyAV's frames; None for what could not be decoded."""
        import av

        packets = stream.container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:  # nothing can be read beyond
                yield None
                return
            try:
                frames = packet.decode()
            except av.error.FFmpegError:  # what comes after may be whole
                yield None
                continue
            for frame in frames:
                _check_size(frame.width, frame.height)
                yield frame


def _chosen(container: Any) -> Any:
    """Return the stream of frames of a file; the picture of an album is none."""
    from av.stream import Disposition

    found = [each for each in container.streams.video if each.codec_context is not None]
    moving = [each for each in found if not each.disposition & Disposition.attached_pic]
    if not moving:
        what = "sound alone" if container.streams.audio else "nothing that can be decoded"
        raise InputError(f"holds {what}, and no frames of a video")
    stream = moving[0]
    _check_size(stream.codec_context.width, stream.codec_context.height)
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    stream.thread_type = "AUTO"
    return stream


def _seconds(container: Any, stream: Any) -> float:
    """Return how long a video lasts: sound may last longer, and what was trimmed is not shown."""
    found = [container.duration / 1e6] if container.duration else []
    if stream.duration:
        found.append(float(stream.duration * stream.time_base))
    elif re.fullmatch(r"\d+:\d+:[\d.]+", stream.metadata.get("DURATION", "")):  # as Matroska says
        hours, minutes, seconds = map(float, stream.metadata["DURATION"].split(":"))
        found.append(3600 * hours + 60 * minutes + seconds)
    return min(found, default=0.0)


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise InputError(f"has frames of {width:,} × {height:,} pixels; {MAX_WORDS}")


def _check_whole(header: Header, last: Moment, failed: bool) -> None:
    """Raise InputError if a file ends well before its header says, or in what cannot be decoded."""
    rate = header.rate or 25
    lacking = header.seconds - last.seconds - 1 / rate
    few = header.frames - last.frame - 1 > max(2, 0.02 * header.frames)
    # Where frames are not counted, the last may be shown for long.
    least = 3 / rate if header.counted else 1.0
    if failed or (few and lacking > max(least, 0.02 * header.seconds)):
        raise InputError(
            f"breaks off after frame {last.frame} ({last.seconds:.2f} s)"
            + (f"; its header promises {header.seconds:.2f} s" if header.seconds else "")
        )
