from __future__ import annotations

import zipfile

import pandas as pd
import pytest

from deepfield.errors import InputError, UsageError
from deepfield.fields import Image, Key, Number
from deepfield.sources import open_source
from deepfield.table import Table

PICTURES = Table(Image("scan"))
ROWS = Table(Key("card"), Number("amount"))


def gathered(what, inputs=ROWS):
    chunks = list(open_source(what, inputs).chunks())
    rows = pd.concat([chunk.rows for chunk in chunks if len(chunk.rows)])
    return rows, [each for chunk in chunks for each in chunk.rejected]


def test_folder_gives_its_pictures_in_order_and_counts_the_rest(films):
    (films / "notes.txt").write_text("x")
    (films / ".hidden.png").write_text("x")
    (films / "deep").mkdir()
    (films / "synthetic-chest-xray-1-1.png").rename(films / "deep" / "z.PNG")
    source = open_source(films, PICTURES)
    rows, _ = gathered(films, PICTURES)
    assert [path.name for path in rows["scan"]] == [
        "z.PNG",
        "synthetic-chest-xray-1-2.png",
        "synthetic-chest-xray-1-3.png",
        "synthetic-chest-xray-1-4.png",
    ]
    assert rows.index.to_list() == [1, 2, 3, 4]
    assert (source.total, source.left_alone) == (4, 1)


def test_folder_without_pictures_says_what_it_found(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(InputError, match=r"holds no pictures .* Found: 1 \.txt"):
        open_source(tmp_path, PICTURES)


def test_glob_and_list_give_what_they_name(films):
    assert len(gathered(str(films / "*-[12].png"), PICTURES)[0]) == 2
    assert len(gathered(sorted(films.iterdir())[:3], PICTURES)[0]) == 3
    with pytest.raises(InputError, match="No file matches"):
        open_source(str(films / "*.tiff"), PICTURES)


def test_missing_path_is_one_sentence():
    with pytest.raises(InputError, match="No file or folder 'xrays/'"):
        open_source("xrays/", PICTURES)


def test_archive_is_read_in_place(tmp_path, films):
    archive = tmp_path / "films.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(films.iterdir()):
            file.write(path, f"ward/{path.name}")
        file.writestr("__MACOSX/._x.png", b"x")
        file.writestr("readme.md", b"x")
    source = open_source(archive, PICTURES)
    assert (source.total, source.left_alone) == (4, 1)
    rows, _ = gathered(archive, PICTURES)
    assert str(rows["scan"][1]) == "films.zip/ward/synthetic-chest-xray-1-1.png"
    assert not (tmp_path / "ward").exists()


def test_bomb_and_password_in_an_archive_cost_one_row_each(tmp_path, films):
    archive = tmp_path / "films.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb.png", bytes(100_000_000))
        file.writestr("locked.png", b"x")
        file.write(films / "synthetic-chest-xray-1-1.png", "whole.png")
    data = bytearray(archive.read_bytes())
    locked = data.index(b"locked.png", data.index(b"PK\x01\x02")) - 46
    data[locked + 8] |= 1
    archive.write_bytes(data)
    with zipfile.ZipFile(archive) as file:
        assert file.getinfo("locked.png").flag_bits & 1
    rows = next(iter(open_source(archive, PICTURES).chunks())).rows
    checked = PICTURES.read(rows)
    assert "a zip bomb, and stays packed" in checked.problems[1]
    assert "is encrypted" in checked.problems[2]
    assert len(checked.rows) == 1


def test_file_that_only_ends_in_zip(tmp_path):
    (tmp_path / "a.zip").write_text("no archive")
    with pytest.raises(InputError, match="is no zip archive"):
        open_source(tmp_path / "a.zip", PICTURES)


