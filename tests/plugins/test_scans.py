"""Scans from end to end: what comes out, and that nothing of the patient does."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pytest
from dicoms import PATIENT, SECRETS, dataset, encoded
from PIL import Image

import deepfield
from deepfield.history import History
from deepfield.images import read_picture
from deepfield.plugins import Registry
from deepfield.scoring import Job
from deepfield_medical_imaging.synthesis import generators

COMMAND = [sys.executable, "-c", "from deepfield.cli import main; main()"]
NIFTI_SECRET = "Doe Jane 1970"


@pytest.fixture(scope="module")
def model():
    return deepfield.load("medical-imaging")


@pytest.fixture
def ward(tmp_path) -> Path:
    """Films as PNG and DICOM, with and without an ending, a volume, and files that are broken."""
    folder = tmp_path / "ward"
    folder.mkdir()
    drawn = generators()[0].generate(2, seed=1)["image"]
    film = read_picture(drawn[0])
    (folder / "film.png").write_bytes(drawn[0]["bytes"])
    (folder / "film.dcm").write_bytes(encoded(dataset(film)))
    (folder / "IM000001").write_bytes(encoded(dataset(np.stack([film, 255 - film]))))
    volume = nibabel.Nifti1Image(np.moveaxis(np.stack([film.T[::-1, ::-1]] * 3), 0, -1), np.eye(4))
    volume.header["descrip"] = volume.header["db_name"] = NIFTI_SECRET
    nibabel.save(volume, folder / "brain.nii.gz")
    whole = encoded(dataset(film, WindowCenter="31415", WindowWidth="2"))
    (folder / "x-window.dcm").write_bytes(whole.replace(b"31415 ", PATIENT.encode()[:6]))
    (folder / "x-cut.dcm").write_bytes(whole[:-1000])
    (folder / "x-tags.dcm").write_bytes(whole[:500])
    shifted = whole.replace(b"\x28\x00\x10\x00US\x02\x00", b"\x28\x00\x10\x00US\x08\x00")
    (folder / "x-shifted.dcm").write_bytes(shifted)
    # Served: the name stands where the study's identifier should.
    named = (folder / "film.dcm").read_bytes().replace(b"1.2.3.4.5.6.7.8.1", b"DOE^JANE.........")
    assert PATIENT.encode() in named
    (folder / "named.dcm").write_bytes(named)
    (folder / "x-study.dcm").write_bytes(named[:-9])
    (folder / "x.nii").write_bytes(b"no volume")
    (folder / "notes.txt").write_text(PATIENT)
    return folder


def leaks(text: str | bytes) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    secrets = [*SECRETS.values(), "DOE^J", NIFTI_SECRET]
    return [secret for secret in secrets if secret.encode() in data]


def test_folder_of_all_kinds_is_scored_and_what_is_broken_is_named(model, ward):
    result = deepfield.score(model, ward)
    names = [name.removeprefix(f"{ward}/") for name in result.frame["image"]]
    assert names == [
        "IM000001 [frame 1]",
        "IM000001 [frame 2]",
        *(f"brain.nii.gz [axial {place}]" for place in range(3)),
        "film.dcm",
        "film.png",
        "named.dcm",
    ]
    assert result.left_alone == 1
    assert result.frame["frame"].to_list() == [1, 2, pd.NA, pd.NA, pd.NA, 1, pd.NA, 1]
    assert result.frame["slice"].to_list() == [pd.NA, pd.NA, 0, 1, 2, pd.NA, pd.NA, pd.NA]
    assert result.frame["study"].nunique() == 2
    # The same film gives the same answer in whatever file it lies.
    films = result.frame[names.index("film.png") == np.arange(8)]["pneumonia"].iloc[0]
    same = result.frame["pneumonia"].iloc[[0, 2, 3, 4, 5, 7]]
    np.testing.assert_allclose(same, films, atol=0.02)
    reasons = [
        (Path(each.source).name, each.reason.removeprefix("column 'image' "))
        for each in result.rejected.itertuples()
    ]
    assert reasons == [
        ("x-cut.dcm", "is cut off: 15,384 of 16,384 bytes of pixels are there"),
        ("x-shifted.dcm", "is broken: its tag Rows is no number"),
        ("x-study.dcm", "is cut off: 16,375 of 16,384 bytes of pixels are there"),
        (
            "x-tags.dcm",
            "is broken or cut off: it lacks the tags Rows and Columns "
            "(Secondary Capture Image Storage)",
        ),
        ("x-window.dcm", "is broken: its tag WindowCenter cannot be read"),
        ("x.nii", "is no NIfTI file"),
    ]


def test_nothing_of_the_patient_reaches_results_errors_logs_or_the_history(
    model, ward, tmp_path, home, caplog, recwarn
):
    caplog.set_level(logging.DEBUG)
    for suffix in (".csv", ".parquet", ".jsonl"):
        deepfield.score(model, ward, output=tmp_path / "out" / f"scored{suffix}", overwrite=True)
    result = deepfield.score(model, ward)
    Job(model, ward, keep=True).run()
    with pytest.raises(deepfield.DeepfieldError) as caught:
        model.predict(pd.DataFrame({"image": sorted(ward.glob("x-*.dcm"))}))
    assert result.run.rows_rejected == 6
    written = [path for path in [*(tmp_path / "out").iterdir(), *home.rglob("*")] if path.is_file()]
    assert {
        *("history.sqlite", "scored.csv", "scored.rejected.csv"),
        *("results.parquet", "results.rejected.csv"),
    } <= {path.name for path in written}
    assert [(path.name, leaks(path.read_bytes())) for path in written] == [
        (path.name, []) for path in written
    ]
    frames = pd.read_parquet(tmp_path / "out" / "scored.parquet").to_string()
    for text in (frames, result.frame.to_string(), result.rejected.to_string()):
        assert leaks(text) == []
    assert leaks(caplog.text + " ".join(str(each.message) for each in recwarn)) == []
    assert leaks(str(caught.value)) == []


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_command_line_says_nothing_of_the_patient_unless_asked(ward, tmp_path, home):
    plain = run("score", "medical-imaging", ward, "-o", tmp_path / "a.csv", "--slices", "middle")
    assert plain.returncode == 3, plain.stderr
    assert leaks(plain.stdout + plain.stderr + (tmp_path / "a.csv").read_text()) == []
    assert "brain.nii.gz [axial 1]" in (tmp_path / "a.csv").read_text()
    kept = run("score", "medical-imaging", ward / "film.dcm", "--keep-tags", "--json")
    assert kept.returncode == 0, kept.stderr
    row = json.loads(kept.stdout)
    assert row["PatientID"] == SECRETS["PatientID"]
    assert row["StudyInstanceUID"] == SECRETS["StudyInstanceUID"]
    assert leaks(kept.stderr) == []
    assert leaks(b"".join(path.read_bytes() for path in home.glob("history.sqlite*"))) == []
    assert PATIENT not in kept.stdout
    last, first = History().list()
    assert first.options["slices"] == "middle"
    assert last.options["keep_tags"] is True


def test_slices_are_explained_with_their_pictures(ward, tmp_path):
    done = run(
        "explain", "medical-imaging", ward / "brain.nii.gz", "--plane", "coronal",
        "--slices", "60:120:50", "-o", tmp_path / "why",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    drawn = sorted((tmp_path / "why").glob("*.png"))
    assert [path.name for path in drawn] == ["row-1.png", "row-2.png"]
    lines = (tmp_path / "why" / "explanations.jsonl").read_text().splitlines()
    assert [json.loads(line)["slice"] for line in lines] == [60, 110]
    assert Image.open(drawn[0]).size[1] == 3  # three slices from foot to head


def test_flags_of_the_formats_are_in_the_help_of_the_domain_that_takes_them():
    told = run("score", "medical-imaging", "--help").stdout
    assert all(flag in told for flag in ("--plane", "--slices", "--keep-tags", ".nii.gz"))
    assert "--plane" not in run("score", "flowers", "--help").stdout
    wrong = run("score", "medical-imaging", ".", "--slices", "some")
    assert wrong.returncode == 2
    assert "Option 'slices' of the format NIfTI is 'some': expected all, middle" in wrong.stderr


def test_archive_of_all_kinds_gives_the_same_answers(model, ward, tmp_path):
    with zipfile.ZipFile(tmp_path / "ward.zip", "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(ward.iterdir()):
            file.write(path, path.name)
    there, here = deepfield.score(model, ward), deepfield.score(model, tmp_path / "ward.zip")
    assert there.frame["image"].str.contains("named.dcm").any()
    outputs = ["finding", "pneumonia", "confidence", "trust", "study", "frame", "slice"]
    pd.testing.assert_frame_equal(there.frame[outputs], here.frame[outputs])
    assert there.rejected["reason"].to_list() == here.rejected["reason"].to_list()


def test_options_are_keyword_arguments(model, ward):
    result = deepfield.score(model, ward / "brain.nii.gz", plane="sagittal", slices="3")
    assert result.frame["plane"].to_list() == ["sagittal"]
    with pytest.raises(deepfield.DeepfieldError, match="Options: threshold, max_error, keep_tags"):
        deepfield.score(model, ward, plain="axial")


def test_paths_in_a_frame_are_read_too(model, ward):
    frame = pd.DataFrame({"image": [ward / "film.png", ward / "film.dcm"]}, index=["a", "b"])
    answers = model.predict(frame)
    assert answers.index.to_list() == ["a", "b"]
    assert abs(answers["pneumonia"]["a"] - answers["pneumonia"]["b"]) < 0.02
    assert len(model.explain(frame)) == 2
    with pytest.raises(deepfield.DeepfieldError, match="holds 3 pictures"):
        model.predict(pd.DataFrame({"image": [str(ward / "brain.nii.gz")]}))


class Sent:
    """What a browser sends."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.data = path.read_bytes()

    def getbuffer(self) -> memoryview:
        return memoryview(self.data)


