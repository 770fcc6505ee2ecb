"""Colours, compression and transfer syntaxes of DICOM: the same picture by each."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
from dicoms import (
    SCAN,
    UNSIGNED,
    bundled,
    dataset,
)
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)


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
