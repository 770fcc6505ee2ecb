"""One DICOM file: what its header says, and the data set that its frames are decoded from."""

from __future__ import annotations

import logging
import threading
import warnings
import zlib
from contextlib import nullcontext
from functools import partial
from io import BytesIO
from typing import IO, Any, cast

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.filereader import (
    _read_file_meta_info,  # the public one takes a path alone, not a member of an archive
    read_dataset,
    read_preamble,
)
from pydicom.tag import Tag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
    UID_dictionary,
)

from deepfield.errors import InputError
from deepfield.formats import MAX_FILE, MAX_PICTURES, File, Picture, Recent, read_bytes
from deepfield.images import MAX_PIXELS
from deepfield_medical_imaging.dicom_pixels import cut_pixels, frame_pixels
from deepfield_medical_imaging.pseudonyms import pseudonym

__all__ = ["Scan"]

# pydicom's warnings quote values, and values are patients'. Where they matter, the reason that a
# row is set aside says so without the value.
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", module="pydicom")

HEADER = (
    "SOPClassUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "BitsAllocated",
    "SamplesPerPixel",
)
TECHNICAL = (
    *("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation"),
    *("PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
    *("PixelPaddingValue", "PixelPaddingRangeLimit"),
    *("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
    *(f"{colour}PaletteColorLookupTableDescriptor" for colour in ("Red", "Green", "Blue")),
    *(f"{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
    *(f"Segmented{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
    *("PixelData", "FloatPixelData", "DoubleFloatPixelData"),
    *("ExtendedOffsetTable", "ExtendedOffsetTableLengths"),
)
"""All that is read to decode a frame. None of it speaks of the patient."""

LONGEST_KEPT = 200
LARGE = 10_000_000
"""Pixels of a frame from which on one is decoded at a time, lest memory grow with the threads."""
ONE_LARGE = threading.Lock()


class Scan:
    """A file and its frames."""

    def __init__(self, file: File, recent: Recent, kept: tuple[str, ...]) -> None:
        self.file = file
        self.recent = recent
        self.kept = kept
        self.size = 0
        """Bytes, as the tags say, of a file of several frames: it is read once for all of them."""
        self.held = 0
        """Bytes of it that are kept, whatever the tags say."""
        self.large = False

    def pictures(self) -> list[Picture]:
        """Return a picture for each frame, from the header alone."""
        with self.file.open("rb") as stream:
            header = parsed(stream, (*HEADER, *self.kept), pixels=False)
        frames = self._frames(header)
        columns = {
            "study": pseudonym(_uid(header, "StudyInstanceUID")),
            "series": pseudonym(_uid(header, "SeriesInstanceUID")),
            **{name: _text(header, name) for name in self.kept},
        }
        return [
            Picture(
                str(self.file) if frames == 1 else f"{self.file} [frame {number}]",
                partial(self.frame, number),
                {**columns, "frame": number},
                str(self.file),
            )
            for number in range(1, frames + 1)
        ]

    def frame(self, number: int) -> np.ndarray:
        """Return one frame, counted from 1, as uint8."""
        with ONE_LARGE if self.large else nullcontext():
            if not self.size:
                return frame_pixels(self._read(), 0)
            dataset = self.recent.get(self, self.size, self._read, lambda read: self.held)
            return frame_pixels(dataset, number - 1)

    def _frames(self, header: Dataset) -> int:
        rows, columns = _whole(header, "Rows"), _whole(header, "Columns")
        if not rows or not columns:
            raise InputError(_why_no_picture(header))
        if rows * columns > MAX_PIXELS:
            raise InputError(
                f"has {columns:,} × {rows:,} pixels; at most {MAX_PIXELS // 10**6} million are read"
            )
        self.large = rows * columns > LARGE
        frames = _whole(header, "NumberOfFrames") or 1
        if frames > MAX_PICTURES:
            raise InputError(f"says that it holds {frames:,} frames; at most {MAX_PICTURES:,} are")
        if frames > 1:
            samples = (_whole(header, "SamplesPerPixel") or 1) * _whole(header, "BitsAllocated")
            self.size = min(max(frames * rows * columns * samples // 8, 1), MAX_FILE)
        return frames

    def _read(self) -> Dataset:
        data = read_bytes(self.file)
        dataset = parsed(BytesIO(data), TECHNICAL, pixels=True)
        cast(Any, dataset).buffer = None  # the whole file once more, which pydicom would keep
        for tag in list(dataset.keys()):
            # Converted here, by one thread; later they are only looked at.
            try:
                _check_numbers(dataset, tag)
                dataset[tag]
            except Exception as error:
                name = keyword_for_tag(tag)
                raise InputError(f"is broken: its tag {name} cannot be read") from error
        self.held = len(data) - cut_pixels(dataset)
        return dataset


def parsed(stream: IO[bytes], tags: tuple[str, ...], pixels: bool) -> Dataset:
    """Return the data set of a file, of the named tags alone.

    Raises:
        InputError: if it is none.
    """
    named = stream.read(132)[128:] == b"DICM"
    stream.seek(0)
    if not stream.read(1):
        raise InputError("is empty (0 bytes)")
    stream.seek(0)
    try:
        read_preamble(cast(Any, stream), force=True)
        meta = _read_file_meta_info(cast(Any, stream))
        if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
            # pydicom would inflate whatever comes, a bomb as well.
            dataset = read_dataset(
                BytesIO(_inflated(stream)), False, True, specific_tags=[Tag(name) for name in tags]
            )
            dataset.set_original_encoding(False, True)
            meta.TransferSyntaxUID = ExplicitVRLittleEndian
            dataset.file_meta = meta
        else:
            stream.seek(0)
            dataset = pydicom.dcmread(
                cast(Any, stream),
                force=True,
                stop_before_pixels=not pixels,
                specific_tags=cast(Any, list(tags)),
            )
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            "is broken: its tags cannot be read" if named else "is no DICOM file"
        ) from error
    if not named and not any(name in dataset for name in ("SOPClassUID", "Rows", "PixelData")):
        raise InputError("is no DICOM file")
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        dataset.file_meta.TransferSyntaxUID = (
            ImplicitVRLittleEndian
            if implicit
            else ExplicitVRLittleEndian
            if little
            else ExplicitVRBigEndian
        )
    return dataset


def _inflated(stream: IO[bytes]) -> bytes:
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    data = engine.decompress(stream.read(MAX_FILE + 1), MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise InputError(f"has more than {MAX_FILE >> 20:,} MB when it is inflated")
    return data


def _why_no_picture(header: Dataset) -> str:
    kind = _uid(header, "SOPClassUID") or _uid(header.file_meta, "MediaStorageSOPClassUID")
    if kind == MediaStorageDirectoryStorage:
        return "is a DICOMDIR, a list of other files: score the folder that they lie in"
    name = UID(kind).name if kind in UID_dictionary else "a kind that is not known"
    if "Image Storage" in name:
        return f"is broken or cut off: it lacks the tags Rows and Columns ({name})"
    return f"is DICOM without a picture ({name})"


def _whole(header: Dataset, name: str) -> int:
    """Return a whole number, 0 where the tag is missing or empty."""
    try:
        _check_numbers(header, name)
        number = int(header.get(name) or 0)
    except Exception as error:  # the value may be anything, and is not quoted
        raise InputError(f"is broken: its tag {name} is no number") from error
    if number < 0:
        raise InputError(f"is broken: its tag {name} is below zero")
    return number


def _check_numbers(dataset: Dataset, tag: Any) -> None:
    """Raise ValueError if a number written in words is none: pydicom would quote it to warn."""
    value = dataset.get_item(tag).value if tag in dataset else None
    if isinstance(value, bytes) and dictionary_VR(tag) in ("DS", "IS"):
        for part in value.rstrip(b"\0 ").split(b"\\"):
            float(part or 0)


def _uid(header: Dataset, name: str) -> str:
    """Return an identifier as it stands in the file: pydicom would quote a wrong one to warn."""
    if name not in header:
        return ""
    value = header.get_item(name).value
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 ")


def _text(header: Dataset, name: str) -> str | None:
    try:
        value = header.get(name)
    except Exception as error:
        raise InputError(f"is broken: its tag {name} cannot be read") from error
    if value is None or value == "":
        return None
    return str(value).strip("\0 ")[:LONGEST_KEPT] or None