def test_uploads_of_all_kinds_are_one_source_with_pictures_to_show(model, ward):
    from deepfield.dashboard.uploads import spool_pictures
    from deepfield.dashboard.work import Work

    sent = [
        Sent(ward / "IM000001", "IM000001"),
        Sent(ward / "brain.nii.gz", "Brain.NII.gz"),
        Sent(ward / "film.png", "film.png"),
    ]
    source, folder = spool_pictures(sent, model, {"slices": "middle"})
    work = Work(model, source, {}, folder)
    work.thread.join(120)
    assert work.error is None
    assert work.result.frame["image"].to_list() == [
        "IM000001 [frame 1]",
        "IM000001 [frame 2]",
        "Brain.NII.gz [axial 1]",
        "film.png",
    ]
    assert sorted(work.thumbnails) == [1, 2, 3, 4]
    film = read_picture(ward / "film.png").astype(float)
    low, high = np.percentile(film, [0.5, 99.5])
    expected = np.clip((film - low) / (high - low), 0, 1) * 255
    assert np.abs(read_picture(work.pictures[3]) - expected).max() <= 0.51
    assert work.result.run.options["slices"] == "middle"
    with pytest.raises(deepfield.DeepfieldError, match="'notes.txt' is neither a picture nor"):
        spool_pictures([sent[0], Sent(ward / "notes.txt", "notes.txt")], model, {})


