"""DICOM files that tests make: small, whole, and spoilt only where a test spoils them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from deepfield.fields import Image
from deepfield.formats import Formats
from deepfield.table import Table
from deepfield_medical_imaging.dicom import Dicom

PATIENT = "DOE^JANE"
SECRETS = {
    "PatientName": PATIENT,
    "PatientID": "MRN-4711",
    "PatientBirthDate": "19700102",
    "InstitutionName": "Saint Elsewhere",
    "AccessionNumber": "ACC-0815",
    "StudyDate": "20240229",
    "StudyInstanceUID": "1.2.3.4.5.6.7.8.1",
    "SeriesInstanceUID": "1.2.3.4.5.6.7.8.2",
}
SHIFTED = np.arange(-1000, 1048, dtype=np.int16).reshape(32, 64)
"""Greys as a CT stores them: 16 bits, signed."""
SCAN = SHIFTED - SHIFTED.min()  # from 0
UNSIGNED = SCAN.astype(np.uint16)
PICTURES = Table(Image("image", mode="L"))
FORMATS = Formats([Dicom()])


def dataset(pixels: np.ndarray, **tags) -> Dataset:
    """Return an image of (H, W), (frames, H, W), (H, W, 3) or (frames, H, W, 3) pixels."""
    colour = pixels.shape[-1] == 3 and pixels.ndim > 2
    frames = pixels if pixels.ndim == (4 if colour else 3) else pixels[np.newaxis]
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    found.SOPInstanceUID = found.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for name, value in SECRETS.items():
        setattr(found, name, value)
    bits = 8 * pixels.dtype.itemsize
    found.Rows, found.Columns = frames.shape[1:3]
    found.SamplesPerPixel = 3 if colour else 1
    found.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        found.PlanarConfiguration = 0
    if len(frames) > 1:
        found.NumberOfFrames = len(frames)
    found.BitsAllocated = found.BitsStored = bits
    found.HighBit = bits - 1
    found.PixelRepresentation = int(pixels.dtype.kind == "i")
    found.PixelData = pixels.tobytes()
    found["PixelData"].VR = "OB" if bits == 8 else "OW"
    for name, value in tags.items():
        setattr(found, name, value)
    return found


def encoded(found: Dataset) -> bytes:
    """Return a data set as the bytes of a file."""
    file = BytesIO()
    found.save_as(file, enforce_file_format=True)
    return file.getvalue()


def stretched(values: np.ndarray) -> np.ndarray:
    """Return values from 0 to 255 as anybody would work them out who has not seen our code."""
    values = values.astype(float)
    return (values - values.min()) / (values.max() - values.min()) * 255


def close(found: np.ndarray, expected: np.ndarray) -> bool:
    return found.shape == expected.shape and np.abs(found - expected).max() <= 0.5 + 1e-6


def bundled(name: str) -> bytes:
    path = get_testdata_file(name, download=False)
    assert path is not None, f"pydicom's wheel has no {name}"
    return Path(path).read_bytes()


def without(*names: str) -> Dataset:
    found = dataset(UNSIGNED)
    for name in names:
        delattr(found, name)
    return found


def of_kind(uid: str) -> Dataset:
    found = without("Rows", "Columns", "PixelData", "BitsAllocated", "SamplesPerPixel")
    found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = uid
    return found
