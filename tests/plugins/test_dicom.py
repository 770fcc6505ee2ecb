"""What a DICOM frame looks like, against values worked out by other means."""

from __future__ import annotations

import gzip
import re
import struct
import subprocess
import sys
import time
import tracemalloc
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import pandas as pd
import pydicom
import pytest
from dicoms import SHIFTED, dataset, encoded, stretched
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_windowing
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    BasicTextSRStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    MediaStorageDirectoryStorage,
    RLELossless,
)

from deepfield.errors import InputError
from deepfield.fields import Image
from deepfield.formats import Formats
from deepfield.images import read_picture
from deepfield.sources import open_source
from deepfield.table import Table
from deepfield_medical_imaging import dicom_file, dicom_pixels, pseudonyms
from deepfield_medical_imaging.dicom import KEPT_TAGS, Dicom
from deepfield_medical_imaging.dicom_pixels import windowed

PICTURES = Table(Image("image", mode="L"))
FORMATS = Formats([Dicom()])
SCAN = SHIFTED - SHIFTED.min()  # from 0
UNSIGNED = SCAN.astype(np.uint16)


@pytest.fixture
def rows(tmp_path):
    """Return the rows that a data set, or the bytes of a file, gives."""

    def read(what, **options) -> pd.DataFrame:
        path = tmp_path / "scan.dcm"
        path.write_bytes(what if isinstance(what, bytes) else encoded(what))
        return next(open_source(path, PICTURES, FORMATS, options).chunks()).rows

    return read


@pytest.fixture
def pixels(rows):
    def read(what, mode="L") -> np.ndarray:
        return read_picture(rows(what)["image"][1], mode)

    return read


@pytest.fixture
def reason(rows):
    def read(what) -> str:
        with pytest.raises(InputError) as caught:
            read_picture(rows(what)["image"][1])
        return str(caught.value)

    return read


def close(found: np.ndarray, expected: np.ndarray) -> bool:
    return found.shape == expected.shape and np.abs(found - expected).max() <= 0.5 + 1e-6


def bundled(name: str) -> bytes:
    path = get_testdata_file(name, download=False)
    assert path is not None, f"pydicom's wheel has no {name}"
    return Path(path).read_bytes()


@pytest.mark.parametrize("pixel_type", ["uint8", "uint16", "int16", "int32"])
def test_greys_without_a_window_go_from_least_to_greatest(pixels, pixel_type):
    greys = SCAN // 16 if pixel_type == "uint8" else SHIFTED
    greys = greys if pixel_type.startswith("int") else greys - greys.min()
    assert close(pixels(dataset(greys.astype(pixel_type))), stretched(greys))


def test_monochrome1_is_inverted(pixels):
    found = pixels(dataset(UNSIGNED, PhotometricInterpretation="MONOCHROME1"))
    assert close(found, 255 - stretched(UNSIGNED))


def test_rescale_slope_and_intercept_come_before_the_window(pixels):
    scan = dataset(
        UNSIGNED, RescaleSlope=2, RescaleIntercept=-1024, WindowCenter=40, WindowWidth=400
    )
    units = UNSIGNED.astype(float) * 2 - 1024
    expected = np.clip((units - 39.5) / 399 + 0.5, 0, 1) * 255
    assert close(pixels(scan), expected)
    assert 0 < expected.mean() < 255


def test_first_of_several_windows_is_the_one(pixels):
    several = pixels(dataset(UNSIGNED, WindowCenter=[500, 1500], WindowWidth=[300, 100]))
    assert (several == pixels(dataset(UNSIGNED, WindowCenter=500, WindowWidth=300))).all()


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("center", "width"), [(500, 300), (0, 1), (-20.5, 77.7)])
def test_every_kind_of_window_is_what_pydicom_makes_of_it(function, center, width):
    scan = dataset(SHIFTED, WindowCenter=center, WindowWidth=width, VOILUTFunction=function)
    whole = apply_windowing(SHIFTED, scan)  # over the range of 16 signed bits
    expected = (whole + 2**15) / (2**16 - 1)
    np.testing.assert_allclose(
        windowed(SHIFTED.astype(float), center, width, function), expected, atol=1e-9
    )


@pytest.mark.parametrize("width", [0, -5, 0.5])
def test_window_that_shows_nothing_is_as_none(pixels, width):
    assert close(pixels(dataset(SHIFTED, WindowCenter=5, WindowWidth=width)), stretched(SHIFTED))


def table(entries: np.ndarray, first: int, bits: int) -> Sequence:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries), first, bits])
    item.add_new("LUTData", "US", [int(entry) for entry in entries])
    return Sequence([item])


