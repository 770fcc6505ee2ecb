"""One frame of a DICOM data set to the grey or colour that a reader would be shown."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from pydicom import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels import (
    apply_color_lut,
    apply_modality_lut,
    apply_voi,
    get_decoder,
)
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import UID, RLELossless, UID_dictionary

from deepfield.errors import InputError
from deepfield_medical_imaging import jpeg

__all__ = ["cut_pixels", "frame_pixels", "windowed"]

jpeg.register()

PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
GREY = ("MONOCHROME1", "MONOCHROME2")
PALETTE = "PALETTE COLOR"
COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
VIDEO = ("MPEG", "HEVC")
MOST_COMPONENTS = 4
DECODERS = {RLELossless: "pydicom"}
"""The one that is asked where there are several: a broken frame makes pylibjpeg-rle panic."""
LIGHT = ("PixelValueTransformationSequence", "FrameVOILUTSequence")
"""Where enhanced objects keep what other ones have at their top."""


def frame_pixels(dataset: Dataset, index: int) -> np.ndarray:
    """Return one frame, counted from 0: uint8, (H, W) or (H, W, 3).

    Greys go through the modality's table or slope and intercept, then through the first VOI table
    or window; without one they are stretched from least to greatest. MONOCHROME1 is inverted, and
    padding is black.

    Raises:
        InputError: if it cannot be decoded.
    """
    photometric = str(dataset.get("PhotometricInterpretation", "")).strip()
    samples = int(dataset.get("SamplesPerPixel") or 1)
    known = {1: (*GREY, PALETTE), 3: COLOUR}.get(samples, ())
    if photometric not in known:
        raise InputError(
            f"has {samples} samples a pixel and a photometric interpretation that is none of "
            f"{', '.join(known or (*GREY, PALETTE, *COLOUR))}"
        )
    stored = _stored(dataset, index)
    if photometric == PALETTE:
        return _eight_bits(apply_color_lut(stored, dataset))
    if samples == 3:
        return _eight_bits(stored, int(dataset.BitsStored))
    settings = _settings(dataset, index)

    def grey(stored: np.ndarray) -> np.ndarray:
        values = apply_modality_lut(stored, settings)
        padding = _padding(dataset, stored)
        light = _shown(values, settings, padding)
        if photometric == "MONOCHROME1":
            light = 1 - light
        light[padding] = 0
        return np.rint(light * 255).astype(np.uint8)

    return by_level(stored, grey)


def by_level(stored: np.ndarray, grey: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return the greys of (H, W) pixels, worked out once for each value that occurs.

    So they are exact, in float64, at the memory of eight bits a pixel. Of pixels of more than
    sixteen bits, too many values occur: each is worked out by itself.
    """
    if stored.dtype.kind not in "iu" or stored.dtype.itemsize > 2:
        return grey(stored)
    stored = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    places = stored.view(f"u{stored.dtype.itemsize}")
    seen = np.zeros(2 ** (8 * stored.dtype.itemsize), dtype=bool)
    for row in places:  # numpy would make 64 bits of each place of all rows at once
        seen[row] = True
    table = np.zeros(len(seen), dtype=np.uint8)
    table[seen] = grey(np.flatnonzero(seen).astype(places.dtype).view(stored.dtype))
    shown = np.empty(stored.shape, dtype=np.uint8)
    for line, row in zip(shown, places, strict=True):
        line[:] = table[row]
    return shown


def cut_pixels(dataset: Dataset) -> int:
    """Cut what stands behind the last frame, where that can be told, and return its bytes."""
    if UID(dataset.file_meta.TransferSyntaxUID).is_encapsulated:
        return 0
    name = next((name for name in PIXELS if name in dataset), None)
    if name is None:
        return 0
    try:
        needed = get_expected_length(dataset)
    except Exception:  # a tag is missing or odd, and whoever decodes a frame says which
        return 0
    there = len(dataset[name].value)
    if there > needed > 0:
        dataset[name].value = dataset[name].value[:needed]
    return max(there - needed, 0) if needed > 0 else 0


def windowed(values: np.ndarray, center: float, width: float, function: str) -> np.ndarray:
    """Return values from 0 to 1, as DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3 define them.

    >>> windowed(np.array([0.0, 127.5, 255.0]), 128, 256, "LINEAR")
    array([0. , 0.5, 1. ])
    """
    if function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (values - center) / width, -700, 700)))
    if function != "LINEAR_EXACT":
        center, width = center - 0.5, width - 1
    if width == 0:
        return (values > center).astype(float)
    return np.clip((values - center) / width + 0.5, 0, 1)


def _stored(dataset: Dataset, index: int) -> np.ndarray:
    """Decode one frame; YBR becomes RGB."""
    if not any(name in dataset for name in PIXELS):
        raise InputError("holds no pixel data; the file may be cut off")
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    name = syntax.name if syntax in UID_dictionary else "a syntax that is not known"
    if any(each in name for each in VIDEO):
        raise InputError(f"is a video ({name}); save its frames as pictures")
    try:
        decoder = get_decoder(syntax)
        available = decoder.is_available
    except NotImplementedError:
        available = False
    if not available:
        raise InputError(f"is compressed in a way that is not read ({name})")
    try:
        if syntax.is_encapsulated:
            _check_size(dataset, index)
        elif "PixelData" in dataset:
            there, needed = len(dataset.PixelData), get_expected_length(dataset)
            if there < needed:
                raise InputError(f"is cut off: {there:,} of {needed:,} bytes of pixels are there")
        array, _ = decoder.as_array(dataset, index=index, decoding_plugin=DECODERS.get(syntax, ""))
        return array
    except InputError:
        raise
    except Exception as error:  # decoders raise anything at all on hostile bytes
        raise InputError(f"holds pixels that are broken or cut off ({name})") from error


