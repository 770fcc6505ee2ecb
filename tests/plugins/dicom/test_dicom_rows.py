"""The rows that DICOM files give: frames, tags, folders, archives, tables; and what they cost."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest
from dicoms import (
    FORMATS,
    PICTURES,
    UNSIGNED,
    close,
    dataset,
    encoded,
    of_kind,
    stretched,
    without,
)
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MediaStorageDirectoryStorage,
    RLELossless,
)

from deepfield.images import read_picture
from deepfield.sources import open_source
from deepfield_medical_imaging import dicom_file, dicom_pixels, pseudonyms
from deepfield_medical_imaging.dicom import KEPT_TAGS


def test_frames_are_rows_with_their_numbers(rows):
    frames = np.stack([UNSIGNED, UNSIGNED.T.reshape(32, 64), UNSIGNED // 2 + 7])
    found = rows(dataset(frames, RescaleSlope=1, RescaleIntercept=0))
    assert [str(each)[-18:] for each in found["image"]] == [
        f"scan.dcm [frame {number}]" for number in (1, 2, 3)
    ]
    assert found["frame"].to_list() == [1, 2, 3]
    for value, frame in zip(found["image"], frames, strict=True):
        assert close(read_picture(value), stretched(frame))


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
