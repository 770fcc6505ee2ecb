"""Files of a registered format: from whatever place, among pictures, with what is wrong said."""

from __future__ import annotations

import gc
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from deepfield_flowers.deck import Deck
from PIL import Image as PillowImage

from deepfield.errors import ContractError, InputError, UsageError
from deepfield.fields import Image
from deepfield.formats import Format, Formats, Picture, Recent
from deepfield.images import read_picture
from deepfield.sources import open_source
from deepfield.sources.pictures import NamedFile, PictureSource
from deepfield.table import Table

PICTURES = Table(Image("scan", mode="L"))
FORMATS = Formats([Deck()])


@pytest.fixture
def mixed(films):
    """Four films, a deck of two, one without an ending, a broken one and a note."""
    (films / "a.deck").write_text("1 2\n3 4\n")
    (films / "unnamed").write_text("DECK\n5 6 7\n")
    (films / "z.DECK").write_text("1 x\n")
    (films / "notes.md").write_text("x")
    return films


def gathered(what, **options):
    source = open_source(what, PICTURES, FORMATS, options)
    return source, pd.concat([chunk.rows for chunk in source.chunks()])


def test_folder_mixes_pictures_and_files_of_several(mixed):
    source, rows = gathered(mixed)
    assert [str(value).removeprefix(f"{mixed}/") for value in rows["scan"]] == [
        "a.deck [0]",
        "a.deck [1]",
        *(f"synthetic-chest-xray-1-{number}.png" for number in (1, 2, 3, 4)),
        "unnamed [0]",
        "z.DECK [0]",
    ]
    assert rows.index.to_list() == list(range(1, 9))
    assert (source.total, source.left_alone) == (8, 1)
    assert rows["card"].dtype == "Int64"
    assert rows["card"].to_list() == [0, 1, pd.NA, pd.NA, pd.NA, pd.NA, 0, 0]
    checked = PICTURES.read(rows)
    assert checked.problems == {8: "column 'scan' holds a word that is no number"}
    assert checked.rows["scan"][2].tolist() == [[3, 4], [3, 4]]
    assert checked.rows["scan"][7].tolist() == [[5, 6, 7]] * 3


def test_archive_list_glob_and_single_file_give_the_same_rows(mixed, tmp_path):
    archive = tmp_path / "mixed.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(mixed.iterdir()):
            file.write(path, path.name)
    _, folder = gathered(mixed)
    source, zipped = gathered(archive)
    assert source.left_alone == 1
    for there, here in zip(folder["scan"], zipped["scan"], strict=True):
        assert str(here) == f"mixed.zip/{str(there).removeprefix(f'{mixed}/')}"
        if "DECK" not in str(there):
            assert (read_picture(there) == read_picture(here)).all()
    named = [mixed / "unnamed", mixed / "a.deck"]
    assert [str(each)[-12:] for each in gathered(named)[1]["scan"]] == [
        "/unnamed [0]",
        "s/a.deck [0]",
        "s/a.deck [1]",
    ]
    assert len(gathered(str(mixed / "*.deck"))[1]) == 2
    assert len(gathered(mixed / "unnamed")[1]) == 1


def test_upload_is_known_by_the_name_that_its_owner_gave(tmp_path):
    (tmp_path / "0.txt").write_text("9 9\n")
    source = PictureSource(
        [NamedFile(tmp_path / "0.txt", "mine.deck.txt")], "1 upload", "scan", FORMATS
    )
    (chunk,) = source.chunks()
    assert str(chunk.rows["scan"][1]) == "mine.deck.txt [0]"


def test_options_reach_the_pictures_and_wrong_ones_are_one_sentence(mixed):
    source, rows = gathered(mixed / "a.deck", brightness=100)
    assert read_picture(rows["scan"][1]).tolist() == [[101, 102], [101, 102]]
    assert source.options == {"brightness": 100}
    with pytest.raises(UsageError, match="Option 'brightness' of the format Deck is 999"):
        gathered(mixed, brightness=999)
    with pytest.raises(UsageError, match="is open already; open it with brightness"):
        open_source(source, PICTURES, FORMATS, {"brightness": 1})


def test_pictures_alone_get_no_columns(films):
    assert list(gathered(films)[1].columns) == ["scan"]


def test_without_the_format_its_files_are_left_alone(mixed):
    source = open_source(mixed, PICTURES)
    assert (source.total, source.left_alone) == (4, 4)