def _check_size(dataset: Dataset, index: int) -> None:
    """Refuse a frame whose own header is larger than the tags: it would be decoded in full."""
    frames = int(dataset.get("NumberOfFrames") or 1)
    data = get_frame(dataset.PixelData, index, number_of_frames=frames)
    found = declared_size(data)
    if found is None:
        return
    *size, components = found
    if components > MOST_COMPONENTS:
        raise InputError(f"is broken: its compressed data has {components:,} colours a pixel")
    if size != [int(dataset.Rows), int(dataset.Columns)]:
        raise InputError(
            f"is broken: its tags say {dataset.Columns:,} × {dataset.Rows:,} pixels, its "
            f"compressed data {size[1]:,} × {size[0]:,}"
        )


def declared_size(data: bytes) -> tuple[int, int, int] | None:
    """Return (height, width, components) as JPEG, JPEG-LS or JPEG 2000 data declare it."""
    if data[:2] == b"\xff\xd8":
        place = 2
        while place + 10 <= len(data):
            if data[place] != 0xFF:
                return None
            marker = data[place + 1]
            if marker == 0xFF:  # filling
                place += 1
                continue
            if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
                return _big(data, place + 5, 2), _big(data, place + 7, 2), data[place + 9]
            place += 2 + _big(data, place + 2, 2)
        return None
    place = data[:256].find(b"\xff\x4f\xff\x51")
    if place < 0 or len(data) < place + 42:
        return None
    width, height, left, top = (_big(data, place + 8 + 4 * step, 4) for step in range(4))
    return height - top, width - left, _big(data, place + 40, 2)


def _big(data: bytes, place: int, length: int) -> int:
    return int.from_bytes(data[place : place + length], "big")


def _settings(dataset: Dataset, index: int) -> Dataset:
    """Return the data set with what an enhanced object says of all frames, and of this one."""
    groups: list[Any] = []
    shared = dataset.get("SharedFunctionalGroupsSequence")
    each = dataset.get("PerFrameFunctionalGroupsSequence")
    if shared:
        groups.append(shared[0])
    if each and index < len(each):
        groups.append(each[index])
    if not groups:
        return dataset
    own = Dataset()
    own.file_meta = dataset.file_meta
    own.set_original_encoding(*dataset.original_encoding)
    own.update({each.tag: each for each in dataset if each.tag.group == 0x0028})
    for group in groups:
        for name in LIGHT:
            for element in (group.get(name) or [Dataset()])[0]:
                own[element.tag] = element
    return own


def _padding(dataset: Dataset, stored: np.ndarray) -> np.ndarray:
    """Return which pixels hold no measurement but fill the frame."""
    first = _number(dataset.get("PixelPaddingValue"))
    if first is None:
        return np.zeros(stored.shape, dtype=bool)
    last = _number(dataset.get("PixelPaddingRangeLimit"))
    ends = []
    for end in (first, first if last is None else last):
        # Some writers give a negative value in unsigned bits.
        if stored.dtype.kind == "i" and end >= 2 ** (8 * stored.dtype.itemsize - 1):
            end -= 2 ** (8 * stored.dtype.itemsize)
        ends.append(end)
    return (stored >= min(ends)) & (stored <= max(ends))


def _shown(values: np.ndarray, settings: Dataset, padding: np.ndarray) -> np.ndarray:
    """Return values from 0 to 1 as they are to be lit."""
    tables = settings.get("VOILUTSequence")
    if tables:
        bits = int(tables[0].LUTDescriptor[2])
        whole = np.rint(values).astype(np.int64)
        return np.clip(apply_voi(whole, settings, index=0) / (2**bits - 1), 0, 1)
    finite = np.isfinite(values)
    center = _number(settings.get("WindowCenter"))
    width = _number(settings.get("WindowWidth"))
    function = str(settings.get("VOILUTFunction") or "LINEAR").strip().upper()
    least = 1 if function == "LINEAR" else 1e-12
    if center is not None and width is not None and width >= least:
        light = windowed(values.astype(np.float64), center, width, function)
        return np.where(finite, light, 0)
    measured = values[finite & ~padding]
    if not measured.size:
        return np.zeros(values.shape)
    low, high = float(measured.min()), float(measured.max())
    light = (values.astype(np.float64) - low) / max(high - low, 1e-9)
    return np.clip(np.where(finite, light, 0), 0, 1)


def _number(value: Any) -> float | None:
    """Return the first of a tag's numbers, or None if there is none that can be used."""
    if isinstance(value, bytes) or value is None or value == "":
        return None
    if not isinstance(value, str) and hasattr(value, "__len__"):
        value = value[0] if len(value) else None
    number = float("nan") if value is None else float(value)
    return number if math.isfinite(number) else None


def _eight_bits(colours: np.ndarray, bits: int = 0) -> np.ndarray:
    """Return colours of ``bits`` (of their type if 0) as eight."""
    if colours.dtype == np.uint8:
        return colours
    surplus = (bits or 8 * colours.dtype.itemsize) - 8
    return cast(np.ndarray, np.clip(colours >> max(surplus, 0), 0, 255).astype(np.uint8))