def test_voi_table_is_looked_up(pixels):
    entries = (np.linspace(0, 1, 256) ** 2 * 4095).astype(int)
    greys = (SCAN // 8).astype(np.uint8)
    found = pixels(dataset(greys, VOILUTSequence=table(entries, 0, 12)))
    assert close(found, entries[greys] / 4095 * 255)


def test_modality_table_is_looked_up(pixels):
    entries = np.arange(256)[::-1] * 3
    greys = (SCAN // 8).astype(np.uint8)
    item = table(entries, 0, 16)
    item[0].ModalityLUTType = "US"
    assert close(pixels(dataset(greys, ModalityLUTSequence=item)), stretched(entries[greys]))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_does_not_count(pixels, photometric):
    greys = SHIFTED.copy()
    greys[:4] = -2000
    found = pixels(dataset(greys, PixelPaddingValue=-2000, PhotometricInterpretation=photometric))
    expected = stretched(greys[4:])
    assert (found[:4] == 0).all()
    assert close(found[4:], 255 - expected if photometric == "MONOCHROME1" else expected)


def test_padding_may_be_a_range(pixels):
    greys = SHIFTED.copy()
    greys[0], greys[1] = -3000, -2500
    found = pixels(dataset(greys, PixelPaddingValue=-3000, PixelPaddingRangeLimit=-2400))
    assert (found[:2] == 0).all()
    assert close(found[2:], stretched(greys[2:]))


def test_bits_beyond_those_stored_are_not_looked_at(pixels):
    twelve = dataset(UNSIGNED, BitsStored=12, HighBit=11)
    soiled = dataset(UNSIGNED | 0xF000, BitsStored=12, HighBit=11)
    assert (pixels(soiled) == pixels(twelve)).all()


def test_palette_becomes_its_colours(pixels):
    palette = np.random.default_rng(0).integers(0, 256, (3, 256), dtype=np.uint8)
    places = (SCAN // 8).astype(np.uint8)
    scan = dataset(places, PhotometricInterpretation="PALETTE COLOR")
    for colour, entries in zip(("Red", "Green", "Blue"), palette, strict=True):
        wide = entries.astype(np.uint16) << 8
        setattr(scan, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(scan, f"{colour}PaletteColorLookupTableData", wide.tobytes())
    assert (pixels(scan, "RGB") == np.moveaxis(palette[:, places], 0, -1)).all()


COLOURS = np.random.default_rng(1).integers(0, 256, (16, 24, 3), dtype=np.uint8)


@pytest.mark.parametrize("planar", [0, 1])
def test_colours_by_pixel_and_by_plane(pixels, planar):
    scan = dataset(COLOURS, PlanarConfiguration=planar)
    if planar:
        scan.PixelData = np.moveaxis(COLOURS, -1, 0).tobytes()
    assert (pixels(scan, "RGB") == COLOURS).all()
    grey = COLOURS @ [0.299, 0.587, 0.114]
    assert np.abs(pixels(scan) - grey).max() <= 1


def test_ybr_becomes_rgb(pixels):
    red, green, blue = (COLOURS[..., place].astype(float) for place in range(3))
    full = np.stack(  # PS3.3 C.7.6.3.1.2
        [
            0.299 * red + 0.587 * green + 0.114 * blue,
            -0.1687 * red - 0.3313 * green + 0.5 * blue + 128,
            0.5 * red - 0.4187 * green - 0.0813 * blue + 128,
        ],
        axis=-1,
    )
    found = pixels(
        dataset(np.rint(full).clip(0, 255).astype(np.uint8), PhotometricInterpretation="YBR_FULL"),
        "RGB",
    )
    assert np.abs(found.astype(int) - COLOURS).max() <= 3


def test_sixteen_bit_colours_lose_their_lower_bits(pixels):
    wide = COLOURS.astype(np.uint16) << 4
    assert (pixels(dataset(wide, BitsStored=12, HighBit=11), "RGB") == COLOURS).all()


def test_float_pixels_that_are_no_numbers_are_black(pixels):
    scan = dataset(SHIFTED.astype(np.int32))
    del scan.PixelData, scan.PixelRepresentation, scan.BitsStored, scan.HighBit
    values = SHIFTED.astype(np.float32)
    values[3, 3] = np.nan
    scan.FloatPixelData = values.tobytes()
    expected = stretched(SHIFTED)
    expected[3, 3] = 0
    assert close(pixels(scan), expected)


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        RLELossless,
        JPEGLSLossless,
        JPEG2000Lossless,
        JPEGLosslessSV1,
    ],
    ids=lambda syntax: UID(syntax).keyword,
)
def test_every_transfer_syntax_gives_the_same_frame(pixels, syntax):
    scan = dataset(UNSIGNED, BitsStored=12, HighBit=11)
    plain = pixels(scan)
    if syntax == JPEGLosslessSV1:
        data = imagecodecs.jpeg8_encode(UNSIGNED, lossless=True, predictor=1, bitspersample=12)
        scan.PixelData = encapsulate([bytes(data)])
        scan["PixelData"].is_undefined_length = True
        scan.file_meta.TransferSyntaxUID = syntax
    elif syntax == ExplicitVRBigEndian:
        scan.PixelData = UNSIGNED.astype(">u2").tobytes()
        scan.file_meta.TransferSyntaxUID = syntax
        scan.set_original_encoding(False, False)
    elif UID(syntax).is_encapsulated:
        scan.compress(syntax, generate_instance_uid=False)
    else:
        scan.file_meta.TransferSyntaxUID = syntax
        scan.set_original_encoding(syntax == ImplicitVRLittleEndian, True)
    assert (pixels(scan) == plain).all()


@pytest.mark.parametrize("name", ["JPGExtended.dcm", "JPEG-lossy.dcm"])
def test_jpeg_of_twelve_bits_that_pydicom_alone_cannot_read(pixels, name):
    """DCMTK decodes greys from 0 to 264; pylibjpeg and GDCM agree with it on two of them."""
    found = pixels(bundled(name))
    assert found.shape == (1024, 256)
    assert (found.min(), found.max()) == (0, 255)
    assert abs(int(found[420, 140]) - 244 / 264 * 255) <= 0.5
    assert abs(int(found[230, 120]) - 95 / 264 * 255) <= 0.5


def test_lossless_jpeg_that_pydicom_alone_cannot_read(pixels):
    """The file is of bands whose colours its makers say."""
    found = pixels(bundled("SC_rgb_jpeg_gdcm.dcm"), "RGB")
    bands = [(255, 0, 0), (255, 128, 128), (0, 255, 0), (128, 255, 128), (0, 0, 255)]
    bands += [(128, 128, 255), (0, 0, 0), (64, 64, 64), (192, 192, 192), (255, 255, 255)]
    assert [tuple(found[10 * place + 5, 50].tolist()) for place in range(10)] == bands


@pytest.mark.parametrize(
    "name",
    ["RLE", "implicit", "bigendian", "expb", "jp2klossless", "jpeg_ls_lossless", "padded"],
)
def test_bundled_scan_is_the_same_in_every_encoding(pixels, name):
    plain = pixels(bundled("MR_small.dcm"))
    assert plain.std() > 20
    assert (pixels(bundled(f"MR_small_{name}.dcm")) == plain).all()


def test_frames_are_rows_with_their_numbers(rows):
    frames = np.stack([UNSIGNED, UNSIGNED.T.reshape(32, 64), UNSIGNED // 2 + 7])
    found = rows(dataset(frames, RescaleSlope=1, RescaleIntercept=0))
    assert [str(each)[-18:] for each in found["image"]] == [
        f"scan.dcm [frame {number}]" for number in (1, 2, 3)
    ]
    assert found["frame"].to_list() == [1, 2, 3]
    for value, frame in zip(found["image"], frames, strict=True):
        assert close(read_picture(value), stretched(frame))


def test_enhanced_frames_have_each_their_own_window(rows):
    scan = dataset(np.stack([UNSIGNED, UNSIGNED]))
    shared, each = Dataset(), []
    scale = Dataset()
    scale.RescaleSlope, scale.RescaleIntercept, scale.RescaleType = 2, -500, "HU"
    shared.PixelValueTransformationSequence = Sequence([scale])
    for center in (500, 2500):
        window = Dataset()
        window.WindowCenter, window.WindowWidth = center, 401
        group = Dataset()
        group.FrameVOILUTSequence = Sequence([window])
        each.append(group)
    scan.SharedFunctionalGroupsSequence = Sequence([shared])
    scan.PerFrameFunctionalGroupsSequence = Sequence(each)
    units = UNSIGNED * 2.0 - 500
    for value, center in zip(rows(scan)["image"], (500, 2500), strict=True):
        expected = np.clip((units - (center - 0.5)) / 400 + 0.5, 0, 1) * 255
        assert close(read_picture(value), expected)


def test_file_of_many_frames_is_read_once(rows, monkeypatch):
    found = rows(dataset(np.stack([UNSIGNED] * 20)))
    reads = []
    monkeypatch.setattr(
        dicom_file, "read_bytes", lambda file: reads.append(file) or file.read_bytes()
    )
    assert PICTURES.read(found).problems == {}
    assert len(reads) == 1


def test_scan_without_an_ending_or_a_preamble_is_found(tmp_path):
    data = encoded(dataset(UNSIGNED))
    (tmp_path / "IM000001").write_bytes(data)
    (tmp_path / "1.2.840.99").write_bytes(data)
    (tmp_path / "bare.dcm").write_bytes(data[132:])
    (tmp_path / "README").write_text("x" * 200)
    source = open_source(tmp_path, PICTURES, FORMATS)
    checked = PICTURES.read(next(source.chunks()).rows)
    assert source.left_alone == 1
    assert checked.problems == {}
    assert all(close(each, stretched(UNSIGNED)) for each in checked.rows["image"])
    assert len(checked.rows) == 3


def test_scan_in_an_archive_is_read_in_place(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("ward/one.dcm", encoded(dataset(UNSIGNED)))
        file.writestr("two", encoded(dataset(np.stack([UNSIGNED, UNSIGNED]))))
    rows = next(open_source(tmp_path / "a.zip", PICTURES, FORMATS).chunks()).rows
    assert [str(each) for each in rows["image"]] == [
        "a.zip/ward/one.dcm",
        "a.zip/two [frame 1]",
        "a.zip/two [frame 2]",
    ]
    assert all(close(each, stretched(UNSIGNED)) for each in PICTURES.read(rows).rows["image"])


def without(*names: str) -> Dataset:
    found = dataset(UNSIGNED)
    for name in names:
        delattr(found, name)
    return found


def of_kind(uid: str) -> Dataset:
    found = without("Rows", "Columns", "PixelData", "BitsAllocated", "SamplesPerPixel")
    found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = uid
    return found


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


def test_kept_tags_are_columns(rows):
    plain = rows(dataset(UNSIGNED))
    assert list(plain.columns) == ["image", "study", "series", "frame"]
    kept = rows(dataset(UNSIGNED, PatientSex="F", Modality="DX"), keep_tags=True)
    assert list(kept.columns) == ["image", "study", "series", "frame", *KEPT_TAGS]
    row = kept.iloc[0]
    assert (row["PatientID"], row["PatientSex"], row["Modality"]) == ("MRN-4711", "F", "DX")
    assert row["StudyInstanceUID"] == "1.2.3.4.5.6.7.8.1"
    assert row["StudyDate"] == "20240229"
    assert pd.isna(row["PatientAge"])
    assert "DOE" not in kept.drop(columns="image").to_string()


def test_study_is_the_same_word_in_every_run_and_another_for_another_person(
    rows, tmp_path, monkeypatch
):
    first, again = rows(dataset(UNSIGNED)), rows(dataset(UNSIGNED))
    other = rows(dataset(UNSIGNED, StudyInstanceUID="1.2.3.4.5.6.7.8.9"))
    assert len(first["study"][1]) == 12
    assert first["study"][1] == again["study"][1] != other["study"][1]
    assert first["study"][1] != first["series"][1]
    assert pd.isna(rows(without("StudyInstanceUID"))["study"][1])
    monkeypatch.setenv("DEEPFIELD_HOME", str(tmp_path / "another"))
    assert rows(dataset(UNSIGNED))["study"][1] != first["study"][1]
    assert (tmp_path / "another" / "pseudonyms.salt").stat().st_mode & 0o077 == 0


def test_salt_is_kept_where_a_drive_has_no_links(rows, tmp_path, monkeypatch):
    def refuse(self, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    monkeypatch.setenv("DEEPFIELD_HOME", str(tmp_path / "stick"))
    assert rows(dataset(UNSIGNED))["study"][1] == rows(dataset(UNSIGNED))["study"][1]
    (salt,) = (tmp_path / "stick").iterdir()
    assert salt.stat().st_mode & 0o077 == 0


def test_second_of_two_processes_takes_the_salt_of_the_first(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "salt").write_bytes(b"first")
    with pytest.raises(FileExistsError):
        pseudonyms._write(tmp_path / "own" / "salt", b"second")
    assert [path.read_bytes() for path in (tmp_path / "own").iterdir()] == [b"first"]


def test_dicomdir_is_left_alone_in_a_folder(tmp_path, reason):
    directory = encoded(of_kind(MediaStorageDirectoryStorage))
    (tmp_path / "disc").mkdir()
    (tmp_path / "disc" / "DICOMDIR").write_bytes(directory)
    (tmp_path / "disc" / "IM1").write_bytes(encoded(dataset(UNSIGNED)))
    source = open_source(tmp_path / "disc", PICTURES, FORMATS)
    (chunk,) = source.chunks()
    assert [Path(str(value)).name for value in chunk.rows["image"]] == ["IM1"]
    assert source.left_alone == 1
    (chunk,) = open_source(tmp_path / "disc" / "DICOMDIR", PICTURES, FORMATS).chunks()
    assert "is a DICOMDIR" in PICTURES.read(chunk.rows).problems[1]


def test_scans_of_a_table_have_their_columns(tmp_path):
    (tmp_path / "IM1").write_bytes(encoded(dataset(UNSIGNED)))
    (tmp_path / "list.csv").write_text("image\nIM1\n")
    (chunk,) = open_source(tmp_path / "list.csv", PICTURES, FORMATS, {"keep_tags": True}).chunks()
    assert list(chunk.rows.columns) == ["image", "study", "series", "frame", *KEPT_TAGS]
    assert chunk.rows["PatientID"].to_list() == ["MRN-4711"]
    assert str(chunk.rows["image"][1]) == str(tmp_path / "IM1")


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("kind", ["uint16", "int16", "uint8"])
@pytest.mark.parametrize("window", [{}, {"WindowCenter": 1000, "WindowWidth": 12345.6}])
def test_greys_worked_out_once_a_level_are_those_of_each_pixel(
    pixels, monkeypatch, photometric, kind, window
):
    limits = np.iinfo(kind)
    frame = np.random.default_rng(2).integers(limits.min, limits.max, (200, 400), kind, True)
    scan = dataset(
        frame,
        PhotometricInterpretation=photometric,
        PixelPaddingValue=int(frame[0, 0]),
        RescaleSlope=0.3,
        RescaleIntercept=-7,
        **window,
    )
    found = pixels(scan)
    monkeypatch.setattr(dicom_pixels, "by_level", lambda stored, grey: grey(stored))
    assert (found == pixels(scan)).all()


def test_large_frame_is_shown_within_few_times_its_bytes():
    frame = np.arange(3000 * 3000, dtype=np.uint16).reshape(3000, 3000)
    scan = dataset(frame, WindowCenter=9000, WindowWidth=5000)
    tracemalloc.start()
    dicom_pixels.frame_pixels(scan, 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * frame.nbytes


def test_large_frames_are_decoded_one_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(dicom_file, "LARGE", UNSIGNED.size - 1)
    for name in "abcd":
        (tmp_path / f"{name}.dcm").write_bytes(encoded(dataset(UNSIGNED)))
    (chunk,) = open_source(tmp_path, PICTURES, FORMATS).chunks()
    inside, most = [], []

    def slowly(dataset, index):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.02)
        inside.pop()
        return np.zeros((2, 2), np.uint8)

    monkeypatch.setattr(dicom_file, "frame_pixels", slowly)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(read_picture, chunk.rows["image"]))
    assert most == [1, 1, 1, 1]


def test_pixels_behind_the_last_frame_are_not_kept(rows):
    scan = dataset(np.stack([UNSIGNED, UNSIGNED]))
    needed = len(scan.PixelData)
    scan.PixelData += bytes(10 * needed)
    value = rows(scan)["image"][1]
    assert close(read_picture(value), stretched(UNSIGNED))
    kept = value.decode.func.__self__
    ((dataset_kept, size),) = [found for owner, found in kept.recent._kept.items() if owner is kept]
    assert len(dataset_kept.PixelData) == needed
    assert dataset_kept.buffer is None
    assert needed <= size < 2 * needed


def test_compressed_pixels_that_are_longer_than_the_tags_say_are_counted(rows):
    scan = dataset(np.stack([UNSIGNED, UNSIGNED]))
    scan.compress(RLELossless, generate_instance_uid=False)
    frames = [*pydicom.encaps.generate_frames(scan.PixelData, number_of_frames=2)]
    scan.PixelData = encapsulate([frames[0], frames[1] + bytes(100_000)])
    value = rows(scan)["image"][1]
    read_picture(value)
    kept = value.decode.func.__self__
    assert kept.recent._kept[kept][1] > 100_000


def test_listing_formats_imports_no_reader():
    code = (
        "import sys, deepfield_medical_imaging; "
        "sys.exit(', '.join({'pydicom', 'nibabel', 'imagecodecs'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
