"""A column of pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deepfield.errors import ContractError
from deepfield.fields.field import Field, printable
from deepfield.images import MAX_PIXELS, Fit, Mode, read_picture

__all__ = ["Image"]


@dataclass(frozen=True)
class Image(Field):
    """A picture: a path, encoded bytes, an array or a Pillow image; read to a uint8 array.

    A predictor narrows its domain's field with ``size`` so that pictures are resized to just the
    pixels that its network takes, while they are read in parallel.
    """

    mode: Mode = field(default="RGB", kw_only=True)
    size: tuple[int, int] | None = field(default=None, kw_only=True)
    """(height, width) that each picture is brought to; it is then an ``images.Resized``, which maps
    points back to the picture as it came."""
    fit: Fit = field(default="stretch", kw_only=True)
    """``stretch``: to ``size``, the aspect ratio not kept. ``pad``: centred between black bars."""

    def __post_init__(self) -> None:
        if self.mode not in ("L", "RGB"):
            raise ContractError(f"Image {self.name!r}: mode {self.mode!r} is neither 'L' nor 'RGB'")
        if self.fit not in ("stretch", "pad"):
            raise ContractError(
                f"Image {self.name!r}: fit {self.fit!r} is neither 'stretch' nor 'pad'"
            )

    def read(self, value: Any) -> np.ndarray:
        return read_picture(value, self.mode, self.size, self.fit)

    def show(self, value: Any) -> str:
        """Return the picture's name; its bytes have no place in a table of results."""
        if isinstance(value, bytes | bytearray | memoryview):
            return f"{len(value):,} bytes"
        if isinstance(value, dict):
            return printable(value.get("path") or self.show(value.get("bytes")))
        if isinstance(value, np.ndarray):
            return f"array {'×'.join(map(str, value.shape))}"
        if hasattr(value, "size") and hasattr(value, "mode"):
            return f"picture {value.size[0]}×{value.size[1]}"
        return printable(value)

    def json_schema(self) -> dict[str, Any]:
        return {
            **super().json_schema(),
            "contentEncoding": "base64",
            "contentMediaType": "image/*",
            "maxPixels": MAX_PIXELS,
        }