def test_nothing_is_opened_before_its_turn(tmp_path):
    asked = []

    class Counting(Deck):
        def pictures(self, file, options):
            asked.append(str(file))
            return super().pictures(file, options)

    for number in range(1000):
        (tmp_path / f"{number:04}.deck").write_text("1\n2\n")
    source = open_source(tmp_path, PICTURES, Formats([Counting()]))
    assert (asked, source.total) == ([], 1000)
    chunks = source.chunks()
    next(chunks)
    assert 0 < len(asked) < 200
    assert sum(len(chunk.rows) for chunk in chunks) == 2000 - 256
    assert source.total == 2000


def test_broken_file_is_a_row_whose_reason_quotes_nothing(tmp_path):
    class Leaking(Deck):
        def pictures(self, file, options):
            if "header" in str(file):
                raise ValueError("patient DOE^JANE is odd")

            def decode():
                raise ValueError("patient DOE^JANE is odd")

            return [Picture(str(file), decode)]

    for name in ("header.deck", "pixels.deck"):
        (tmp_path / name).write_text("1\n")
    (tmp_path / "gone.deck").symlink_to(tmp_path / "nowhere")
    files = [tmp_path / f"{name}.deck" for name in ("header", "pixels")]
    source = open_source([*files, tmp_path / "gone.deck"], PICTURES, Formats([Leaking()]))
    checked = PICTURES.read(next(source.chunks()).rows)
    assert checked.problems == {
        1: "column 'scan' is broken and cannot be read (ValueError)",
        2: "column 'scan' is broken and cannot be decoded (ValueError)",
        3: "column 'scan' is broken and cannot be decoded (ValueError)",
    }
    real = open_source([tmp_path / "gone.deck"], PICTURES, FORMATS)
    assert "does not exist" in PICTURES.read(next(real.chunks()).rows).problems[1]


def test_row_of_a_table_is_the_one_picture_of_its_file(tmp_path):
    (tmp_path / "one.deck").write_text("7 8\n")
    (tmp_path / "two.deck").write_text("1\n2\n")
    (tmp_path / "list.csv").write_text("scan,ward\none.deck,A\ntwo.deck,B\n")
    _, rows = gathered(tmp_path / "list.csv", brightness=1)
    assert rows["ward"].to_list() == ["A", "B"]
    checked = PICTURES.read(rows)
    assert checked.rows["scan"][1].tolist() == [[8, 9], [8, 9]]
    assert "holds 2 pictures; score the file itself" in checked.problems[2]
    _, framed = gathered(pd.DataFrame({"scan": [tmp_path / "one.deck"]}))
    assert read_picture(framed["scan"][1]).tolist() == [[7, 8], [7, 8]]


def test_format_may_not_give_the_pictures_own_column(tmp_path):
    class Clashing(Deck):
        def columns(self, options):
            return {"scan": "str"}

    (tmp_path / "a.deck").write_text("1\n")
    with pytest.raises(ContractError, match="'deck' may not give 'scan'"):
        open_source(tmp_path, PICTURES, Formats([Clashing()]))


class Owner:
    pass


def test_recent_decodes_once_for_all_threads_and_forgets_with_its_owner():
    recent, owner, calls = Recent(), Owner(), []
    started = threading.Barrier(8)

    def get(each):
        started.wait()
        return recent.get(each, 10, lambda: calls.append(1) or np.ones(10))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(get, [owner] * 8))
    assert len(calls) == 1
    assert all(each is found[0] for each in found)
    del owner
    gc.collect()
    assert len(recent._kept) == 0


def test_recent_keeps_no_more_than_it_may():
    recent, owners, calls = Recent(most=100), [Owner() for _ in range(3)], []

    def get(place):
        return recent.get(owners[place], 40, lambda: calls.append(place) or place + 1)

    assert [get(place) for place in (0, 1, 0, 2, 0, 1)] == [1, 2, 1, 3, 1, 2]
    assert calls == [0, 1, 2, 1], "the one used longest ago is the one to go"


def test_recent_forgets_what_failed_with_its_owner():
    recent, owner = Recent(), Owner()

    def decode(read):
        raise InputError("is cut off")

    with pytest.raises(InputError, match="is cut off"):
        recent.get(owner, 10, lambda read=owner: decode(read))
    del owner
    gc.collect()
    assert len(recent._kept) == 0


def test_recent_counts_what_came_where_it_is_more_than_was_promised():
    recent, owners, calls = Recent(most=100), [Owner() for _ in range(2)], []
    for place in (0, 1, 0):
        recent.get(owners[place], 1, lambda: calls.append(1) or b"x", lambda decoded: 60)
    assert len(calls) == 3


def test_recent_does_not_try_a_broken_file_again():
    recent, owner, calls = Recent(), Owner(), []

    def decode():
        calls.append(1)
        raise ValueError("patient DOE^JANE")

    for _ in range(3):
        with pytest.raises(InputError, match=r"^is broken and cannot be read \(ValueError\)$"):
            recent.get(owner, 10, decode)
    assert len(calls) == 1