def test_csv_keeps_text_and_sets_ragged_lines_aside(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('card,amount\n007,1.5\nx,1,2\n"a,b",\nlast,3\n')
    rows, rejected = gathered(path)
    assert rows["card"].to_list() == ["007", "a,b", "last"]
    assert rows.index.to_list() == [1, 3, 4]
    assert [(each.row, each.reason) for each in rejected] == [(2, "3 cells where the header has 2")]
    assert ROWS.read(rows).problems == {3: "column 'amount' is empty"}


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("card;amount\nMüller;3\n", "cp1252"),
        ("card\tamount\nMüller\t3\n", "utf-8-sig"),
        ("card,amount\r\nMüller,3\r\n", "utf-16"),
        ("card|amount\nMüller|3\n", "utf-8"),
    ],
)
def test_csv_of_other_lands_and_programs(tmp_path, text, encoding):
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode(encoding))
    rows, _ = gathered(path)
    assert rows.to_dict("records") == [{"card": "Müller", "amount": "3"}]


def test_keys_keep_their_zeros_behind_a_byte_order_mark(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("card,amount\n007,3\n", encoding="utf-8-sig")
    assert gathered(path)[0]["card"].to_list() == ["007"]


@pytest.mark.parametrize("data", [b"\xff\xfe", b"\n", b'"card,amount\n1'])
def test_csv_without_a_header_is_one_sentence(tmp_path, data):
    path = tmp_path / "rows.csv"
    path.write_bytes(data)
    with pytest.raises(InputError):
        ROWS.check_columns(gathered(path)[0].columns)


@pytest.mark.parametrize("what", ["x" * 5000, "~nobody-of-that-name/x", "a\0b"])
def test_what_is_no_path_is_one_sentence(what):
    with pytest.raises(InputError):
        open_source(what, PICTURES)


def test_other_kinds_of_source_are_refused():
    with pytest.raises(UsageError, match="Cannot read rows from list"):
        open_source([b"bytes"], PICTURES)


def test_glob_that_matches_a_folder_says_so(films):
    with pytest.raises(InputError, match="it matches the folder"):
        open_source(str(films.parent / "fil*"), PICTURES)


def test_csv_that_names_a_column_twice_is_refused(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("card,card\n1,2\n")
    with pytest.raises(InputError, match="names the column 'card' twice"):
        gathered(path)


def test_json_lines_set_broken_lines_aside(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"card": "a", "amount": 1}\n{"card": \n\n[1]\n{"card": "b", "amount": 2}\n')
    rows, rejected = gathered(path)
    assert rows.index.to_list() == [1, 5]
    assert [each.row for each in rejected] == [2, 4]


def test_parquet_and_frames_give_the_same_rows(tmp_path):
    frame = pd.DataFrame({"card": ["a", "b"], "amount": [1.0, 2.0]}, index=["x", "y"])
    frame.to_parquet(tmp_path / "rows.parquet", index=False)
    pd.testing.assert_frame_equal(gathered(tmp_path / "rows.parquet")[0], gathered(frame)[0])


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_empty_file_is_one_sentence(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"is empty \(0 bytes\)"):
        open_source(tmp_path / name, ROWS)


def test_broken_parquet_is_one_sentence(tmp_path):
    (tmp_path / "rows.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(InputError, match="is no Parquet file"):
        open_source(tmp_path / "rows.parquet", ROWS)


def test_pictures_for_a_table_domain_are_refused_with_its_columns(films):
    with pytest.raises(UsageError, match="takes a table with the columns card, amount"):
        open_source(films, ROWS)


def test_unknown_ending_lists_the_known(tmp_path):
    (tmp_path / "a.docx").write_text("x")
    with pytest.raises(UsageError, match="is of no known kind"):
        open_source(tmp_path / "a.docx", ROWS)


def test_relative_picture_paths_start_at_the_table(films):
    (films / "list.csv").write_text("scan,ward\nsynthetic-chest-xray-1-1.png,A\n")
    rows, _ = gathered(films / "list.csv", PICTURES)
    assert rows["scan"][1] == films / "synthetic-chest-xray-1-1.png"


def test_bytes_that_are_no_text_are_one_sentence(tmp_path):
    (tmp_path / "rows.csv").write_bytes(b"\x00\x01\x02 no table")
    with pytest.raises(InputError, match=r"rows.csv' is no text, and so no CSV"):
        gathered(tmp_path / "rows.csv")
