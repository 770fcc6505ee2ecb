"""Rows that have a history go out of memory, and get the answers that they would get in it."""

from __future__ import annotations

import errno
import socket
import threading
import time

import numpy as np
import pandas as pd
import pytest
from deepfield_flowers import Flowers
from deepfield_visits import Visits
from deepfield_visits.counts import FEATURES, CountsPredictor

import deepfield
from deepfield.errors import ContractError, DeepfieldError, InputError, UsageError
from deepfield.fields import Key, Label, Number, Timestamp
from deepfield.folders import cache_folder
from deepfield.history import History
from deepfield.loading import Model, load_model
from deepfield.scoring import Job
from deepfield.staging import passes, spool
from deepfield.staging.database import Database
from deepfield.table import Table


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(Visits())


@pytest.fixture(autouse=True)
def nothing_stays_on_disk():
    yield
    folder = cache_folder() / "staging"
    assert not folder.exists() or not list(folder.iterdir())


def alone(model: Model, rows: pd.DataFrame, **options) -> pd.DataFrame:
    """Return the results that the same rows have in memory, numbered from 1."""
    results = model.predict(rows.reset_index(drop=True), **options)
    return results.set_axis(pd.RangeIndex(1, len(results) + 1, name="row"), axis=0)


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        found[expected.columns],
        expected,
        check_dtype=False,
        check_index_type=False,
        check_exact=True,
    )


def test_results_are_those_of_memory_in_the_order_of_the_input(model, visits, tmp_path):
    rows = visits(30_000)
    rows.to_parquet(tmp_path / "rows.parquet")
    expected = alone(model, rows)
    for size in (None, 777):
        frame = Job(model, tmp_path / "rows.parquet", batch_size=size).run().frame
        assert_same(frame, expected)
    assert frame["receipt"].to_list() == rows["receipt"].to_list()
    output = Job(model, rows, output=tmp_path / "scored.csv").run().frame
    np.testing.assert_allclose(output["returns"], expected["returns"], rtol=1e-12)


def test_each_group_alone_gives_the_same(model, visits):
    rows = visits(600, shops=5, people=30)
    assert_same(Job(model, rows, batch_size=1).run().frame, alone(model, rows))


def test_the_order_of_the_input_changes_nothing(model, visits):
    rows = visits(3000).drop_duplicates("time")  # of two at one moment the upper is the earlier
    shuffled = rows.sample(frac=1, random_state=1)
    frame = Job(model, shuffled, batch_size=100).run().frame.set_index("receipt")
    whole = Job(model, rows).run().frame.set_index("receipt")
    pd.testing.assert_frame_equal(frame.loc[whole.index], whole)


def test_keys_may_be_any_words(model, visits):
    rows = visits(2000, shops=6, people=4)
    words = ["-", "0", "é", "a\0b", "😀", "O'Brien; DROP TABLE"]
    rows["shop"] = rows["shop"].map(dict(zip(sorted(set(rows["shop"])), words, strict=True)))
    assert_same(Job(model, rows, batch_size=50).run().frame, alone(model, rows))


def test_what_travels_along_is_as_it_came(model, visits):
    rows = visits(50).assign(Time="later", bag=[{"n": n} for n in range(50)], when=pd.NaT)
    frame = Job(model, rows).run().frame
    assert frame["bag"].to_list() == rows["bag"].to_list()
    assert frame["when"].isna().all()
    assert (frame["Time"] == "later").all()


def test_bad_rows_are_set_aside_and_give_no_history(model, visits, tmp_path):
    rows = visits(20_000).astype(object)
    rows.loc[[3, 9_000, 19_999], "spend"] = "much"
    result = Job(model, rows, output=tmp_path / "out.parquet").run()
    assert result.rejected["row"].to_list() == [4, 9_001, 20_000]
    assert result.rejected["reason"][0] == "column 'spend' holds 'much', which is not a number"
    good = rows.drop(index=[3, 9_000, 19_999])
    expected = alone(model, good).set_axis(pd.Index(good.index + 1, name="row"))
    assert_same(result.frame, expected)
    assert (result.run.rows_in, result.run.rows_out) == (20_000, 19_997)
    assert len(pd.read_csv(tmp_path / "out.rejected.csv")) == 3


def test_only_bad_rows_and_no_rows_are_no_failure(model, visits):
    rows = visits(3).assign(spend="much")
    assert Job(model, rows).run().frame.empty
    assert Job(model, visits(0)).run().frame.empty


def test_a_second_row_of_a_unique_name_is_set_aside(model, visits):
    rows = visits(20_000)
    rows.loc[15_000, "receipt"] = "r11"
    rows.loc[[16_000, 17_000], "receipt"] = None
    result = Job(model, rows).run()
    assert result.rejected.to_dict("records") == [
        {
            "row": 15_001,
            "source": "DataFrame",
            "reason": "column 'receipt' holds 'r11', as row 12 does",
        }
    ]
    once = rows.drop(index=15_000)
    assert_same(result.frame, alone(model, once).set_axis(pd.Index(once.index + 1, name="row")))


