from __future__ import annotations

import threading

import pandas as pd
import psutil
import pytest
from deepfield_flowers import Flowers

import deepfield
from deepfield.batching import BatchSize
from deepfield.errors import DeepfieldError, InputError, NotFoundError, UsageError
from deepfield.history import History
from deepfield.loading import Model, load_model
from deepfield.plugins import Registry
from deepfield.scoring import Job
from deepfield.testing import _Plugin


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(Flowers())


@pytest.fixture(scope="module")
def registry() -> Registry:
    registry = Registry()
    registry.add(_Plugin(Flowers()), "flowers")
    return registry


def many(rows: int) -> pd.DataFrame:
    samples = Flowers().samples()
    return pd.concat([samples] * (rows // len(samples) + 1), ignore_index=True)[:rows]


def test_score_gives_frame_rejected_and_explanations(registry):
    rows = many(6).astype(object)
    rows.iloc[1, 0] = "twelve"
    result = deepfield.score("flowers", rows, explain=True, registry=registry)
    assert result.frame.index.to_list() == [1, 3, 4, 5, 6]
    model = deepfield.load("flowers", registry=registry)
    assert list(result.frame.columns) == [*rows.columns, *model.results.names]
    assert result.rejected.to_dict("records") == [
        {
            "row": 2,
            "source": "DataFrame",
            "reason": "column 'sepal_length' holds 'twelve', which is not a number",
        }
    ]
    assert sorted(result.explanations) == [1, 3, 4, 5, 6]
    assert "petal" in result.explanations[1].summary


def test_order_is_kept_whatever_the_batch_size(model):
    rows = many(1000)
    whole = Job(model, rows).run().frame
    for size in (1, 7, 1000):
        pd.testing.assert_frame_equal(Job(model, rows, batch_size=size).run().frame, whole)
    assert whole.index.to_list() == list(range(1, 1001))


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_file_to_file_equals_frame_to_frame(model, tmp_path, kind):
    rows = many(500)
    source = tmp_path / f"rows.{kind}"
    match kind:
        case "csv":
            rows.to_csv(source, index=False)
        case "parquet":
            rows.to_parquet(source)
        case _:
            rows.to_json(source, orient="records", lines=True)
    result = Job(model, source, output=tmp_path / f"scored.{kind}").run()
    expected = Job(model, rows).run().frame
    pd.testing.assert_frame_equal(
        result.frame.reset_index(), expected.reset_index(), check_dtype=False, rtol=1e-6
    )


def test_other_columns_travel_along(model):
    result = Job(model, many(3).assign(garden=["a", "b", "c"])).run()
    assert result.frame["garden"].to_list() == ["a", "b", "c"]


def test_column_named_like_a_result_is_refused(model):
    with pytest.raises(UsageError, match="a column 'trust', and so have the results"):
        Job(model, many(3).assign(trust=1)).run()


def test_missing_column_stops_the_run_and_the_history_says_why(model):
    with pytest.raises(InputError, match="No column 'petal_width'"):
        Job(model, many(3).drop(columns="petal_width")).run()
    (run,) = History().list()
    assert run.status == "failed"
    assert "petal_width" in (run.reason or "")


def test_every_run_is_in_the_history(model, tmp_path):
    rows = many(10).astype(object)
    rows.iloc[0, 0] = None
    result = Job(model, rows, options={"least": 0.9}, output=tmp_path / "out.csv").run()
    (run,) = History().list()
    assert run == result.run
    assert (run.domain, run.model, run.model_hash) == ("flowers", "linear", model.folder.hash)
    assert (run.rows_in, run.rows_out, run.rows_rejected, run.status) == (10, 9, 1, "done")
    assert run.options == {"least": 0.9}
    assert run.result == str(tmp_path / "out.csv")
    assert run.rejected == str(tmp_path / "out.rejected.csv")


def test_cancelled_job_leaves_a_usable_part(model, tmp_path):
    output = tmp_path / "out.parquet"
    job = Job(model, many(50_000), output=output, batch_size=100)
    job.on_progress = lambda progress: job.cancel() if progress.done >= 300 else None
    result = job.run()
    assert result.stopped
    assert 300 <= len(pd.read_parquet(output)) < 50_000
    assert result.frame.index.to_list() == list(range(1, len(result.frame) + 1))


def test_interrupt_ends_the_job_as_cancel_does(model, tmp_path):
    def interrupt(progress):
        if progress.done >= 300:
            raise KeyboardInterrupt

    output = tmp_path / "out.csv"
    result = Job(model, many(5000), output=output, batch_size=100, on_progress=interrupt).run()
    assert result.stopped
    assert len(pd.read_csv(output)) == 300


def test_wrong_options_are_one_sentence(model):
    with pytest.raises(UsageError, match="flowers has no option 'leest'. Options: least"):
        Job(model, many(3), options={"leest": 1})
    with pytest.raises(UsageError, match="Option 'least' of flowers is 7"):
        Job(model, many(3), options={"least": 7})
    with pytest.raises(UsageError, match="Batch size 0"):
        Job(model, many(3), batch_size=0)


def test_unknown_names_are_one_sentence(registry):
    with pytest.raises(NotFoundError, match="Did you mean 'flowers'"):
        deepfield.score("flower", many(3), registry=registry)
    with pytest.raises(
        NotFoundError, match="No model of flowers named 'liner'. Did you mean 'linear'"
    ):
        deepfield.load("flowers", "liner", registry=registry)


def test_predict_keeps_the_index_and_names_the_first_bad_row(registry):
    loaded = deepfield.load("flowers", registry=registry)
    rows = many(3).set_axis(["x", "y", "z"]).astype(object)
    assert loaded.predict(rows).index.to_list() == ["x", "y", "z"]
    rows.loc["y", "petal_width"] = "wide"
    with pytest.raises(InputError, match="Row 'y': column 'petal_width' holds 'wide'"):
        loaded.predict(rows)


def test_empty_frame_gives_an_empty_result(model):
    result = Job(model, many(0)).run()
    assert result.frame.empty
    assert set(Flowers().results.names) <= set(result.frame.columns)


def test_memory_stays_flat_however_many_rows(model, tmp_path):
    """Six times the rows, and not one tenth of their size more memory."""
    source, output = tmp_path / "rows.csv", tmp_path / "out.csv"
    with source.open("w") as file:
        file.write(",".join(Flowers().inputs.names) + "\n")
        for _ in range(300):
            file.write("5.0,3.4,1.5,0.2\n6.0,2.8,4.3,1.3\n" * 500)
    peaks: list[int] = []
    job = Job(model, source, output=output)
    job.on_progress = lambda progress: peaks.append(psutil.Process().memory_info().rss)
    job.run()
    fifth = len(peaks) // 5
    assert max(peaks[fifth:]) - max(peaks[:fifth]) < 40 * 2**20
    assert output.stat().st_size > 15 * 2**20


def test_batches_grow_while_that_is_quicker():
    size = BatchSize(largest=1000)
    size.note(8, 1.0)  # warming up counts for nothing
    for rate in (10, 20, 40, 41, 39):
        size.note(size.size, size.size / rate)
    assert size.size == 32, "the size that was best, after two doublings that gained nothing"
    size.note(32, 0.001)
    assert size.size == 32


def test_batches_never_outgrow_the_largest():
    size = BatchSize(largest=20)
    size.note(8, 1.0)
    for rate in (10, 20, 40, 80):
        size.note(size.size, size.size / rate)
    assert size.size == 20
    assert BatchSize(largest=4).size == 4
    assert BatchSize.fixed(5).size == 5


def test_two_jobs_at_once_do_not_meet(model):
    frames: dict[int, pd.DataFrame] = {}
    rows = many(2000)
    threads = [
        threading.Thread(target=lambda n=n: frames.update({n: Job(model, rows).run().frame}))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for frame in frames.values():
        pd.testing.assert_frame_equal(frame, frames[0])
    assert len(frames) == 4


def test_failed_run_leaves_the_old_result_and_the_history_says_so(model, tmp_path):
    output = tmp_path / "scored.csv"
    Job(model, many(3), output=output).run()
    before = output.read_text()
    with pytest.raises(InputError):
        Job(model, many(3)[["sepal_length"]], output=output, overwrite=True).run()
    assert output.read_text() == before
    assert History().list()[0].result is None


def test_output_that_cannot_be_opened_is_a_failed_run(model, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DeepfieldError, match="Cannot write"):
        Job(model, many(3), output=tmp_path / "file" / "out.csv").run()
    assert History().list()[0].status == "failed"


def test_rejected_rows_of_an_earlier_run_do_not_stay(model, tmp_path):
    output = tmp_path / "scored.csv"
    rows = many(3).astype(object)
    rows.iloc[0, 0] = "x"
    Job(model, rows, output=output).run()
    assert (tmp_path / "scored.rejected.csv").exists()
    with pytest.raises(UsageError, match="exists already"):
        Job(model, rows, output=tmp_path / "scored.parquet")
    Job(model, many(3), output=output, overwrite=True).run()
    assert not (tmp_path / "scored.rejected.csv").exists()


def test_ragged_csv_keeps_its_other_columns(model, tmp_path):
    source = tmp_path / "rows.csv"
    source.write_text(
        ",".join(Flowers().inputs.names) + ",note\n1,2\n5.0,3.4,1.5,0.2,mine\n1_0,3,1,1,yours\n"
    )
    for kind in ("csv", "parquet", "jsonl"):
        result = Job(model, source, output=tmp_path / kind / f"out.{kind}").run()
        assert result.frame["note"].to_list() == ["mine", "yours"]
        assert result.frame["trust"].isin(["ok", "unsure", "unfamiliar"]).all()
        assert result.frame["sepal_length"].to_list() == [5.0, 10.0]
        assert result.rejected["row"].to_list() == [1]
