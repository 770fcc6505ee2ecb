"""Lines over pictures are compared with those that are there: label files, figures, reports."""

from __future__ import annotations

import json
import math
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from deepfield_flowers import Flowers
from deepfield_stripes import HEIGHTS, Stripes, drawn
from PIL import Image

import deepfield
from deepfield.cli.evaluate import make
from deepfield.errors import InputError, UsageError
from deepfield.evaluation import PolylineEvaluation, evaluate, evaluate_polylines, read_finding
from deepfield.evaluation.polylines.answers import answered_over
from deepfield.evaluation.report import as_html, write_report
from deepfield.formats import Formats
from deepfield.images import read_picture
from deepfield.labelled import Lines
from deepfield.loading import Model, load_model

GOOD, SECOND, LOST = "pictures/good.png", "pictures/second.png", "pictures/lost.png"


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(Stripes())


def label(name: str, *places: int, **more) -> dict:
    """Return a line of a label file: upright lines at these places."""
    lanes = [[place] * len(HEIGHTS) for place in places]
    return {"raw_file": name, "lanes": lanes, "h_samples": HEIGHTS, **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures: all found; one of two missed and one made up; nothing there or found."""
    (tmp_path / "pictures").mkdir()
    stripes = {GOOD: {250: 30, 200: 80}, SECOND: {250: 30, 150: 110}, LOST: {}}
    for name, each in stripes.items():
        Image.fromarray(drawn(each)).save(tmp_path / name)
    rows = [
        label(GOOD, 30, 80, drive="a"),
        label(SECOND, 30, 70, -2, drive="b"),
        label(LOST, drive="b"),
    ]
    write(tmp_path / "labels.json", rows)
    return tmp_path


def write(path: Path, rows: list) -> Path:
    path.write_text("".join(f"{json.dumps(each)}\n" for each in rows))
    return path


def test_figures_are_those_of_the_metric(model, folder):
    found = evaluate(model, folder / "labels.json")
    assert isinstance(found, PolylineEvaluation)
    assert (found.rows, found.labelled, found.drawn) == (3, 4, 4)
    # good: 1, 0, 0; second: one of two found, one of two drawn right: .5, .5, .5; lost, with
    # nothing to find: 0, 0, 0, as the benchmark scores it.
    assert found.figure("accuracy").value == pytest.approx(0.5)
    assert found.figure("false_positives").value == pytest.approx(1 / 6)
    assert found.figure("false_negatives").value == pytest.approx(1 / 6)
    assert found.figure("f1").value == pytest.approx(5 / 6)
    assert 0 <= found.figure("accuracy").low <= 0.5 <= found.figure("accuracy").high <= 1
    # 200 / 255 > .7 is ok; 150 / 255 and no line at all are not.
    assert found.figure("answered").value == pytest.approx(1 / 3)
    assert found.figure("accuracy_when_answered").value == 1.0
    # Confidences .980 twice and .784 are right, .588 is wrong.
    gap = (2 * (1 - 250 / 255) + (1 - 200 / 255) + 150 / 255) / 4
    assert found.figure("ece").value == pytest.approx(gap)
    assert found.trust == {"ok": 1 / 3, "unsure": 2 / 3, "unfamiliar": 0}
    assert any("1 labelled lines have no point" in note for note in found.notes)
    assert found.run_time_ms > 0


def test_figures_by_number_of_lines_by_confidence_and_by_picture(model, folder):
    found = evaluate(model, folder / "labels.json")
    by_number = found.by_number.set_index("lines")
    assert by_number["pictures"].to_dict() == {0: 1, 2: 2}
    assert by_number.at[2, "accuracy"] == pytest.approx(0.75)
    sweep = found.sweep.set_index("threshold")
    assert sweep.at[0.0, "precision"] == pytest.approx(5 / 6)
    # From .6 on the wrong line is left out; from .8 on the one of grey 200 too.
    assert sweep.loc[0.6, "precision"] == pytest.approx(1.0)
    assert sweep.loc[0.8, "recall"] == pytest.approx(1 - (0.5 + 0.5) / 3)
    assert found.calibration is not None
    assert found.calibration["rows"].to_list() == [1, 1, 2]
    assert found.calibration["accuracy"].to_list() == [0, 1, 1]
    assert found.pictures["source"].to_list() == [SECOND, LOST, GOOD]


def test_of_two_lines_over_the_same_one_is_right(model, folder):
    Image.fromarray(drawn({250: 30, 200: 32})).save(folder / GOOD)
    found = evaluate(model, write(folder / "labels.json", [label(GOOD, 30)]))
    assert found.figure("false_positives").value == 0.5
    assert found.calibration["accuracy"].to_list() == [0, 1]


def test_options_count_and_are_said(model, folder):
    found = evaluate(model, folder / "labels.json", options={"shift": 25})
    assert found.options == {"shift": 25}
    assert found.figure("accuracy").value < 0.5
    assert "Options other than the defaults: shift 25" in as_html(found)


def test_intervals_draw_whole_groups(model, folder):
    found = evaluate(model, folder / "labels.json", group="drive")
    assert found.by_group
    alone = evaluate(model, folder / "labels.json")
    assert found.figure("accuracy").value == alone.figure("accuracy").value
    assert found.figure("accuracy").low != alone.figure("accuracy").low
    with pytest.raises(InputError, match=r"no column 'weather' of groups. There are: .*drive"):
        evaluate(model, folder / "labels.json", group="weather")


def test_folders_archives_tables_and_frames_tell_the_same(model, folder, tmp_path):
    wanted = figures(evaluate(model, folder / "labels.json"))
    assert figures(evaluate(model, folder)) == pytest.approx(wanted)
    with ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(folder / "labels.json", "set/labels.json")
        for name in (GOOD, SECOND):
            archive.write(folder / name, f"set/{name}")
        archive.write(folder / LOST, "elsewhere/lost.png")  # found by its name alone
    assert figures(evaluate(model, tmp_path / "all.zip")) == pytest.approx(wanted)
    frame = pd.DataFrame([json.loads(each) for each in (folder / "labels.json").open()])
    frame = frame.rename(columns={"raw_file": "picture"})
    frame.to_parquet(folder / "table.parquet")
    text = frame.assign(**{name: frame[name].map(json.dumps) for name in ("lanes", "h_samples")})
    text.to_csv(folder / "table.csv", index=False)
    frame.to_json(folder / "table.jsonl", orient="records", lines=True)
    for name in ("table.parquet", "table.csv", "table.jsonl"):
        assert figures(evaluate(model, folder / name)) == pytest.approx(wanted), name
    frame["picture"] = [str(folder / name) for name in frame["picture"]]
    found = deepfield.evaluate(model, frame, group="drive")
    assert figures(found) == pytest.approx(wanted)
    named = frame.rename(columns={"picture": "road"})
    assert evaluate(model, named, columns={"picture": "road"}).rows == 3


def figures(found: PolylineEvaluation) -> dict[str, float]:
    return {each.name: each.value for each in found.figures}


def test_rows_of_no_use_are_set_aside_with_their_reason(model, folder):
    wrong = [
        label("pictures/none.png", 30),
        {**label(SECOND, 30), "lanes": [[30, 31, 32]]},
        {"raw_file": LOST, "h_samples": HEIGHTS},
        {"lanes": [], "h_samples": HEIGHTS},
        label(GOOD, 30),
        {**label(LOST), "lanes": [["left"] * len(HEIGHTS)]},
        {**label(LOST), "h_samples": []},
    ]
    path = write(folder / "labels.json", [label(GOOD, 30, 80), *wrong])
    path.write_text(path.read_text() + "not JSON\n[1, 2]\n")
    (folder / "pictures/broken.png").write_bytes(b"no picture")
    path.write_text(path.read_text() + json.dumps(label("pictures/broken.png", 30)) + "\n")
    found = evaluate(model, path)
    assert found.rows == 1
    reasons = dict(zip(found.rejected["row"], found.rejected["reason"], strict=True))
    assert reasons[2] == "does not exist beside 'labels.json'"
    assert reasons[3] == "has 3 values in line 1, and 20 in 'h_samples'"
    assert reasons[4] == "has no 'lanes'"
    assert reasons[5] == "names no picture as 'raw_file'"
    assert reasons[6] == "is labelled in row 1 already"
    assert "which are no numbers" in reasons[7]
    assert reasons[8] == "has no height in 'h_samples'"
    assert reasons[9] == "is no JSON"
    assert reasons[10] == "is no JSON object"
    assert "no picture that can be read" in reasons[11]
    assert found.rejected["source"][0] == "pictures/none.png"


def test_sources_of_no_use_are_one_sentence(model, folder, tmp_path):
    path = folder / "labels.json"
    path.write_text("")
    with pytest.raises(InputError, match="is empty: no line of it"):
        evaluate(model, path)
    path.write_text("a, b\n1, 2\n")
    with pytest.raises(InputError, match=r"The first, line 1 of .*, is no JSON\."):
        evaluate(model, path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not text in UTF-8"):
        evaluate(model, path)
    with pytest.raises(InputError, match="holds no label file"):
        evaluate(model, folder / "pictures")
    write(path, [label("gone.png", 30)])
    with pytest.raises(InputError, match=r"The first, gone.png, does not exist beside"):
        evaluate(model, path)
    (folder / LOST).write_bytes(b"no picture")
    write(path, [label(LOST, 30)])
    with pytest.raises(InputError, match=r"No picture of .* could be read"):
        evaluate(model, path)
    frame = pd.DataFrame({"picture": ["a.png"], "lanes": [[]]})
    with pytest.raises(InputError, match="has no column 'h_samples'"):
        evaluate(model, frame)
    with pytest.raises(InputError, match="No column 'picture'"):
        evaluate(model, frame.rename(columns={"picture": "road"}))
    with pytest.raises(UsageError, match="no columns to map"):
        evaluate(model, path, columns={"picture": "raw_file"})
    with pytest.raises(UsageError, match="there are no labels to name"):
        evaluate(model, path, label="lanes")


def test_names_of_an_archive_lead_nowhere_else(model, folder, tmp_path):
    outside = folder / GOOD
    with ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(folder / SECOND, "20.png")
        rows = [label(str(outside), 30), label("../pictures/good.png", 30)]
        rows += [label("a/20.png", 30), label("b/20.png", 30)]
        archive.writestr("labels.json", "\n".join(map(json.dumps, rows)))
    with pytest.raises(InputError, match="is not in the archive"):
        evaluate(model, tmp_path / "all.zip")


def test_a_model_without_lines_is_told_so(folder):
    with pytest.raises(UsageError, match="The model 'linear' draws no lines"):
        evaluate_polylines(load_model(Flowers()), folder / "labels.json")


def test_an_evaluation_goes_to_json_and_back(model, folder):
    found = evaluate(model, folder / "labels.json")
    written = json.loads(json.dumps(found.to_json(), allow_nan=False))
    again = read_finding(written)
    assert isinstance(again, PolylineEvaluation)
    assert again.to_json() == written
    assert "drawings" not in written
    assert not math.isnan(again.figure("f1").value)
    assert again.table()["figure"].to_list() == found.table()["figure"].to_list()


def test_reports_hold_the_worst_pictures(model, folder, tmp_path):
    found = evaluate(model, folder / "labels.json")
    page = as_html(found)
    assert page.count("data:image/jpeg;base64,") == 1
    assert "pictures/second.png: accuracy 0.500, 2 labelled, 2 drawn" in page
    assert "<script" not in page
    write_report(found, tmp_path / "report")
    names = {each.name for each in (tmp_path / "report").iterdir()}
    assert names == {"by-number.png", "sweep.png", "calibration.png", "figures.json"}
    write_report(found, tmp_path / "report.png")
    assert (tmp_path / "report.png").stat().st_size > 1000


def test_pictures_without_any_flaw_or_line_have_a_report_too(model, folder):
    found = evaluate(model, write(folder / "labels.json", [label(GOOD, 30, 80)]))
    assert not found.drawings
    assert "The worst pictures" not in as_html(found)
    none = evaluate(model, write(folder / "labels.json", [label(LOST)]))
    assert none.calibration is None
    assert "ece" not in figures(none)
    assert "calibration" not in as_html(none).lower()


def test_the_command_prints_figures(folder, tmp_path):
    command = make(Stripes(), Formats())
    words = " ".join(CliRunner().invoke(command, ["--help"]).output.split())
    assert "SOURCE is a label file" in words
    assert "--label " not in words
    report = tmp_path / "report.html"
    done = CliRunner().invoke(command, [str(folder / "labels.json"), "--report", str(report)])
    assert done.exit_code == 0, done.output
    for each in ("F1", "precision (1 − FP)", "labelled lines", "pictures/second.png"):
        assert each in done.stdout
    assert "4 labelled and 4 drawn lines were compared" in done.stderr
    assert report.is_file()
    asked = CliRunner().invoke(command, [str(folder), "--json", "--group", "drive", "--quiet"])
    assert json.loads(asked.stdout)["by_group"] is True
    write(folder / "labels.json", [label(GOOD, 30), label("gone.png", 30)])
    some = CliRunner().invoke(command, [str(folder / "labels.json")])
    assert some.exit_code == 3
    assert "row 2, gone.png: does not exist beside 'labels.json'" in some.stderr


def test_a_picture_brought_to_a_size_is_measured_as_it_came():
    small = read_picture(drawn({250: 30}), "L", (30, 60))
    line = {"name": "", "confidence": 0.5, "points": [[100, 0], [100, 60]]}
    results = pd.DataFrame({"stripes": [[line]], "trust": ["ok"]})
    lines = Lines(np.array([[100.0, 100.0]]), np.array([20.0, 40.0]))
    found = answered_over(1, Stripes.outputs.fields[0], lines, small, results, 1.0)
    assert found.score.accuracy == 1.0  # x = 100 is outside 60 pixels, and inside the 120 before
