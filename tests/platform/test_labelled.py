from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from deepfield_flowers import Flowers
from PIL import Image as Picture

from deepfield.errors import InputError, UsageError
from deepfield.fields import Image, Key, Timestamp
from deepfield.fitting.data import distinct
from deepfield.fitting.splitting import split
from deepfield.formats import Format, Formats
from deepfield.labelled import Labelled, find_path, read_labelled, read_unlabelled
from deepfield.table import Table

PICTURES = Table(Image("image", mode="L"))


@dataclass(frozen=True)
class Slice:
    """What a format gives for one of several pictures of a file."""

    name: str
    file: str
    pixels: np.ndarray
    columns: dict = field(default_factory=dict)

    def __str__(self):
        return self.name

    def picture(self):
        return self.pixels


class Volume(Format):
    """As many slices as the file has bytes; the first and last are black."""

    name = "volume"
    title = "Volume"
    suffixes = (".vol",)

    def columns(self, options):
        return {"patient": "str"}

    def pictures(self, file, options):
        data = file.read_bytes()
        generator = np.random.default_rng(list(data))
        slices = generator.integers(0, 255, (len(data), 4, 4), dtype=np.uint8)
        slices[[0, -1]] = 0
        patient = {"patient": "p1"} if data.startswith(b"p") else {}
        return [
            Slice(f"{file} [{number}]", str(file), each, patient)
            for number, each in enumerate(slices)
        ]


@pytest.fixture
def volumes(tmp_path) -> Path:
    """Four volumes of each of two classes, and a plain picture."""
    for name in ("ill", "well"):
        (tmp_path / "scans" / name).mkdir(parents=True)
        for number in range(4):
            content = f"{'p' if number < 2 else 'x'}{name}{number}"
            (tmp_path / "scans" / name / f"{number}.vol").write_text(content)
    pixels = np.arange(16, dtype=np.uint8).reshape(4, 4)
    Picture.fromarray(pixels).save(tmp_path / "scans" / "ill" / "plain.png")
    return tmp_path / "scans"


def read(what, **named) -> Labelled:
    return read_labelled(what, PICTURES, formats=Formats([Volume()]), **named)


def test_slices_of_one_file_are_never_split(volumes):
    found = read(volumes)
    assert found.by_file
    assert found.groups.nunique() == 9
    parts = split(found)
    seen = [set(found.groups[part]) for part in vars(parts).values()]
    assert len(set.union(*seen)) == sum(map(len, seen)) == 9


def test_files_of_one_picture_each_are_no_groups(volumes):
    for each in volumes.rglob("*.vol"):
        each.write_text("x")
    assert read(volumes).groups is None
    assert not read(volumes).by_file


def test_slices_without_a_group_belong_to_their_file(volumes):
    found = read(volumes, group="patient")
    assert not found.by_file
    # Four volumes say p1; of the others each is a group, and so is the plain picture.
    assert found.groups.nunique() == 1 + 4 + 1
    assert sorted(found.groups.value_counts()) == [1, 5, 5, 6, 6, 22]


def test_a_class_in_one_volume_cannot_be_split(volumes):
    for number in (1, 2, 3):
        (volumes / "well" / f"{number}.vol").unlink()
    sentence = "class 'well' lie in 1 file, .* needs three files"
    with pytest.raises(InputError, match=sentence):
        split(read(volumes))


def test_black_slices_are_set_aside_and_are_no_duplicates(volumes):
    raw = read(volumes)
    examples = distinct(raw.checked(PICTURES), raw, PICTURES)
    assert examples.duplicates == 0
    assert len(examples.labelled.rejected) == 16
    first = examples.labelled.rejected[0]
    assert first.source.endswith("0.vol [0]")
    assert first.reason.startswith("column 'image' is of one single colour")
    assert len(examples.labelled.rows) == len(raw.rows) - 16 == len(examples.labelled.groups)


