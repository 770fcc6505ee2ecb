"""Pictures that strangers send: each kind of trouble is one sentence."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from deepfield.errors import InputError
from deepfield.images import open_picture, read_picture

GREY = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def bomb(side: int = 60_000) -> bytes:
    """A PNG that declares side × side pixels and holds a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"0"))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (b"this is text", "is no picture that can be read"),
        (b"", r"is empty \(0 bytes\)"),
        (bomb(), "has too many pixels; at most 80 million are read"),
        (bomb(9_200), r"has 9,200 × 9,200 pixels; at most 80 million are read"),
        (np.zeros((9_200, 9_200), np.uint8), r"has 9,200 × 9,200 pixels; at most 80 million are"),
        (Image.new("1", (9_200, 9_300)), r"has 9,200 × 9,300 pixels; at most 80 million are"),
        (encoded(Image.fromarray(GREY), "JPEG")[:300], "is broken and cannot be decoded"),
        (encoded(Image.fromarray(GREY), "PNG")[:60], "is broken and cannot be decoded"),
        (17, "is int, which is no picture"),
        (np.zeros((4, 4)), "is an array of float64"),
        ("no/such/file.png", "does not exist: 'no/such/file.png'"),
    ],
)
def test_what_is_no_picture_is_one_sentence(value, sentence):
    with pytest.raises(InputError, match=sentence):
        read_picture(value)


def test_animated_gif_says_how_many_frames():
    frames = [Image.fromarray(GREY), Image.fromarray(GREY.T.copy()), Image.fromarray(GREY // 2)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match="holds 3 frames"):
        read_picture(data)


def test_pipes_and_devices_are_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", "/dev/zero"):
        with pytest.raises(InputError, match="is a device or a pipe"):
            read_picture(path)


def test_reading_leaves_the_filters_of_warnings_alone():
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: read_picture(encoded(Image.fromarray(GREY), "PNG")), range(200)))
    assert warnings.filters == before


def test_folder_is_no_picture(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        read_picture(tmp_path)


def test_svg_and_pdf_are_not_even_tried():
    with pytest.raises(InputError, match="is no picture that can be read"):
        read_picture(b"%PDF-1.4 ...")


@pytest.mark.parametrize("mode", ["CMYK", "RGB", "RGBA", "P", "LA", "1"])
@pytest.mark.parametrize("target", ["L", "RGB"])
def test_every_mode_comes_to_the_one_asked_for(mode, target):
    picture = Image.fromarray(GREY).convert(mode)
    data = encoded(picture, "TIFF" if mode == "CMYK" else "PNG")
    pixels = read_picture(data, target)
    assert pixels.dtype == np.uint8
    assert pixels.shape == ((64, 64) if target == "L" else (64, 64, 3))
    assert pixels.max() > 200 > 60 > pixels.min()


def test_sixteen_bits_are_stretched():
    deep = (GREY.astype(np.uint16) * 16) + 100  # 12 bits used of 16, as scanners do
    pixels = read_picture(encoded(Image.fromarray(deep), "PNG"))
    assert pixels.min() == 0
    assert pixels.max() == 255
    assert np.corrcoef(pixels.ravel(), GREY.ravel())[0, 1] > 0.999


def tiff(pixels: np.ndarray, photometric: int) -> bytes:
    """A grey TIFF of one strip, written by hand: 0 counts from white, 1 from black."""
    height, width = pixels.shape
    order = ">" if pixels.dtype.str[0] == ">" else "<"
    kind = {"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]
    data = pixels.tobytes()
    tags = [
        (256, width), (257, height), (258, 8 * pixels.dtype.itemsize), (259, 1),
        (262, photometric), (273, 8), (277, 1), (278, height), (279, len(data)), (339, kind),
    ]  # fmt: skip
    entries = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags)
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return (
        magic
        + struct.pack(f"{order}I", 8 + len(data))
        + data
        + struct.pack(f"{order}H", len(tags))
        + entries
        + bytes(4)
    )


@pytest.mark.parametrize("kind", ["<u2", ">u2", "<i2", "<u4", "<i4", "<f4"])
def test_deep_tiff_is_stretched(kind):
    deep = (GREY.astype(float) * 16 + 100).astype(kind)
    expected = (GREY.astype(float) - GREY.min()) / (int(GREY.max()) - GREY.min()) * 255
    assert np.abs(read_picture(tiff(deep, 1)) - expected).max() <= 0.51


@pytest.mark.parametrize("kind", ["u1", "<u2", "<f4"])
def test_tiff_that_counts_from_white_is_turned(kind):
    black, white = (read_picture(tiff(GREY.astype(kind), each)) for each in (1, 0))
    assert (white == 255 - black).all()
    assert black[0, 0] < black[0, -1]


def test_pages_of_a_tiff_are_counted():
    data = encoded(
        Image.fromarray(GREY), "TIFF", save_all=True, append_images=[Image.new("L", (9, 9))]
    )
    with pytest.raises(InputError, match="holds 2 frames"):
        read_picture(data)


def test_transparency_is_laid_over_black():
    clear = Image.new("RGBA", (8, 8), (255, 255, 255, 0))
    assert read_picture(encoded(clear, "PNG")).max() == 0


def test_exif_rotation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter
    wide = Image.fromarray(GREY[:32])
    assert open_picture(encoded(wide, "JPEG", exif=exif)).size == (32, 64)


def test_pictures_to_be_judged_are_decoded_in_full():
    big = Image.fromarray(np.kron(GREY, np.ones((20, 20), dtype=np.uint8)))
    data = encoded(big, "JPEG", quality=95)
    reduced = read_picture(data, "L", (64, 64)).astype(int)
    whole = Image.open(BytesIO(data)).resize((64, 64), Image.Resampling.BILINEAR)
    assert (reduced == np.asarray(whole)).all()


def test_pictures_to_look_at_may_be_decoded_at_a_reduced_scale():
    big = Image.fromarray(np.kron(GREY, np.ones((20, 20), dtype=np.uint8)))
    assert open_picture(encoded(big, "JPEG"), "L", at_least=64).size == (160, 160)


def test_arrays_and_pillow_pictures_are_taken_as_they_are():
    assert (read_picture(GREY) == GREY).all()
    assert (read_picture(Image.fromarray(GREY)) == GREY).all()
    assert (
        read_picture({"bytes": encoded(Image.fromarray(GREY), "PNG"), "path": None}) == GREY
    ).all()
