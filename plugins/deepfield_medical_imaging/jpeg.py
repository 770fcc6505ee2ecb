"""Lossless and twelve-bit JPEG for pydicom, decoded by libjpeg-turbo.

pydicom's own choices for these are pylibjpeg-libjpeg, which is under the GPL, and GDCM. The
module has the three names that pydicom asks of a decoding plugin.
"""

from __future__ import annotations

from typing import Any

import imagecodecs
from pydicom import uid
from pydicom.pixels import decoders

__all__ = ["DECODER_DEPENDENCIES", "is_available", "register"]

DECODER_DEPENDENCIES = {
    uid.JPEGExtended12Bit: ("imagecodecs",),
    uid.JPEGLossless: ("imagecodecs",),
    uid.JPEGLosslessSV1: ("imagecodecs",),
}
LABEL = "imagecodecs"


def is_available(syntax: str) -> bool:
    return syntax in DECODER_DEPENDENCIES


def register() -> None:
    """Give pydicom this decoder where it has not got it."""
    for decoder in (
        decoders.JPEGExtended12BitDecoder,
        decoders.JPEGLosslessDecoder,
        decoders.JPEGLosslessSV1Decoder,
    ):
        if LABEL not in decoder.available_plugins:
            decoder.add_plugin(LABEL, (__name__, "_decode_frame"))


def _decode_frame(source: bytes, runner: Any) -> bytearray:
    """Return a frame's samples, pixel by pixel; pydicom calls this."""
    frame = imagecodecs.jpeg8_decode(source)
    runner.set_option("bits_allocated", 8 * frame.dtype.itemsize)
    if frame.ndim == 3:
        runner.set_option("planar_configuration", 0)
        if frame.dtype.itemsize == 1 and runner.transfer_syntax == uid.JPEGExtended12Bit:
            runner.set_option("photometric_interpretation", "RGB")  # the decoder converted it
    return bytearray(frame.tobytes())