def test_names_that_are_no_utf8_are_read_and_shown(tmp_path):
    place = tmp_path / os.fsdecode(b"B\xe4nder")
    for name in (b"gr\xfcn", b"rot"):
        (place / os.fsdecode(name)).mkdir(parents=True)
        pixels = np.arange(16, dtype=np.uint8).reshape(4, 4)
        Picture.fromarray(pixels).save(place / os.fsdecode(name) / os.fsdecode(b"R\xf6ntgen.png"))
    (place / os.fsdecode(b"gr\xfcn") / os.fsdecode(b"\xe4.png")).write_text("x")
    (place / os.fsdecode(b"leer \xe4")).mkdir()
    found = read(place).checked(PICTURES)
    assert found.counts == {"gr\ufffdn": 1, "rot": 1}
    assert found.empty_folders == ("leer \ufffd",)
    text = found.name + found.rejected[0].source + found.shown(3, PICTURES)
    assert text.encode("utf-8").decode("utf-8") == text


def test_categories_become_plain_text():
    samples = Flowers().samples()
    frame = samples.assign(label=pd.Categorical(["a", "b", "a"]), bed=pd.Categorical([1, 2, 2]))
    found = read_labelled(frame, Flowers.inputs, group="bed")
    assert (found.labels + "!").to_list() == ["a!", "b!", "a!"]
    assert (found.groups + "!").to_list() == ["1!", "2!", "2!"]


def test_an_empty_list_is_one_sentence():
    with pytest.raises(InputError, match="list of pictures is empty"):
        read([])
    with pytest.raises(UsageError, match="this domain takes a table"):
        read_labelled([], Flowers.inputs)


def test_words_that_a_table_reads_as_empty_are_named(tmp_path):
    frame = Flowers().samples().assign(label=["NA", "", "b"])
    frame.to_csv(tmp_path / "rows.csv", index=False)
    found = read_labelled(tmp_path / "rows.csv", Flowers.inputs)
    assert [each.row for each in found.rejected] == [1, 2]
    assert "is empty (or NA, N/A, NaN or null" in found.rejected[0].reason
    quoted = (tmp_path / "rows.csv").read_text().replace("NA", '"NA"')
    (tmp_path / "rows.csv").write_text(quoted)
    assert read_labelled(tmp_path / "rows.csv", Flowers.inputs).labels.to_list() == ["NA", "b"]
    in_memory = read_labelled(frame.assign(label=[None, "NA", "b"]), Flowers.inputs)
    assert [each.reason for each in in_memory.rejected] == ["column 'label' is empty"]
    assert in_memory.labels.to_list() == ["NA", "b"]


@pytest.mark.parametrize("path", ["films/", "~nobody-at-all/films", "films.csv"])
def test_a_path_that_leads_nowhere_is_one_sentence(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="No file or folder|is no path"):
        find_path(path)
    assert find_path(tmp_path) == tmp_path
    assert find_path("films/*.png") == Path("films/*.png")


def test_rows_without_labels_are_read_and_a_column_of_that_name_is_none():
    table = Table(Key("reader"), Key("book"))
    frame = pd.DataFrame({"reader": ["ada"], "book": ["x"], "label": ["liked"]})
    found = read_unlabelled(frame, table)
    assert list(found.rows.columns) == ["reader", "book"]
    assert found.labels.isna().all()
    with pytest.raises(InputError, match="'DataFrame' has no rows"):
        read_unlabelled(frame[:0], table)
    with pytest.raises(InputError, match="No column 'book'"):
        read_unlabelled(frame[["reader"]], table)


def test_days_and_months_are_told_apart_by_all_rows(monkeypatch):
    monkeypatch.setattr("deepfield.labelled.rows.NUMBERS", 2)
    table = Table(Key("reader"), Timestamp("time"))
    times = ["03/04/2024", "05/04/2024", "31/05/2024"]  # two pieces, of which the second tells
    read = read_unlabelled(pd.DataFrame({"reader": "ada", "time": times}), table).checked(table)
    assert not read.rejected
    assert [str(each)[:10] for each in read.rows["time"]] == [
        "2024-04-03",
        "2024-04-05",
        "2024-05-31",
    ]
