"""Slices of volumes whose every corner is known."""

from __future__ import annotations

import gzip
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pytest
from nibabel.testing import data_path
from PIL import Image as Pillow
from pydantic import ValidationError

from deepfield.errors import InputError, UsageError
from deepfield.fields import Image
from deepfield.formats import Formats
from deepfield.images import read_picture
from deepfield.sources import open_source
from deepfield.table import Table
from deepfield_medical_imaging.nifti import Nifti, NiftiOptions, chosen

PICTURES = Table(Image("image", mode="L"))
FORMATS = Formats([Nifti()])
SHAPE = (7, 6, 5)  # from left to right, back to front, foot to head


@pytest.fixture
def rows(tmp_path):
    """Return the rows that an image, or the bytes of a file, gives."""

    def read(what, name="scan.nii", **options) -> pd.DataFrame:
        path = tmp_path / name
        if isinstance(what, bytes):
            path.write_bytes(what)
        else:
            nibabel.save(what, path)
        return next(open_source(path, PICTURES, FORMATS, options).chunks()).rows

    return read


@pytest.fixture
def reason(rows):
    def read(what, **options) -> str:
        with pytest.raises(InputError) as caught:
            read_picture(rows(what, **options)["image"][1])
        return str(caught.value)

    return read


def volume(values: np.ndarray, codes: str = "RAS", zooms=(1, 1, 1)) -> nibabel.Nifti1Image:
    """Return values that are in RAS order, stored in the order of ``codes``."""
    affine = np.diag([*zooms, 1.0])
    image = nibabel.Nifti1Image(values, affine)
    start = nibabel.orientations.io_orientation(affine)
    turn = nibabel.orientations.ornt_transform(
        start, nibabel.orientations.axcodes2ornt(tuple(codes))
    )
    return image.as_reoriented(turn)


def marked(**places) -> np.ndarray:
    """Return a dark volume with one bright voxel, at the far end of the named directions."""
    values = np.zeros(SHAPE, dtype=np.int16)
    values[
        -1 if places.get("right") else 0,
        -1 if places.get("front") else 0,
        -1 if places.get("head") else 0,
    ] = 100
    return values


def brightest(picture: np.ndarray) -> tuple[str, str]:
    row, column = np.unravel_index(picture.argmax(), picture.shape)
    return (
        "top" if row == 0 else "bottom" if row == picture.shape[0] - 1 else "?",
        "left" if column == 0 else "right" if column == picture.shape[1] - 1 else "?",
    )


@pytest.mark.parametrize("codes", ["RAS", "LPS", "LAS", "PSR", "AIL", "SRP"])
@pytest.mark.parametrize(
    ("plane", "place", "mark", "where"),
    [
        # Axial: front up, the patient's right on the left of the picture.
        ("axial", 4, {"head": True, "front": True, "right": True}, ("top", "left")),
        ("axial", 0, {"front": True}, ("top", "right")),
        ("axial", 0, {"right": True}, ("bottom", "left")),
        # Coronal: head up, right on the left.
        ("coronal", 5, {"front": True, "head": True, "right": True}, ("top", "left")),
        ("coronal", 0, {"head": True}, ("top", "right")),
        # Sagittal: head up, front on the left.
        ("sagittal", 6, {"right": True, "head": True, "front": True}, ("top", "left")),
        ("sagittal", 0, {"head": True}, ("top", "right")),
    ],
)
def test_slices_are_upright_however_they_are_stored(rows, codes, plane, place, mark, where):
    found = rows(volume(marked(**mark), codes), plane=plane)
    pictures = [read_picture(value) for value in found["image"]]
    assert [picture.max() for picture in pictures].index(255) == place
    assert brightest(pictures[place]) == where
    height, width = {"axial": (6, 7), "coronal": (5, 7), "sagittal": (5, 6)}[plane]
    assert pictures[0].shape == (height, width)


