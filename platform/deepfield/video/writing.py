"""Pictures to a video: H.264 in MP4, each shown at its own time."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from deepfield.errors import DeepfieldError

__all__ = ["VideoWriter"]

TICKS = 90_000
"""Time stamps a second, as broadcasts count them."""
BT709 = 1
LIMITED = 1


class VideoWriter:
    """Write frames to ``path``, which is named ``….part`` until it is whole.

    The first frame decides the size; a column or row is doubled where that is odd, which H.264 does
    not know.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(path.name + ".part")
        self.written = 0
        self._size: tuple[int, int] | None = None
        self._last = -1
        self._container: Any = None
        self._stream: Any = None
        self._reformatter: Any = None

    def write(self, picture: np.ndarray, seconds: float) -> None:
        """Append a frame, uint8 (H, W, 3), that is shown from ``seconds`` on.

        Raises:
            DeepfieldError: if it is of another size than those before, or cannot be written.
        """
        from av import VideoFrame  # only where a video is written

        size = picture.shape[:2]
        if self._size is None:
            self._size = size
        if size != self._size:
            raise DeepfieldError(
                f"A video has frames of one size; after {self._size[1]} × {self._size[0]} pixels "
                f"came a picture of {size[1]} × {size[0]}. Name a folder instead of "
                f"{str(self.path)!r}: it gets a PNG for each picture."
            )
        odd = size[0] % 2, size[1] % 2
        if any(odd):
            picture = np.pad(picture, ((0, odd[0]), (0, odd[1]), (0, 0)), mode="edge")
        with self._said():
            if self._container is None:
                self._begin(picture.shape[0], picture.shape[1])
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
            frame = self._reformatter.reformat(
                frame, format="yuv420p", dst_colorspace="itu709", dst_color_range="MPEG", threads=1
            )
            self._last = max(round(seconds * TICKS), self._last + 1)
            frame.pts, frame.time_base = self._last, Fraction(1, TICKS)
            self._container.mux(self._stream.encode(frame))
        self.written += 1

    def close(self, keep: bool = True) -> Path | None:
        """Finish the file. With ``keep`` it gets its own name; without, it can be played as it is.

        Returns:
            Where it lies, or None if no frame came.
        """
        if self._container is None:
            return None
        with self._said():
            try:
                self._container.mux(self._stream.encode())
            finally:
                container, self._container = self._container, None
                container.close()
            return self.part.replace(self.path) if keep else self.part

    def _begin(self, height: int, width: int) -> None:
        import av
        from av.video.reformatter import VideoReformatter

        self.path.parent.mkdir(parents=True, exist_ok=True)
        # A file that begins with what it holds is played before it has come whole.
        options = {"movflags": "+faststart"}
        self._container = av.open(f"file:{self.part}", "w", format="mp4", options=options)
        stream: Any = self._container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.time_base = Fraction(1, TICKS)
        context.gop_size = 60
        context.options = {"preset": "veryfast", "crf": "21"}
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED
        self._stream, self._reformatter = stream, VideoReformatter()

    @contextmanager
    def _said(self) -> Iterator[None]:
        import av

        try:
            yield
        except (OSError, av.error.FFmpegError) as error:
            full = getattr(error, "errno", None) == errno.ENOSPC
            reason = "the disk is full" if full else getattr(error, "strerror", None) or error
            raise DeepfieldError(
                f"Writing {str(self.path)!r} broke off after {self.written:,} frames: {reason}."
            ) from error