def test_uploaded_archive_is_named_as_its_owner_named_it(model, ward, tmp_path):
    from deepfield.dashboard.uploads import spool_pictures

    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(ward / "film.dcm", "ward/film.dcm")
    source, _folder = spool_pictures([Sent(archive, "Monday.ZIP")], model, {"keep_tags": True})
    (chunk,) = source.chunks()
    assert str(chunk.rows["image"][1]) == "Monday.ZIP/ward/film.dcm"
    assert chunk.rows["PatientID"][1] == SECRETS["PatientID"]
    assert (source.name, source.options) == ("Monday.ZIP", {"keep_tags": True})
    with pytest.raises(deepfield.DeepfieldError, match="'n.zip' is no zip archive"):
        spool_pictures([Sent(ward / "notes.txt", "n.zip")], model, {})
    both = [Sent(ward / "film.dcm", "a.dcm"), Sent(archive, "x.zip")]
    for sent in (both, both[::-1]):
        with pytest.raises(deepfield.DeepfieldError, match="or one archive or table by itself"):
            spool_pictures(sent, model, {})


def test_data_folder_that_cannot_be_written_stops_the_run(model, ward, home):
    (home / "pseudonyms.salt").write_bytes(b"short")
    with pytest.raises(deepfield.DeepfieldError, match="does not hold 32 bytes; remove it"):
        deepfield.score(model, ward / "film.dcm")
    assert History().list()[0].status == "failed"


def test_registered_domain_takes_both_formats():
    registry = Registry.discover()
    formats = registry.formats_for(registry.domain("medical-imaging"))
    assert [each.name for each in formats.all] == ["dicom", "nifti"]
    assert list(formats.fields) == ["keep_tags", "plane", "slices"]
