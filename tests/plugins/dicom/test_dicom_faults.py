"""DICOM files that cannot be shown say why, in a sentence that gives nothing of them away."""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from dicoms import (
    FORMATS,
    PICTURES,
    UNSIGNED,
    bundled,
    dataset,
    encoded,
    of_kind,
    without,
)
from pydicom.encaps import encapsulate
from pydicom.uid import (
    BasicTextSRStorage,
    MediaStorageDirectoryStorage,
)

from deepfield.sources import open_source


def in_syntax(uid: str, data: bytes = b"\0" * 16) -> bytes:
    found = dataset(UNSIGNED)
    found.PixelData = encapsulate([data])
    found["PixelData"].is_undefined_length = True
    found.file_meta.TransferSyntaxUID = uid
    return encoded(found)


def swollen() -> bytes:
    """A deflated file that would take four gigabytes."""
    whole = encoded(dataset(UNSIGNED))
    meta = whole[: 132 + 12 + int.from_bytes(whole[140:144], "little")]
    meta = meta.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99")
    meta = meta.replace(b"UI\x14\x001.2.840.10008.1.2.1.99", b"UI\x16\x001.2.840.10008.1.2.1.99")
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(2**26)
    return meta + b"".join(engine.compress(block) for _ in range(17)) + engine.flush()


JPEG_OF_ANOTHER_SIZE = bytes(
    imagecodecs.jpeg8_encode(np.zeros((64, 500), np.uint16), lossless=True, bitspersample=16)
)


MANY_COLOURS = (
    b"\xff\x4f\xff\x51"
    + struct.pack(">HHIIIIIIIIH", 38 + 3 * 16384, 0, 64, 32, 0, 0, 64, 32, 0, 0, 16384)
    + b"\x07\x01\x01" * 16384
)
"""The head of JPEG 2000 data."""


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"hello " * 100, "is no DICOM file"),
        (
            encoded(dataset(UNSIGNED))[:200],
            r"^is broken or cut off: it lacks the tags Rows and Columns \(Secondary Cap",
        ),
        (encoded(dataset(UNSIGNED))[:-100], r"is cut off: 3,996 of 4,096 bytes of pixels are"),
        (without("PixelData"), "holds no pixel data"),
        (without("Rows", "Columns"), "lacks the tags Rows and Columns"),
        (of_kind(BasicTextSRStorage), r"without a picture \(Basic Text SR Storage\)"),
        (of_kind(MediaStorageDirectoryStorage), "is a DICOMDIR"),
        (of_kind("1.2.3"), "a kind that is not known"),
        (in_syntax("1.2.840.10008.1.2.4.103"), r"is a video \(MPEG-4 AVC/H.264 BD"),
        (in_syntax("1.2.840.10008.1.2.4.94"), "is compressed in a way that is not read"),
        (in_syntax("1.2.840.10008.1.2.4.90"), "holds pixels that are broken or cut off"),
        (in_syntax("1.2.840.10008.1.2.4.80"), "holds pixels that are broken or cut off"),
        (in_syntax("1.2.840.10008.1.2.4.70"), "holds pixels that are broken or cut off"),
        (in_syntax("1.2.840.10008.1.2.5"), "holds pixels that are broken or cut off"),
        (in_syntax("1.2.840.10008.1.2.4.70", JPEG_OF_ANOTHER_SIZE), "compressed data 500 × 64"),
        (in_syntax("1.2.840.10008.1.2.4.90", MANY_COLOURS), "has 16,384 colours a pixel"),
        (dataset(UNSIGNED, NumberOfFrames=2**30), "at most 100,000 are"),
        (dataset(UNSIGNED, Rows=65535, Columns=65535), "at most 80 million are read"),
        (
            dataset(UNSIGNED, PhotometricInterpretation="ODD"),
            "none of MONOCHROME1, MONOCHROME2, PALETTE COLOR",
        ),
        (swollen(), "has more than 1,024 MB when it is inflated"),
    ],
    ids=range(21),
)
def test_what_cannot_be_shown_says_why(reason, what, sentence):
    found = reason(what)
    assert re.search(sentence, found), found


def spoilt(old: bytes, new: bytes, **tags) -> bytes:
    data = encoded(dataset(UNSIGNED, **tags))
    assert data.count(old) == 1
    return data.replace(old, new)


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (spoilt(b"31415 ", b"DOE^JA", WindowCenter="31415", WindowWidth="5"), "tag WindowCenter"),
        (spoilt(b"31415 ", b"DOE^JA", NumberOfFrames="31415"), "tag NumberOfFrames"),
        (spoilt(b"0.5 ", b"x^Y ", RescaleSlope="0.5", RescaleIntercept="1"), "tag RescaleSlope"),
    ],
)
def test_broken_tag_is_named_and_its_value_is_not(reason, what, sentence):
    found = reason(what)
    assert sentence in found
    assert "^" not in found


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")  # pytest sets ours aside
def test_hostile_bytes_are_one_sentence_each(tmp_path):
    """Each of 300 spoilt files is a picture or a sentence, and nothing else comes of it."""
    generator = np.random.default_rng(7)
    names = ["MR_small.dcm", "JPEG2000.dcm", "JPGExtended.dcm", "SC_rgb_rle_2frame.dcm"]
    names += ["MR_small_jpeg_ls_lossless.dcm", "image_dfl.dcm", "examples_palette.dcm"]
    for number in range(300):
        data = bytearray(bundled(names[number % len(names)]))
        for _ in range(int(generator.integers(1, 8))):
            # Mostly in the tags, where most can go wrong.
            end = len(data) if generator.random() < 0.3 else min(len(data), 3000)
            data[int(generator.integers(128, end))] = int(generator.integers(256))
        if generator.random() < 0.2:
            data = data[: int(generator.integers(100, len(data)))]
        (tmp_path / f"{number:03}.dcm").write_bytes(data)
    served, reasons = 0, {}
    for chunk in open_source(tmp_path, PICTURES, FORMATS).chunks():
        checked = PICTURES.read(chunk.rows)
        served += len(checked.rows)
        for number, sentence in checked.problems.items():
            reasons[chunk.rows["image"][number].file] = sentence
    assert served > 50
    assert len(reasons) > 50
    assert max(map(len, reasons.values())) < 200
    values = {name: texts(bundled(name)) for name in names}
    assert min(map(len, values.values())) >= 5
    for path, sentence in reasons.items():
        said = values[names[int(Path(path).stem) % len(names)]] | texts(Path(path).read_bytes())
        assert [value for value in said if value in sentence] == []


def texts(data: bytes) -> set[str]:
    """Return the values of a file's tags, its words and its identifiers, as far as they are read.

    The kind of object and of compression, which reasons do name, are left out.
    """
    found: set[str] = set()
    with suppress(Exception):
        for element in pydicom.dcmread(BytesIO(data), force=True, stop_before_pixels=True):
            with suppress(Exception):
                if element.keyword != "PhotometricInterpretation":
                    found |= {str(element.value), *re.split(r"[\^\\]", str(element.value))}
    return {value for value in found if len(value) > 5}


def test_gzipped_scan_is_no_dicom(reason):
    assert reason(gzip.compress(encoded(dataset(UNSIGNED)))) == "is no DICOM file"
