"""What the greys of a DICOM frame become, against values worked out by other means."""

from __future__ import annotations

import numpy as np
import pytest
from dicoms import (
    SCAN,
    SHIFTED,
    UNSIGNED,
    close,
    dataset,
    stretched,
)
from pydicom.dataset import Dataset
from pydicom.pixels import apply_windowing
from pydicom.sequence import Sequence

from deepfield.images import read_picture
from deepfield_medical_imaging import dicom_pixels
from deepfield_medical_imaging.dicom_pixels import windowed


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


def test_float_pixels_that_are_no_numbers_are_black(pixels):
    scan = dataset(SHIFTED.astype(np.int32))
    del scan.PixelData, scan.PixelRepresentation, scan.BitsStored, scan.HighBit
    values = SHIFTED.astype(np.float32)
    values[3, 3] = np.nan
    scan.FloatPixelData = values.tobytes()
    expected = stretched(SHIFTED)
    expected[3, 3] = 0
    assert close(pixels(scan), expected)


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