def test_window_is_of_percentiles_of_the_whole_volume(rows):
    values = np.random.default_rng(0).normal(100, 30, (20, 20, 10)).astype(np.float32)
    values[0, 0, 0] = 1e6  # one hot voxel does not darken all others
    found = rows(volume(values))
    low, high = np.percentile(values, [0.5, 99.5])
    for place, value in enumerate(found["image"]):
        expected = np.clip((values[:, :, place] - low) / (high - low), 0, 1) * 255
        difference = read_picture(value) - expected[::-1, ::-1].T
        assert np.abs(difference).max() <= 0.51


def test_slope_below_zero_turns_light_to_dark(rows):
    image = volume(np.arange(210, dtype=np.int16).reshape(SHAPE))
    image.header.set_slope_inter(-2.0, 5.0)
    data = image.to_bytes()
    header = nibabel.Nifti1Header(data[:348])
    header.set_slope_inter(-2.0, 5.0)
    found = rows(header.binaryblock + data[348:])
    first = read_picture(found["image"][1])
    assert first[-1, -1] == 255  # the least stored is the greatest meant
    assert read_picture(found["image"][5])[0, 0] == 0


def test_voxels_that_are_no_numbers_are_black(rows):
    values = np.arange(210, dtype=np.float32).reshape(SHAPE)
    values[3, 3, 2], values[2, 2, 2] = np.nan, np.inf
    picture = read_picture(rows(volume(values), slices="2")["image"][1])[::-1, ::-1].T
    assert picture[3, 3] == picture[2, 2] == 0
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, [0.5, 99.5])
    assert abs(int(picture[6, 5]) - np.clip((values[6, 5, 2] - low) / (high - low), 0, 1) * 255) < 1


def test_mask_of_few_voxels_is_seen(rows):
    values = np.zeros((50, 50, 10), dtype=np.uint8)
    values[10, 10, 5] = 1
    picture = read_picture(rows(volume(values), slices="5")["image"][1])
    assert (picture == 255).sum() == 1


@pytest.mark.parametrize(
    ("plane", "shape"),
    # 7 × 6 × 5 voxels of 2 × 2 × 5 mm: pixels of the lesser side.
    [("axial", (6, 7)), ("coronal", (12, 7)), ("sagittal", (12, 6))],
)
def test_long_voxels_are_not_squashed(rows, plane, shape):
    found = rows(volume(marked(), zooms=(2, 2, 5)), plane=plane, slices="0")
    assert read_picture(found["image"][1]).shape == shape


@pytest.mark.parametrize(
    ("slices", "places"),
    [
        ("all", [0, 1, 2, 3, 4]),
        ("middle", [2]),
        ("3", [3]),
        ("-1", [4]),
        ("1:4", [1, 2, 3]),
        ("::2", [0, 2, 4]),
        ("-2:", [3, 4]),
        ("3:900", [3, 4]),
    ],
)
def test_slices_are_chosen_as_in_python(rows, slices, places):
    found = rows(volume(marked()), slices=slices)
    assert found["slice"].to_list() == places
    assert [str(each).split("/")[-1] for each in found["image"]] == [
        f"scan.nii [axial {place}]" for place in places
    ]


@pytest.mark.parametrize("slices", ["5", "-6", "3:3", "7:"])
def test_slices_that_are_not_there_say_which_are(slices):
    with pytest.raises(InputError, match="has 5 axial slices, from 0 to 4; none is"):
        chosen(slices, 5, "axial")


@pytest.mark.parametrize("slices", ["", "first", "1:2:0", "1:2:-1", "1-3", "-", "1::", "9999999"])
def test_slices_that_cannot_be_read_are_refused(slices):
    with pytest.raises(ValidationError, match="expected all, middle, a number"):
        NiftiOptions(slices=slices)


def test_wrong_option_is_one_sentence(rows):
    with pytest.raises(UsageError, match="Option 'slices' of the format NIfTI is 'x': expected"):
        rows(volume(marked()), slices="x")
    with pytest.raises(UsageError, match="Option 'plane' of the format NIfTI is 'oblique'"):
        rows(volume(marked()), plane="oblique")