@pytest.mark.parametrize("method", [8, 99])
def test_member_that_cannot_be_opened_is_left_alone(tmp_path, method):
    """Broken in its data (8, deflated), or packed in a way that zipfile does not know (99)."""
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("whole.deck", "1 2\n")
        file.writestr("odd", b"DECK\n" + bytes(range(256)) * 9)
    data = bytearray(archive.read_bytes())
    start, listed = data.index(b"odd") - 30, data.rindex(b"odd") - 46
    if method == 8:
        data[start + 33 : start + 60] = b"\xff" * 27
    data[start + 8], data[listed + 10] = method, method
    archive.write_bytes(data)
    source, rows = gathered(archive)
    assert [str(value) for value in rows["scan"]] == ["a.zip/whole.deck [0]"]
    assert source.left_alone == 1


def test_list_of_other_files_is_left_alone_among_them_and_opened_by_itself(tmp_path):
    class Listing(Deck):
        def lists_others(self, head):
            return head.startswith(b"DECKLIST")

    (tmp_path / "a.deck").write_text("1 2\n")
    (tmp_path / "INDEX").write_text("DECKLIST a.deck\n")
    formats = Formats([Listing()])
    source = open_source(tmp_path, PICTURES, formats)
    (chunk,) = source.chunks()
    assert (len(chunk.rows), source.left_alone) == (1, 1)
    (chunk,) = open_source(tmp_path / "INDEX", PICTURES, formats).chunks()
    assert PICTURES.read(chunk.rows).problems == {1: "column 'scan' holds a word that is no number"}


def test_picture_knows_the_file_it_is_from(tmp_path):
    (tmp_path / "a.deck").write_text("1 2\n3 4\n")
    (tmp_path / "broken.deck").write_bytes(b"\xff")
    _, rows = gathered(tmp_path)
    assert [value.file for value in rows["scan"]] == [
        *[str(tmp_path / "a.deck")] * 2,
        str(tmp_path / "broken.deck"),
    ]


def test_table_gives_the_columns_of_the_formats_that_it_names(tmp_path):
    (tmp_path / "IM1").write_text("DECK\n7 8\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "IM2").write_text("DECK\n1 2\n")
    (tmp_path / "two.deck").write_text("1\n2\n")
    PillowImage.new("L", (2, 2)).save(tmp_path / "film.png")
    (tmp_path / "list.csv").write_text("scan\nIM1\nfilm.png\ndeep/IM2\ntwo.deck\nIM9\n")
    _, rows = gathered(tmp_path / "list.csv")
    assert rows["card"].dtype == "Int64"
    assert rows["card"].to_list() == [0, pd.NA, 0, pd.NA, pd.NA]
    checked = PICTURES.read(rows)
    assert checked.rows["scan"][1].tolist() == [[7, 8], [7, 8]]
    assert list(checked.problems) == [4, 5]
    assert "does not exist: 'IM9'" in checked.problems[5]
    (tmp_path / "films.csv").write_text("scan\nfilm.png\n")
    assert list(gathered(tmp_path / "films.csv")[1].columns) == ["scan"]
    (tmp_path / "own.csv").write_text("scan,card\nIM1,ace\n")
    assert gathered(tmp_path / "own.csv")[1]["card"].to_list() == ["ace"]
    _, framed = gathered(pd.DataFrame({"scan": [tmp_path / "IM1", tmp_path / "film.png"]}))
    assert framed["card"].to_list() == [0, pd.NA]


def test_table_may_not_have_files_elsewhere_looked_into(tmp_path):
    looked = []

    class Looking(Deck):
        def recognises(self, head):
            looked.append(head)
            return super().recognises(head)

    (tmp_path / "IM1").write_text("DECK\n7 8\n")
    (tmp_path / "lists").mkdir()
    table = tmp_path / "lists" / "list.csv"
    table.write_text(f"scan\n{tmp_path / 'IM1'}\n../IM1\n{'x' * 5000}\n")
    (chunk,) = open_source(table, PICTURES, Formats([Looking()])).chunks()
    assert looked == []
    assert chunk.rows["scan"].map(type).eq(str).all()
    assert len(PICTURES.read(chunk.rows).problems) == 3


def test_format_of_nothing_is_a_row_that_says_so(tmp_path):
    class Empty(Format):
        name, title, suffixes = "empty", "Empty", (".none",)

        def pictures(self, file, options):
            return []

    (tmp_path / "a.none").touch()
    rows = next(open_source(tmp_path, PICTURES, Formats([Empty()])).chunks()).rows
    assert PICTURES.read(rows).problems == {1: "column 'scan' holds no picture"}
