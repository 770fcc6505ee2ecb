"""Fit where what groups took next is the truth: by moments, measured, then learned from all."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from deepfield_reading import Reading, simulate
from deepfield_reading.popular import Popular
from safetensors.numpy import load_file

import deepfield
from deepfield.errors import InputError, UsageError
from deepfield.evaluation import RankingEvaluation, read_finding
from deepfield.evaluation.ranking import in_moments
from deepfield.fields import Ranking
from deepfield.fits import list_fits
from deepfield.fitting import Fitting, Stopped
from deepfield.fitting.moments_split import TEST, TRAINING, VALIDATION, split_moments
from deepfield.plugins import Registry
from deepfield.selftest import check_model
from deepfield.store import find_model, fitted_models
from deepfield.testing import _Plugin


@pytest.fixture(scope="module")
def registry() -> Registry:
    registry = Registry()
    registry.add(_Plugin(Reading()), "reading")
    return registry


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return simulate(300, seed=6)


@pytest.fixture
def fit(registry):
    def fit(rows, **named):
        return deepfield.fit("reading", rows, **{"name": "mine", "registry": registry, **named})

    return fit


@pytest.fixture
def calls(monkeypatch) -> list[dict]:
    """Keep what ``Popular.fit`` is given."""
    kept: list[dict] = []
    honest = Popular.fit.__func__

    def fit(cls, training, validation, folder, **named):
        kept.append({"training": training, "validation": validation, "folder": folder, **named})
        honest(cls, training, validation, folder, **named)

    monkeypatch.setattr(Popular, "fit", classmethod(fit))
    return kept


def moments_of(log: pd.DataFrame):
    rows = Reading.inputs.read(log).rows
    return in_moments(Reading.inputs, Ranking("recommended", of="book"), rows)


# The split.


def test_the_last_moments_of_each_group_are_held_out():
    rows = [
        ("ada", "x", "2026-03-01"),
        ("ada", "y", "2026-03-02"),
        ("ada", "z", "2026-03-02"),
        ("ada", "x", "2026-03-03"),
        ("ben", "x", "2026-03-01"),
        ("ben", "y", "2026-03-02"),
        ("eve", "z", "2026-03-09"),
    ]
    moments = moments_of(pd.DataFrame(rows, columns=Reading.inputs.names))
    part = split_moments(moments, "log")
    # Ben has two moments: both are learned from.
    assert part.tolist() == [0, 1, 1, 2, 0, 0, 0]
    assert (TRAINING, VALIDATION, TEST) == (0, 1, 2)


def test_of_many_groups_a_seeded_draw_gives_both_moments(log, monkeypatch):
    monkeypatch.setattr("deepfield.fitting.moments_split.MOST_GROUPS", 50)
    moments = moments_of(log)
    part = split_moments(moments, "log", seed=3)
    held = np.unique(moments.groups[part == TEST])
    assert len(held) == 50
    assert (np.unique(moments.groups[part == VALIDATION]) == held).all()
    assert (split_moments(moments, "log", seed=3) == part).all()
    assert (split_moments(moments, "log", seed=4) != part).any()
    for group in held:  # nothing is learned from that is later than what is measured on
        own = part[moments.groups == group]
        assert own.tolist() == sorted(own)


# The whole.


def test_fit_gives_a_model_that_is_everywhere(log, fit, registry, calls):
    told = []
    fitted = fit(log, on_progress=told.append)
    moments = moments_of(log)
    three = int((moments.counts >= 3).sum())
    assert fitted.sizes == {
        "training": len(log) - 2 * three,
        "validation": three,
        "test": three,
    }
    found = fitted.evaluation
    assert isinstance(found, RankingEvaluation)
    assert found.groups == three
    assert found.figure("hit").value > found.figure("hit", "popular").value
    model = deepfield.load("reading", "mine", registry=registry)
    assert model.folder.hash == fitted.folder.hash
    assert len(deepfield.score(model, log).frame) == 300
    assert check_model(Reading(), find_model(Reading(), "mine")).passed
    assert deepfield.evaluate(model, log).groups == 300
    done = [each.done for each in told]
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert list(dict.fromkeys(each.stage for each in told)) == [
        "reading",
        "fitting",
        "measuring",
        "learning from all",
    ]
    assert list(fitted.fit.log["epoch"]) == [1]  # the curve is of what was measured


def test_a_model_learns_from_all_when_it_is_measured(log, fit, calls):
    fitted = fit(log)
    first, second = calls
    rows = log.sort_values(["reader", "time"])
    last, before = rows.groupby("reader").tail(1), rows.groupby("reader").nth(-2)
    many = rows.groupby("reader")["book"].transform("size") >= 3
    assert set(first["validation"].index) == {row + 1 for row in before.index[many[before.index]]}
    seen = {*first["training"].index, *first["validation"].index}
    assert seen == {row + 1 for row in log.index} - {
        row + 1 for row in last.index[many[last.index]]
    }
    # Whole groups, each in order.
    assert (first["training"]["reader"] != first["training"]["reader"].shift()).sum() == 300
    assert first["training"].groupby("reader")["time"].is_monotonic_increasing.all()
    assert [str(kind) for kind in first["training"].dtypes] == [
        "str",
        "str",
        "datetime64[us, UTC]",
    ]
    assert set(second["training"].index) == {row + 1 for row in log.index}
    assert second["validation"].empty
    assert list(second["validation"].columns) == Reading.inputs.names
    assert second["base"].path == first["folder"]
    assert second["folder"] != first["folder"]
    kept = fitted.folder
    assert load_file(kept.weights)["counts"].sum() == len(log)
    assert fitted.evaluation.model_hash == kept.config["data"]["measured_hash"] != kept.hash
    card = kept.card
    assert "measured before it learned from the held-out moments" in card
    assert "Measured before it learned" in fitted.evaluation.notes[-1]
    result = fitted.fit.result
    assert read_finding(result).to_json() == fitted.evaluation.to_json()


def test_the_measured_model_knows_all_but_the_last_moment(log, fit, monkeypatch):
    told = []
    honest = Popular.predict
    monkeypatch.setattr(
        Popular,
        "predict",
        lambda self, rows, options: told.append(rows) or honest(self, rows, options),
    )
    fit(log)
    moments = moments_of(log)
    measured = np.isin(moments.groups, np.flatnonzero(moments.counts >= 3))
    before = moments.rows.index[measured & (moments.later > 0)]
    assert told[0].index.sort_values().to_list() == [row + 1 for row in before.sort_values()]


def test_a_model_that_does_not_stays_as_it_was_measured(log, fit, calls, monkeypatch):
    monkeypatch.setattr(Popular, "learns_from_all", False)
    told = []
    fitted = fit(log, on_progress=told.append)
    assert len(calls) == 1
    assert fitted.evaluation.model_hash == fitted.folder.hash
    assert fitted.evaluation.notes == []
    assert "It learned from neither" in fitted.folder.card
    assert told[-1].done == 1.0
    assert {each.stage for each in told} == {"reading", "fitting", "measuring"}


def test_card_and_config_say_what_was_learned_from(log, fit):
    fitted = fit(log)
    figures = {each["metric"]: each["value"] for each in fitted.folder.figures}
    assert figures["ndcg@5"] == round(fitted.evaluation.figure("ndcg").value, 4)
    data = fitted.folder.config["data"]
    assert (data["groups"], data["items"], data["moments"]) == (300, 30, len(log))
    assert data["repeats"] == 0
    assert data["first"] < data["last"]
    card = fitted.folder.card
    for words in ("300 `reader` groups", "most recently taken", "NDCG@5", "## Reproduce"):
        assert words in card
    assert "deepfield fit reading DataFrame --name mine --base popular" in card
    assert fit(log[::-1], name="other").folder.config["data"]["fingerprint"] == data["fingerprint"]


def test_a_log_without_times_is_in_order(log, fit):
    ordered = log.sort_values("time", kind="stable").drop(columns="time")
    fitted = fit(ordered)
    assert "in the order in which they stand" in fitted.folder.card
    assert check_model(Reading(), find_model(Reading(), "mine")).passed


def test_bad_rows_are_set_aside_and_columns_are_remembered(log, fit, registry):
    spoilt = log.astype({"book": object}).rename(columns={"book": "title"})
    spoilt.loc[7, "title"] = None
    fitted = fit(spoilt, columns={"book": "title"})
    assert fitted.rejected == 1
    aside = pd.read_csv(fitted.folder.path / "rejected.csv")
    assert aside["row"].to_list() == [8]
    model = deepfield.load("reading", "mine", registry=registry)
    assert deepfield.score(model, log.rename(columns={"book": "title"})).run.rows_out == 300


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda log: log.drop_duplicates("reader"), "No reader .* has rows of two moments"),
        (
            lambda log: log.groupby("reader").head(2),
            "No reader of 'DataFrame' has rows of three moments",
        ),
        (lambda log: log.assign(reader="ada"), "All .* rows are of one reader, 'ada'"),
        (lambda log: log.assign(book="x"), "All rows hold the same book, 'x'"),
        (lambda log: log[:0], "'DataFrame' has no rows"),
        (lambda log: log.drop(columns="book"), "No column 'book'"),
        (lambda log: log.assign(book=""), "No row can be read"),
    ],
)
def test_what_cannot_be_fitted_is_one_sentence_and_leaves_nothing(log, fit, change, sentence):
    with pytest.raises(InputError, match=sentence):
        fit(change(log))
    assert fitted_models(Reading()) == []
    for each in list_fits():
        assert each.state == "failed"
        assert not each.work.exists()


def test_labels_and_groups_are_refused(log, fit):
    for named in ({"label": "book"}, {"group": "reader"}):
        with pytest.raises(UsageError, match="there are no labels and no groups to name"):
            fit(log, **named)


@pytest.mark.parametrize("stage", ["reading", "fitting", "measuring", "learning from all"])
def test_a_fit_can_be_stopped_at_any_stage(log, registry, stage):
    def stop(progress) -> None:
        if progress.stage == stage:
            fitting.cancel()

    rows = pd.concat([log] * 60) if stage == "reading" else log  # many batches to be read
    fitting = Fitting(Reading(), rows, name="mine", on_progress=stop)
    with pytest.raises(Stopped):
        fitting.run()
    assert fitted_models(Reading()) == []
    (found,) = list_fits()
    assert (found.state, found.work.exists()) == ("stopped", False)


def test_what_fails_in_the_second_fit_keeps_nothing(log, fit, monkeypatch):
    honest = Popular.fit.__func__

    def broken(cls, training, validation, folder, **named):
        if validation.empty:
            raise RuntimeError("no more")
        honest(cls, training, validation, folder, **named)

    monkeypatch.setattr(Popular, "fit", classmethod(broken))
    with pytest.raises(RuntimeError):
        fit(log)
    assert fitted_models(Reading()) == []
    assert list_fits()[0].state == "failed"


def test_rows_as_they_came_are_let_go(log):
    fitting = Fitting(Reading(), log, name="mine")
    fitting.run()
    assert fitting.raw.rows.empty
    assert fitting.raw.name == "DataFrame"


def test_golden_rows_are_whole_groups_and_few(log, fit):
    fitted = fit(log)
    inputs, outputs = fitted.folder.golden()
    assert len(outputs) == inputs["reader"].nunique() == 4
    assert json.loads((fitted.folder.path / "figures.json").read_text())["k"] == 5