def test_each_time_has_its_slices(rows):
    values = np.stack([marked(), marked(head=True) * 2], axis=-1)
    found = rows(nibabel.Nifti1Image(values, np.eye(4)), "f.nii.gz", slices="::4")
    assert found[["plane", "slice", "volume"]].values.tolist() == [
        ["axial", 0, 0],
        ["axial", 4, 0],
        ["axial", 0, 1],
        ["axial", 4, 1],
    ]
    assert str(found["image"][4]).endswith("f.nii.gz [volume 1, axial 4]")
    assert [read_picture(value).max() for value in found["image"]] == [128, 0, 0, 255]


def test_three_dimensions_have_no_volume(rows):
    assert rows(volume(marked()))["volume"].isna().all()


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "A.NII"])
def test_both_versions_and_byte_orders_give_the_same(rows, kind, order, name):
    values = np.arange(210, dtype=np.int16).reshape(SHAPE)
    header = kind.header_class(endianness=order)
    image = kind(values.astype(f"{order}i2"), np.eye(4), header)
    data = image.to_bytes()
    found = rows(gzip.compress(data) if name.endswith("gz") else data, name, slices="2")
    low, high = np.percentile(values, [0.5, 99.5])
    expected = np.clip((values[:, :, 2] - low) / (high - low), 0, 1)[::-1, ::-1].T * 255
    assert np.abs(read_picture(found["image"][1]) - expected).max() <= 0.51


def test_colours_keep_their_colours(rows):
    colours = np.random.default_rng(0).integers(0, 256, (*SHAPE, 3), dtype=np.uint8)
    kind = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    stored = np.ascontiguousarray(colours).view(kind).reshape(SHAPE)
    found = rows(nibabel.Nifti1Image(stored, np.eye(4)), slices="1")
    expected = np.swapaxes(colours[::-1, ::-1, 1], 0, 1)
    assert (read_picture(found["image"][1], "RGB") == expected).all()


def test_single_slice_is_a_volume_of_one(rows):
    found = rows(nibabel.Nifti1Image(np.arange(42, dtype=np.int16).reshape(7, 6), np.eye(4)))
    assert len(found) == 1
    assert read_picture(found["image"][1]).shape == (6, 7)


@pytest.mark.parametrize(
    ("name", "places"), [("anatomical.nii", 25), ("example4d.nii.gz", 48), ("standard.nii.gz", 7)]
)
def test_nibabels_own_volumes_are_read(name, places):
    path = Path(data_path) / name
    rows = next(open_source(path, PICTURES, FORMATS).chunks()).rows
    assert len(rows) == places
    checked = PICTURES.read(rows)
    assert checked.problems == {}
    canonical = np.asanyarray(nibabel.as_closest_canonical(nibabel.load(path)).dataobj)
    middle = canonical.shape[2] // 2
    whole = canonical[:, :, middle] if canonical.ndim == 3 else canonical[:, :, middle, 0]
    low, high = np.percentile(canonical, [0.5, 99.5])
    expected = np.clip((whole - low) / (high - low), 0, 1)[::-1, ::-1].T
    shown = checked.rows["image"].iloc[middle]
    # Voxels may be longer one way than the other: shrunk to their number, they are the same.
    small = Pillow.fromarray(shown).resize(expected.shape[::-1], Pillow.Resampling.BOX)
    assert np.corrcoef(np.asarray(small).ravel(), expected.ravel())[0, 1] > 0.98


def test_volume_is_decoded_once_for_all_slices_and_threads(rows, monkeypatch):
    from deepfield_medical_imaging.volume import Volume

    decode, calls = Volume._decode, []
    monkeypatch.setattr(Volume, "_decode", lambda self: calls.append(1) or decode(self))
    found = rows(volume(np.random.default_rng(0).normal(size=(8, 8, 60))))
    assert calls == []
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read_picture, found["image"]))
    assert len(calls) == 1


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_slice_costs_no_copy_of_its_volume(rows, plane):
    side = 128
    found = rows(volume(np.ones((side, side, side), dtype=np.float32)), plane=plane)["image"]
    read_picture(found[1])
    tracemalloc.start()
    read_picture(found[2])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < side**3 * 4 / 4


