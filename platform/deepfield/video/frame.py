"""A decoded frame, still as the codec gives it: turned into pictures of a size when asked."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from PIL import Image

from deepfield.images import Fit, Mode, Resized, inner_box, resized

__all__ = ["Frame"]

UNSAID = 2
"""AVCOL_SPC_UNSPECIFIED."""

local = threading.local()


class Frame:
    """A frame in the codec's own colours, which take half the memory of RGB."""

    __slots__ = ("__weakref__", "frame", "turns")

    def __init__(self, frame: Any) -> None:
        """Take PyAV's frame; its flag of rotation says by how many quarters it is to be turned."""
        self.frame = frame
        self.turns = round(frame.rotation / 90) % 4

    @property
    def original(self) -> tuple[int, int]:
        """Return (height, width) of the upright picture."""
        size = self.frame.height, self.frame.width
        return size[::-1] if self.turns % 2 else size

    @property
    def bytes(self) -> int:
        return sum(plane.buffer_size for plane in self.frame.planes)

    def picture(self) -> np.ndarray:
        """Return the whole picture, upright: uint8, (H, W, 3)."""
        return self._rgb(self.original)

    def sized(self, mode: Mode, size: tuple[int, int], fit: Fit) -> Resized:
        """Return the picture at a size, scaled while its colours are converted."""
        top, left, height, width = inner_box(self.original, size, fit)
        picture = self._rgb((height, width))
        if (height, width) != size:
            whole = np.zeros((*size, 3), dtype=np.uint8)
            whole[top : top + height, left : left + width] = picture
            picture = whole
        if mode == "L":
            picture = np.asarray(Image.fromarray(picture).convert("L"))
        return resized(picture, self.original, fit)

    def _rgb(self, size: tuple[int, int]) -> np.ndarray:
        from av.video.reformatter import VideoReformatter  # only where there is a video

        # One for each thread: it keeps the scaler that it used last.
        if not hasattr(local, "reformatter"):
            local.reformatter = VideoReformatter()
        height, width = size[::-1] if self.turns % 2 else size
        said = int(self.frame.colorspace)
        # By convention colours of high definition that say nothing are those of BT.709.
        colours = "itu709" if said == UNSAID and self.frame.height >= 720 else None
        scaled = local.reformatter.reformat(
            self.frame, width, height, "rgb24", src_colorspace=colours, threads=1
        )
        return np.ascontiguousarray(np.rot90(scaled.to_ndarray(), self.turns))
