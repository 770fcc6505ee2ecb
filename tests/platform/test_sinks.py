from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from deepfield.errors import ContractError, DeepfieldError, UsageError
from deepfield.formats import Formats
from deepfield.loading import load_model
from deepfield.results import read_results
from deepfield.scoring import Job
from deepfield.sinks import WRITERS, RejectedSink, check_output, open_sink, safe_for_spreadsheets
from deepfield.table import Rejected
from deepfield.writers import OWN, Writer, WriterSink, writer_for

FRAME = pd.DataFrame(
    {"row": [1, 2], "name": ["a,b", 'say "x"'], "note": [None, None], "score": [0.25, 1e-9]}
)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl", ".ndjson"])
def test_what_was_written_in_pieces_is_read_back(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    with open_sink(path) as sink:
        sink.write(FRAME.iloc[:1])
        assert not path.exists()
        sink.write(FRAME.iloc[1:])
    assert not sink.part.exists()
    found = read_results(path)
    assert found.index.to_list() == [1, 2]
    assert found["name"].to_list() == ["a,b", 'say "x"']
    assert found["score"].to_list() == [0.25, 1e-9]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_nothing_written_is_still_a_file(tmp_path, suffix):
    with open_sink(tmp_path / f"out{suffix}"):
        pass
    assert (tmp_path / f"out{suffix}").exists()


def test_unknown_ending_and_existing_file_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"end it in \.csv, \.parquet"):
        check_output(tmp_path / "out.xlsx", overwrite=False)
    (tmp_path / "out.csv").touch()
    with pytest.raises(UsageError, match="exists already"):
        check_output(tmp_path / "out.csv", overwrite=False)
    check_output(tmp_path / "out.csv", overwrite=True)


def test_full_disk_is_one_sentence_that_says_where_the_rest_lies(tmp_path):
    sink = open_sink(tmp_path / "out.csv")
    # A device on which every write finds no space; unbuffered, so that closing writes nothing.
    with Path("/dev/full").open("wb", buffering=0) as full:
        sink.file = full
        with pytest.raises(DeepfieldError, match=r"the disk is full.*out\.csv\.part"):
            sink.write(pd.DataFrame({"row": range(100_000)}))
        sink.file = sink.part.open("ab")


def test_unwritable_folder_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DeepfieldError, match="Cannot write"):
        open_sink(tmp_path / "file" / "out.csv")


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+1+cmd|x", "'+1+cmd|x"),
        ("-2", "-2"),
        ("-1.5e3", "-1.5e3"),
        ("+49 30 1234", "'+49 30 1234"),
        ("a=b", "a=b"),
    ],
)
def test_formulas_are_defused_and_numbers_are_not(cell, written):
    assert safe_for_spreadsheets(pd.DataFrame({"x": [cell]}))["x"][0] == written


def test_rejected_rows_get_a_file_only_when_there_are_some(tmp_path):
    sink = RejectedSink.beside(tmp_path / "scored.parquet")
    sink.write([])
    assert not sink.path.exists()
    sink.write([Rejected(3, "a.png", "is empty")])
    sink.close()
    assert sink.path.name == "scored.rejected.csv"
    assert pd.read_csv(sink.path).to_dict("records") == [
        {"row": 3, "source": "a.png", "reason": "is empty"}
    ]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_columns_and_types_stay_what_the_first_rows_made_them(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    with open_sink(path) as sink:
        sink.write(pd.DataFrame(columns=["row"]))  # a batch of which nothing was served
        sink.write(pd.DataFrame({"row": [1], "note": [{"a": 1}], "more": ["x"]}))
        sink.write(pd.DataFrame({"row": [2], "note": [0.5], "late": ["y"]}, dtype=object))
    found = read_results(path)
    assert found.columns.to_list() == ["note", "more"]
    assert str(found["note"][1]) == '{"a": 1}'
    assert float(found["note"][2]) == 0.5
    assert pd.isna(found["more"][2])


def test_many_small_writes_make_few_row_groups(tmp_path):
    import pyarrow.parquet

    with open_sink(tmp_path / "out.parquet") as sink:
        for start in range(0, 10_000, 100):
            sink.write(pd.DataFrame({"row": range(start, start + 100)}))
    file = pyarrow.parquet.ParquetFile(tmp_path / "out.parquet")
    assert (file.num_row_groups, file.metadata.num_rows) == (1, 10_000)


def test_column_names_are_defused_too():
    frame = safe_for_spreadsheets(pd.DataFrame({"=cmd|'/C calc'!A0": [1], "ok": [2]}))
    assert frame.columns.to_list() == ["'=cmd|'/C calc'!A0", "ok"]


def test_a_name_that_is_no_utf8_is_set_aside_and_written(tmp_path):
    name = os.fsdecode(b"R\xf6ntgen.png")
    sink = RejectedSink(tmp_path / "rejected.csv")
    sink.write([Rejected(1, name, f"no JSON object: {name}")])
    sink.close()
    found = pd.read_csv(tmp_path / "rejected.csv")
    assert found.loc[0].to_list() == [1, "R\ufffdntgen.png", "no JSON object: R\ufffdntgen.png"]
    with open_sink(tmp_path / "out.csv") as out:
        out.write(pd.DataFrame({"row": [1], "beside": pd.Series([name], dtype=object)}))
    assert "R\ufffdntgen" in (tmp_path / "out.csv").read_text(encoding="utf-8")


def test_a_kind_of_a_plugin_is_written_by_its_ending(tmp_path):
    from deepfield_flowers import Flowers, register_sinks

    model = load_model(Flowers(), formats=Formats(writers=register_sinks()))
    path = tmp_path / "made.BOUQUET.txt"
    result = Job(model, Flowers().samples(), output=path).run()
    assert path.read_text() == "1 setosa\n1 versicolor\n1 virginica\n"
    assert [each.name for each in tmp_path.glob("made*")] == ["made.BOUQUET.txt"]
    with pytest.raises(UsageError, match=r"is written and not read back; write results to \.csv"):
        _ = result.frame
    with pytest.raises(UsageError, match="end it in .csv, .parquet, .jsonl, .ndjson, .bouquet.txt"):
        Job(model, Flowers().samples(), output=tmp_path / "made.txt")
    with pytest.raises(UsageError, match="exists already"):
        Job(model, Flowers().samples(), output=path)


def test_of_several_endings_the_longest_is_taken():
    kinds = [
        Writer(name, "flowers", name, suffix, "a.b:C")
        for name, suffix in [("short", ".txt"), ("long", ".marks.txt")]
    ]
    assert writer_for("x.MARKS.txt", kinds).name == "long"
    assert writer_for("x.txt", kinds).name == "short"
    assert writer_for("x.csv", kinds) is None
    assert set(OWN) == set(WRITERS)


def test_a_file_of_a_plugin_that_breaks_off_keeps_its_part(tmp_path, monkeypatch):
    from deepfield_flowers.bouquet import Bouquet

    writer = Writer("b", "flowers", "B", ".b.txt", "deepfield_flowers.bouquet:Bouquet")
    with pytest.raises(ZeroDivisionError), WriterSink(writer, tmp_path / "x.b.txt", None):
        1 / 0  # noqa: B018  (what a person's code may raise)
    assert [each.name for each in tmp_path.glob("x*")] == ["x.b.txt.part"]

    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Bouquet, "close", full)
    with (
        pytest.raises(DeepfieldError, match="broke off: the disk is full"),
        WriterSink(writer, tmp_path / "y.b.txt", None),
    ):
        pass
    with pytest.raises(ContractError, match="is no class"):
        replace(writer, open="deepfield_flowers.bouquet:Wreath").load()