def header_of(image: nibabel.Nifti1Image, **changes) -> bytes:
    data = image.to_bytes()
    header = nibabel.Nifti1Header(data[:348])
    for name, value in changes.items():
        header[name] = value
    return header.binaryblock + data[348:]


WHOLE = volume(marked()).to_bytes()


@pytest.mark.parametrize(
    ("what", "name", "sentence"),
    [
        (b"", "a.nii", "is empty (0 bytes)"),
        (b"no volume" * 100, "a.nii", "is no NIfTI file"),
        (WHOLE[:200], "a.nii", "is no NIfTI file"),
        (WHOLE[:-10], "a.nii", "is cut off: 410 of 420 bytes of voxels are there"),
        (gzip.compress(WHOLE)[:-12], "a.nii.gz", "its gzip data"),
        (gzip.compress(WHOLE, 0).replace(b"d\0", b"e\0"), "a.nii.gz", "or does not add up"),
        (b"\x1f\x8b no gzip", "a.nii.gz", "its gzip data cannot be read"),
        (header_of(volume(marked()), magic=b"ni1"), "a.nii", "is half of a .hdr and .img pair"),
        (header_of(volume(marked()), magic=b""), "a.nii", "is no NIfTI file"),
        (header_of(volume(marked()), datatype=9999), "a.nii", "holds no valid type"),
        (
            header_of(volume(marked()), dim=[3, 0, 6, 5, 1, 1, 1, 1]),
            "a.nii",
            "a dimension without length",
        ),
        (
            header_of(volume(marked()), dim=[3, 30000, 30000, 30000, 1, 1, 1, 1]),
            "a.nii",
            "MB of voxels; at most 1,024 MB are read",
        ),
        (
            header_of(volume(marked()), dim=[5, 7, 6, 5, 1, 3, 1, 1]),
            "a.nii",
            "has 5 dimensions; 2 to 4 are read",
        ),
        (header_of(volume(marked()), vox_offset=1e9), "a.nii", "its voxels begin at byte"),
        (
            header_of(volume(marked(), zooms=(1e-4, 30, 1))),
            "a.nii",
            "which no scanner makes",
        ),
        (
            nibabel.Nifti1Image(np.ones(SHAPE, np.complex64), np.eye(4)).to_bytes(),
            "a.nii",
            "holds complex numbers",
        ),
    ],
    ids=range(16),
)
def test_what_cannot_be_shown_says_why(reason, what, name, sentence):
    assert sentence in reason(what, name=name)


def test_slice_of_too_many_pixels_costs_nothing(reason):
    tracemalloc.start()
    found = reason(header_of(volume(marked()), dim=[3, 30000, 30000, 1, 1, 1, 1, 1], datatype=2))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == "has axial slices of 900,000,000 pixels; at most 80 million are read"
    assert peak < 20 * 2**20


def test_bomb_is_read_no_further_than_its_header_says(rows):
    """A small volume, followed by a gigabyte that compresses to nothing."""
    bomb = gzip.compress(WHOLE) + gzip.compress(bytes(2**28), 9) * 4
    found = rows(bomb, "a.nii.gz")
    tracemalloc.start()
    checked = PICTURES.read(found)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert checked.problems == {}
    assert peak < 20 * 2**20


def test_pair_in_a_folder_says_what_to_do(tmp_path):
    nibabel.save(nibabel.Nifti1Pair(marked(), np.eye(4)), tmp_path / "a.img")
    source = open_source(tmp_path, PICTURES, FORMATS)
    assert source.left_alone == 1
    checked = PICTURES.read(next(source.chunks()).rows)
    assert "is half of a .hdr and .img pair; save it as one .nii file" in checked.problems[1]