def test_names_are_unique_where_rows_have_no_history_too(visits):
    class Single(CountsPredictor):
        inputs = Table(Number("spend"), Key("receipt", unique=True))

        def predict(self, rows, options):
            gathered = dict.fromkeys(FEATURES[1:], 0)
            return super().predict(rows.assign(**gathered), options)

    found = load_model(Visits())
    single = Model(found.domain, found.spec, found.folder, Single(found.predictor.weights))
    rows = visits(9000)[["spend", "receipt"]]
    rows.loc[8999, "receipt"] = "r0"
    result = Job(single, rows).run()
    assert len(result.frame) == 8999
    assert result.rejected["reason"].to_list() == ["column 'receipt' holds 'r0', as row 1 does"]


def test_a_history_gives_rows_their_past_and_gets_no_answers(model, visits, tmp_path):
    rows = visits(10_000).sort_values("time", kind="stable", ignore_index=True)
    before, today = rows[:8000], rows[8000:]
    before.to_parquet(tmp_path / "before.parquet")
    today.to_csv(tmp_path / "today.csv", index=False)
    result = deepfield.score(
        model, tmp_path / "today.csv", history=tmp_path / "before.parquet", explain=True
    )
    expected = alone(model, rows)[8000:]
    assert_same(result.frame, expected.set_axis(pd.RangeIndex(1, 2001, name="row")))
    assert (result.run.rows_in, result.run.rows_out) == (2000, 2000)
    told = model.explain(rows)[8000:]
    assert list(result.explanations) == list(range(1, 2001))
    assert list(result.explanations.values()) == told


def test_a_row_that_is_in_the_history_too_counts_once(model, visits):
    rows = visits(3000).sort_values("time", kind="stable", ignore_index=True)
    overlapping = pd.concat([rows[:2500], rows[100:200]])
    result = Job(model, rows[2000:], history=overlapping).run()
    assert_same(
        result.frame, alone(model, rows)[2000:].set_axis(pd.RangeIndex(1, 1001, name="row"))
    )
    assert result.rejected.empty


def test_unreadable_rows_of_the_history_are_told_apart(model, visits):
    rows = visits(100)
    spoilt = rows[:50].astype(object)
    spoilt.loc[7, "spend"] = None
    result = Job(model, rows[50:], history=spoilt).run()
    assert (result.run.rows_in, result.run.rows_rejected) == (50, 0)
    assert result.unread_history["reason"].to_list() == ["column 'spend' is empty"]
    assert result.unread_history["row"].to_list() == [8]


def test_rows_without_a_past_refuse_a_history(visits):
    with pytest.raises(UsageError, match="Rows of flowers stand by themselves"):
        Job(load_model(Flowers()), Flowers().samples(), history=visits(3))


def test_a_column_that_only_the_history_has_is_empty_in_the_others(model, visits):
    rows = visits(100)
    frame = Job(model, rows[50:].drop(columns="receipt"), history=rows[:50]).run().frame
    assert len(frame) == 50
    assert "receipt" not in frame.columns


def test_days_are_settled_together_however_large(model, visits):
    rows, options = visits(20_000, shops=9000, people=9000), {"letters_a_day": 5}
    frame = Job(model, rows, options=options, batch_size=5000, explain=True).run().frame
    assert_same(frame, alone(model, rows, letters_a_day=5))
    letters = frame[frame["action"] == "letter"]
    assert letters.groupby(letters["time"].dt.date).size().le(5).all()
    assert len(letters) > 50


def test_progress_rises_to_the_number_of_rows_and_names_what_is_done(model, visits):
    seen = []
    Job(model, visits(20_000), options={"letters_a_day": 5}, on_progress=seen.append).run()
    done = [each.done for each in seen]
    assert done == sorted(done)
    assert done[-1] == seen[-1].total == 20_000
    stages = list(dict.fromkeys(each.stage for each in seen))
    assert stages == [
        "reading",
        "sorting",
        "sorting by shop",
        "gathering by shop",
        "sorting by person",
        "scoring",
        "settling",
        "writing",
    ]


@pytest.mark.parametrize(
    "stage", ["reading", "sorting by shop", "gathering by shop", "scoring", "settling", "writing"]
)
@pytest.mark.parametrize("by", ["cancel", "interrupt"])
def test_a_job_ends_in_every_pass_and_leaves_nothing_wrong(model, visits, tmp_path, stage, by):
    rows, output = visits(40_000), tmp_path / "out.parquet"
    output.write_text("what was there before")

    def end(progress):
        if progress.stage == stage and (stage != "writing" or progress.done > 36_000):
            if by == "interrupt":
                raise KeyboardInterrupt
            job.cancel()

    job = Job(
        model, rows, output=output, overwrite=True, on_progress=end, options={"letters_a_day": 5}
    )
    started = time.monotonic()
    result = job.run()
    assert time.monotonic() - started < 5
    assert result.stopped
    assert not list(tmp_path.glob("*.part"))
    if stage == "writing":
        assert 0 < len(result.frame) < 40_000
        assert_same(result.frame, alone(model, rows, letters_a_day=5)[: len(result.frame)])
    else:
        assert output.read_text() == "what was there before"
        assert result.frame.empty


