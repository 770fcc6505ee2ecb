"""One NIfTI file: its header, and its voxels turned to one orientation."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any, BinaryIO

import nibabel
import numpy as np
from nibabel.affines import voxel_sizes
from nibabel.orientations import apply_orientation, io_orientation
from PIL import Image

from deepfield.errors import InputError
from deepfield.formats import MAX_FILE, File, Picture, Recent
from deepfield.images import MAX_PIXELS, MAX_WORDS
from deepfield_medical_imaging.nifti import Plane

__all__ = ["Volume"]

AXIS = {"sagittal": 0, "coronal": 1, "axial": 2}
"""The axis that a plane's slices lie along, of voxels in RAS order."""
HEADERS = {348: nibabel.Nifti1Header, 540: nibabel.Nifti2Header}
MOST_EXTENSIONS = 64 * 2**20
MOST_RATIO = 100
SAMPLE = 2**24
"""Voxels that the window is found from; of more, every so-manieth is taken."""
WINDOW = (0.5, 99.5)
"""Percentiles that become black and white."""


@dataclass(frozen=True)
class Voxels:
    """What is kept of a decoded file."""

    array: np.ndarray
    """(x, y, z, time), rising to the patient's right, front and head; RGB has a fifth axis."""
    low: float
    high: float


class Volume:
    """A file of one volume, or of several at different times."""

    def __init__(self, file: File, recent: Recent) -> None:
        """Read the header, and nothing else.

        Raises:
            InputError: if it is none, or of more than can be decoded.
        """
        self.file = file
        self.recent = recent
        with _opened(file) as stream:
            head = _read(stream, 540)
        header = _header(head)
        self.shape = _shape(header)
        self.offset = max(int(header.get_data_offset()), int(header.single_vox_offset))
        if self.offset > MOST_EXTENSIONS:
            raise InputError(f"is broken: its voxels begin at byte {self.offset:,}")
        try:
            self.type = header.get_data_dtype()
            slope, intercept = header.get_slope_inter()
            affine = header.get_best_affine()
            self.turn = io_orientation(affine)
            sizes = voxel_sizes(affine)
        except Exception as error:
            raise InputError(
                "is broken: its header holds no valid type, scale or orientation"
            ) from error
        self.slope, self.intercept = slope or 1.0, intercept or 0.0
        if self.type.kind == "c" or self.type.itemsize == 0:
            raise InputError("holds complex numbers, which are no picture")
        if np.isnan(self.turn).any():
            raise InputError("is broken: its header gives no orientation in space")
        self.bytes = int(np.prod(self.shape, dtype=object)) * self.type.itemsize
        if self.bytes > MAX_FILE:
            raise InputError(
                f"has {self.bytes >> 20:,} MB of voxels; at most {MAX_FILE >> 20:,} MB are read"
            )
        self.sizes = np.ones(3)
        self.sizes[self.turn[:, 0].astype(int)] = sizes

    @property
    def times(self) -> int:
        return self.shape[3]

    def count(self, plane: Plane) -> int:
        """Return how many slices there are."""
        along = list(self.turn[:, 0]).index(AXIS[plane])
        return self.shape[along]

    def pictures(self, plane: Plane, places: range) -> list[Picture]:
        """Return the slices at ``places``, of each time."""
        return [
            Picture(
                f"{self.file} ["
                + (f"volume {time}, " if self.times > 1 else "")
                + f"{plane} {place}]",
                partial(self.slice, plane, place, time),
                {"plane": plane, "slice": place, "volume": time if self.times > 1 else None},
            )
            for time in range(self.times)
            for place in places
        ]

    def slice(self, plane: Plane, place: int, time: int) -> Image.Image:
        """Return one slice with square pixels, in the radiological convention.

        Axial: seen from the feet, front up, the patient's right on the left of the picture.
        Coronal: seen from the front, head up, right on the left. Sagittal: head up, front on the
        left.
        """
        pixels = prod(self.shape[:3]) // self.count(plane)
        if pixels > MAX_PIXELS:
            raise InputError(f"has {plane} slices of {pixels:,} pixels; {MAX_WORDS}")
        voxels: Voxels = self.recent.get(self, self.bytes, self._decode)
        axis = AXIS[plane]
        # A view: numpy's take would copy the whole volume for each slice.
        cut = np.moveaxis(voxels.array[:, :, :, time], axis, 0)[place]
        # Both axes rise to the right, the front or the head, and a picture's to right and foot:
        # each is turned round, and the first becomes the width.
        picture = np.swapaxes(cut[::-1, ::-1], 0, 1)
        if picture.ndim == 2:
            values = picture * float(self.slope) + self.intercept
            span = max(voxels.high - voxels.low, 1e-30)
            light = np.clip((values - voxels.low) / span, 0, 1)
            picture = np.rint(np.where(np.isfinite(values), light, 0) * 255)
        return self._square(Image.fromarray(np.ascontiguousarray(picture, dtype=np.uint8)), axis)

    def _square(self, picture: Image.Image, axis: int) -> Image.Image:
        """Enlarge along the longer side of the voxels, so that nothing looks squashed."""
        across, down = (float(size) for place, size in enumerate(self.sizes) if place != axis)
        if not (0 < across < np.inf and 0 < down < np.inf) or abs(across / down - 1) < 0.01:
            return picture
        least = min(across, down)
        width, height = picture.width * across / least, picture.height * down / least
        if max(across, down) > MOST_RATIO * least or width * height > MAX_PIXELS:
            raise InputError(f"has voxels of {across:.3g} × {down:.3g} mm, which no scanner makes")
        return picture.resize((round(width), round(height)), Image.Resampling.BILINEAR)

    def _decode(self) -> Voxels:
        buffer = np.empty(self.bytes, dtype=np.uint8)
        with _opened(self.file) as stream:
            try:
                stream.seek(self.offset)
                there = _fill(stream, memoryview(buffer.data))
                stream.read(1)  # gzip checks its sum where its data ends, not before
            except (EOFError, OSError, zlib.error) as error:
                raise InputError(
                    "is broken or cut off: its gzip data ends too early or does not add up"
                ) from error
        if there < self.bytes:
            raise InputError(f"is cut off: {there:,} of {self.bytes:,} bytes of voxels are there")
        array = buffer.view(self.type).reshape(self.shape, order="F")
        array = apply_orientation(array, self.turn)
        if self.type.names:  # RGB, with or without a fourth
            colours = np.stack([array[name] for name in self.type.names[:3]], axis=-1)
            return Voxels(colours, 0.0, 255.0)
        return Voxels(array, *self._window(array))

    def _window(self, array: np.ndarray) -> tuple[float, float]:
        flat = array.ravel(order="K")
        sample = flat[:: -(-flat.size // SAMPLE)]
        sample = sample[np.isfinite(sample)]
        if not sample.size:
            return 0.0, 1.0
        low, high = (float(end) for end in np.percentile(sample, WINDOW))
        if low == high:  # a mask of few voxels, say
            low, high = float(sample.min()), float(sample.max())
        ends = [end * self.slope + self.intercept for end in (low, high)]
        return min(ends), max(ends)


@contextmanager
def _opened(file: File) -> Iterator[Any]:
    """Open a file, and what is in it where it is gzipped."""
    with file.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if zipped:
            with gzip.GzipFile(fileobj=raw) as unzipped:
                yield unzipped
        else:
            yield raw


def _read(stream: BinaryIO, most: int) -> bytes:
    try:
        return stream.read(most)
    except (EOFError, OSError, zlib.error) as error:
        raise InputError("is broken: its gzip data cannot be read") from error


def _fill(stream: Any, view: memoryview) -> int:
    done = 0
    while done < len(view):
        read = stream.readinto(view[done : done + 2**24])
        if not read:
            break
        done += read
    return done


def _header(head: bytes) -> Any:
    if not head:
        raise InputError("is empty (0 bytes)")
    for order in ("little", "big"):
        kind = HEADERS.get(int.from_bytes(head[:4], order))
        if kind is None:
            continue
        magic = head[344:348] if kind is nibabel.Nifti1Header else head[4:8]
        if magic[:2] == b"ni":
            raise InputError("is half of a .hdr and .img pair; save it as one .nii file")
        if magic[:2] != b"n+":
            break
        if len(head) < kind.template_dtype.itemsize:
            raise InputError("is cut off in its header")
        return kind(head[: kind.template_dtype.itemsize], check=False)
    raise InputError("is no NIfTI file")


def _shape(header: Any) -> tuple[int, int, int, int]:
    """Return (i, j, k, time) as stored."""
    shape = [int(length) for length in header.get_data_shape()]
    while len(shape) > 4 and shape[-1] == 1:
        shape.pop()
    if not 2 <= len(shape) <= 4:
        raise InputError(f"has {len(shape)} dimensions; 2 to 4 are read")
    if min(shape) < 1:
        raise InputError("is broken: it has a dimension without length")
    first, second, third, fourth = [*shape, 1, 1][:4]
    return first, second, third, fourth
