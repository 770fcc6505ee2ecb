"""Whole groups are answered once, at their last row: in memory, out of core, after a past."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from deepfield_reading import Reading, simulate

import deepfield
from deepfield.domain import Domain, check_domain
from deepfield.errors import ContractError, InputError
from deepfield.fields import Key, Ranking, Timestamp
from deepfield.history import History
from deepfield.loading import Model, load_model
from deepfield.results import read_results
from deepfield.scoring import Job
from deepfield.staging import GROUPS, kept_group
from deepfield.table import Table


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(Reading())


def books(results: pd.DataFrame) -> list[list[str]]:
    field = Reading.outputs.fields[0]
    return [[each["item"] for each in field.read(value)] for value in results["recommended"]]


def test_each_group_is_answered_at_its_last_row(model):
    rows = pd.DataFrame(
        [
            ("ada", "b0", "2026-03-03"),
            ("ben", "b1", "2026-03-01"),
            ("ada", "b2", "2026-03-01"),
            ("eve", "b9", "2026-03-02"),
            ("ben", "b3", "2026-03-05"),
        ],
        columns=Reading.inputs.names,
        index=["a", "b", "c", "d", "e"],
    )
    results = model.predict(rows)
    assert list(results.index) == ["a", "d", "e"]  # in the order of the rows
    assert not {"b0", "b2"} & set(books(results)[0])
    assert not {"b1", "b3"} & set(books(results)[2])
    assert [each.summary.split(" of what ")[1] for each in model.explain(rows)] == [
        "ada did not take yet.",
        "eve did not take yet.",
        "ben did not take yet.",
    ]


def test_labels_need_not_be_unlike(model):
    rows = simulate(5)
    results = model.predict(rows.set_axis([7] * len(rows)))
    assert list(results.index) == [7] * 5
    assert books(results) == books(model.predict(rows))


def test_without_times_the_rows_are_in_order(model):
    rows = simulate(20).drop(columns="time")
    last = rows.drop_duplicates("reader", keep="last")
    results = model.predict(rows)
    assert list(results.index) == list(last.index)
    found = Job(model, rows).run().frame
    assert list(found.index) == [place + 1 for place in last.index]
    assert books(found) == books(results)


def test_a_row_without_its_time_is_set_aside_where_others_have_one(model):
    rows = simulate(4)
    rows.loc[3, "time"] = pd.NaT
    with pytest.raises(InputError, match=r"column 'time' is empty"):
        model.predict(rows)
    result = Job(model, rows).run()
    assert result.rejected["row"].to_list() == [4]
    assert "'time' is empty" in result.rejected["reason"][0]
    assert books(result.frame) == books(model.predict(rows.drop(index=3)))


def test_new_rows_after_a_past_are_answered_as_one_table(model):
    rows = simulate(30).sort_values("time", kind="stable", ignore_index=True)
    whole = model.predict(rows)
    past = model.remember(rows[:-10])
    new = rows[-10:]
    results = model.predict(new, past=past)
    assert set(results.index) == set(new.drop_duplicates("reader", keep="last").index)
    assert books(results) == books(whole.loc[results.index])
    told = model.explain(new, past=past)
    assert len(told) == len(results)


def test_a_remembered_row_later_than_the_new_ones_does_not_count(model):
    late = pd.DataFrame([("ada", "b0", "2026-05-01")], columns=Reading.inputs.names, index=["late"])
    new = late.assign(book="b1", time="2026-03-01")
    alone, after = model.predict(new), model.predict(new, past=model.remember(late))
    assert books(after) == books(alone)
    assert "b0" in books(after)[0]
    result = Job(model, new, history=late).run()
    assert books(result.frame) == books(alone)


def test_a_job_counts_rows_that_are_answered_with_others(model):
    rows = simulate(50)
    rows.loc[0, "book"] = None
    run = Job(model, rows).run().run
    assert (run.rows_in, run.rows_out, run.rows_rejected) == (len(rows), 50, 1)


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_lists_are_written_and_read_back(model, tmp_path, ending):
    rows = simulate(40)
    expected = model.predict(rows)
    for size in (None, 16):
        output = tmp_path / f"{size}.{ending}"
        result = Job(model, rows, output=output, batch_size=size).run()
        frame = read_results(output)
        assert list(frame.index) == [place + 1 for place in expected.index]
        assert books(frame) == books(expected)
        assert frame["reader"].to_list() == rows.loc[expected.index, "reader"].to_list()
        np.testing.assert_allclose(frame["confidence"], expected["confidence"])
        assert books(result.frame) == books(expected)
        if ending == "parquet":
            assert books(pd.read_parquet(output)) == books(expected)  # as anybody reads it


def test_history_gives_new_rows_their_past(model, tmp_path):
    rows = simulate(40).sort_values("time", kind="stable", ignore_index=True)
    rows[:-30].to_parquet(tmp_path / "before.parquet")
    rows[-30:].to_csv(tmp_path / "new.csv", index=False)
    result = Job(model, tmp_path / "new.csv", history=tmp_path / "before.parquet").run()
    expected = model.predict(rows)
    readers = rows[-30:].drop_duplicates("reader", keep="last")
    assert list(result.frame.index) == [place - (len(rows) - 31) for place in readers.index]
    assert books(result.frame) == books(expected.loc[readers.index])
    assert result.run.rows_in == 30


def test_a_run_that_is_kept_has_its_groups(model):
    rows = simulate(40)
    run = Job(model, rows, keep=True).run().run
    assert (run.folder / GROUPS).is_file()
    group = kept_group(run.folder, model.inputs, "r7")
    own = rows[rows["reader"] == "r7"].sort_values("time")
    assert group["book"].to_list() == own["book"].to_list()
    assert list(group.index) == [place + 1 for place in own.index]
    assert kept_group(run.folder, model.inputs, "nobody").empty
    History().forget(run.id)
    assert kept_group(run.folder, model.inputs, "r7") is None


def test_a_job_explains_each_group(model):
    rows = simulate(10)
    result = Job(model, rows, explain=True).run()
    assert set(result.explanations) == set(result.frame.index)
    number = result.frame.index[0]
    reader = result.frame.loc[number, "reader"]
    assert f"what {reader} did" in result.explanations[number].summary


def test_a_table_is_answered_per_group_or_grouped():
    fields = (Key("reader"), Timestamp("time", required=False))
    table = Table(*fields, answer_per="reader", order_by="time")
    assert table.group_by == ("reader",)
    assert table.replace(Key("reader", help="who")).answer_per == "reader"
    with pytest.raises(ContractError, match="no group_by"):
        Table(*fields, answer_per="reader", group_by="reader", order_by="time")
    with pytest.raises(ContractError, match="order_by"):
        Table(*fields, answer_per="reader")


def test_what_is_ranked_is_an_input():
    class Films(Reading):
        outputs = Table(Ranking("recommended", of="film"))

    with pytest.raises(ContractError, match="'recommended' ranks 'film', which is no input"):
        check_domain(Films())


def test_a_predictor_that_answers_each_row_breaks_the_contract(model, monkeypatch):
    kind = type(model.predictor)
    honest = kind.predict

    def each_row(self, rows, options):
        return honest(self, rows, options).iloc[[0] * len(rows)].set_axis(rows.index)

    monkeypatch.setattr(kind, "predict", each_row)
    with pytest.raises(ContractError, match="not one for each group, in order"):
        model.predict(simulate(3))


def test_lists_are_nested_in_json_lines(model, tmp_path):
    output = tmp_path / "lists.jsonl"
    deepfield.score(model, simulate(3), output=output, books=2)
    first = json.loads(output.read_text().splitlines()[0])
    assert [sorted(each) for each in first["recommended"]] == [
        ["because", "item", "probability", "score", "title"]
    ] * 2


def test_the_domain_is_whole():
    assert isinstance(Reading(), Domain)
    check_domain(Reading())