def test_a_query_in_work_is_interrupted(tmp_path):
    stop = threading.Event()

    def go_on():
        if stop.is_set():
            raise KeyboardInterrupt

    threading.Timer(0.3, stop.set).start()
    started = time.monotonic()
    with (
        pytest.raises(KeyboardInterrupt),
        Database(tmp_path, go_on) as database,
    ):
        database.run("SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a > b")
    assert time.monotonic() - started < 2


def test_a_full_disk_is_one_sentence(model, visits, monkeypatch):
    class Full(spool.pa.parquet.ParquetWriter):
        def write_table(self, table, *args):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spool.pa.parquet, "ParquetWriter", Full)
    with pytest.raises(DeepfieldError, match="broke off: the disk is full. DEEPFIELD_HOME moves"):
        Job(model, visits(100)).run()
    assert History().list()[0].status == "failed"


def test_a_database_that_finds_no_room_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("deepfield.staging.database.MEGABYTES", 20)
    monkeypatch.setattr("deepfield.staging.database.MEGABYTES_A_THREAD", 10)
    with Database(tmp_path, lambda: None) as database:
        database.run("SET max_temp_directory_size = '1MB'")
        with pytest.raises(DeepfieldError, match="broke off: Out of Memory.*as much room there"):
            list(database.stream("SELECT random() AS x FROM range(5000000) ORDER BY x"))


def test_what_a_killed_process_left_goes_with_the_next_job(model, visits):
    left = cache_folder() / "staging" / f"{socket.gethostname()}-999999999-dead"
    others = cache_folder() / "staging" / "another.machine-999999999-alive"
    for folder in (left, others):
        folder.mkdir(parents=True)
    Job(model, visits(10)).run()
    assert not left.exists()
    assert others.exists()
    others.rmdir()


def test_a_source_that_changes_meanwhile_is_refused(model, visits, tmp_path):
    path = tmp_path / "rows.csv"
    visits(100).to_csv(path, index=False)

    def change(progress):
        if progress.stage == "scoring":
            visits(50).to_csv(path, index=False)

    with pytest.raises(InputError, match="was changed while its rows were scored"):
        Job(model, path, on_progress=change).run()


def test_a_predictor_that_gathers_words_breaks_its_contract(model, visits, monkeypatch):
    monkeypatch.setattr(
        CountsPredictor,
        "gather",
        lambda self, rows, key, options: pd.DataFrame({key + "_x": "word"}, index=rows.index),
    )
    with pytest.raises(ContractError, match="'shop_x' is str, not numbers"):
        Job(model, visits(10)).run()


def test_a_predictor_whose_columns_change_breaks_its_contract(model, visits, monkeypatch):
    def moody(self, rows, key, options):
        return pd.DataFrame({rows[key].iloc[0]: 1.0}, index=rows.index)

    monkeypatch.setattr(CountsPredictor, "gather", moody)
    with pytest.raises(ContractError, match="gives other columns for some rows than for others"):
        Job(model, visits(1000), batch_size=1).run()


def test_results_of_another_kind_than_promised_break_the_contract(model, visits, monkeypatch):
    honest = CountsPredictor.predict
    monkeypatch.setattr(
        CountsPredictor,
        "predict",
        lambda self, rows, options: honest(self, rows, options).assign(returns="often"),
    )
    with pytest.raises(ContractError, match="its results are not what their fields say"):
        Job(model, visits(10)).run()


def test_groups_go_by_keys_and_times_that_every_row_has():
    with pytest.raises(ContractError, match="grouped or ordered by 'card'; require it"):
        Table(Key("card", required=False), Timestamp("time"), group_by="card", order_by="time")
    with pytest.raises(
        ContractError, match="'kind' orders rows and is neither a time nor a number"
    ):
        Table(Key("card"), Label("kind"), group_by="card", order_by="kind")


def test_rows_may_be_ordered_by_a_number(model, visits):
    class Steps(CountsPredictor):
        inputs = Table(
            Number("time"), Number("spend"), Key("shop"), Key("person"),
            group_by=("shop", "person"), order_by="time",
        )  # fmt: skip

    steps = Model(model.domain, model.spec, model.folder, Steps(model.predictor.weights))
    rows = visits(3000).drop(columns="receipt")
    rows["time"] = rows["time"].astype("int64") / 7
    assert_same(Job(steps, rows, batch_size=100).run().frame, alone(steps, rows))


def test_one_group_may_be_larger_than_a_batch(model, visits, monkeypatch):
    monkeypatch.setattr(passes, "TOGETHER", 500)
    rows = visits(5000, shops=1, people=2)
    assert_same(Job(model, rows).run().frame, alone(model, rows))


def test_jobs_at_once_do_not_meet(model, visits):
    rows = visits(5000)
    expected = alone(model, rows)
    frames: list[pd.DataFrame] = []
    threads = [
        threading.Thread(target=lambda: frames.append(Job(model, rows).run().frame))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(frames) == 3
    for frame in frames:
        assert_same(frame, expected)
