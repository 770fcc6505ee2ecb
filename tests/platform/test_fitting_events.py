"""Fit and evaluate where rows have a time, a history, and an input that says what came out."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pytest
from deepfield_events import Events, simulate
from deepfield_events.distance import Distance
from deepfield_events.logistic import Logistic
from sklearn.metrics import average_precision_score

import deepfield
from deepfield.domain import check_domain
from deepfield.errors import ContractError, InputError, UsageError
from deepfield.evaluation import Evaluation, Survey, read_finding
from deepfield.fields import Boolean, Number
from deepfield.fitting.by_time import by_time
from deepfield.fitting.data import distinct
from deepfield.labelled import Labelled, read_labelled
from deepfield.labelled.truth import words
from deepfield.loading import load_model
from deepfield.plugins import Registry
from deepfield.selftest import check_model
from deepfield.store import find_model, fitted_models
from deepfield.table import Table
from deepfield.testing import _Plugin


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    return simulate(3000)


@pytest.fixture(scope="module")
def registry() -> Registry:
    registry = Registry()
    registry.add(_Plugin(Events()), "events")
    return registry


@pytest.fixture
def fit(registry):
    def fit(rows, **named):
        return deepfield.fit("events", rows, **{"name": "mine", "registry": registry, **named})

    return fit


def frames_of(monkeypatch, kind=Logistic) -> list[pd.DataFrame]:
    """Keep what a predictor's ``fit`` is given."""
    kept: list[pd.DataFrame] = []
    honest = kind.fit.__func__

    def fit(cls, training, validation, *arguments, **named):
        kept.extend([training, validation])
        honest(cls, training, validation, *arguments, **named)

    monkeypatch.setattr(kind, "fit", classmethod(fit))
    return kept


# The truth that is an input too.


def test_the_truth_is_the_column_of_labels_unless_another_is_named(events, fit, monkeypatch):
    frames = frames_of(monkeypatch)
    fitted = fit(events)
    assert fitted.evaluation.counts["fault"] == events.sort_values("time")["was_fault"][-450:].sum()
    named = events.rename(columns={"was_fault": "broke"})
    named["broke"] = named["broke"].map({True: "Yes", False: "no"})
    other = fit(named, name="other", label="broke")
    for name in ("mine", "other"):
        config = find_model(Events(), name).folder / "config.json"
        assert json.loads(config.read_text())["names"] == ["load", "heat", "past_share"]
    assert other.evaluation.counts == fitted.evaluation.counts
    assert other.evaluation.figure("auc").value == fitted.evaluation.figure("auc").value
    pd.testing.assert_frame_equal(frames[0], frames[2])
    assert "--label broke" in other.folder.card


@pytest.mark.parametrize(
    "values",
    [(0, 1), (0.0, 1.0), ("0", "1"), ("False", "TRUE"), ("no", "yes"), ("fine", "fault")],
)
def test_words_for_no_and_yes_become_the_models_two_values(events, values):
    rows = events.head(300)
    told = rows["was_fault"].map(dict(zip((False, True), values, strict=True))).astype(object)
    told.iloc[:7] = None
    found = deepfield.evaluate(load_model(Events()), rows.assign(was_fault=told))
    assert found.rows == 293
    assert found.counts["fault"] == rows["was_fault"].iloc[7:].sum()
    assert "7 rows without a label were not measured on." in found.notes


def test_other_words_are_mapped_when_said(events):
    rows = events.assign(was_fault=events["was_fault"].map({True: "bust", False: "well"}))
    with pytest.raises(
        InputError, match=r"2 different values \('bust', 'well'\), and 'bust' tells"
    ):
        deepfield.evaluate(load_model(Events()), rows)
    mapping = {"bust": "fault", "well": "fine"}
    found = deepfield.evaluate(load_model(Events()), rows, mapping=mapping)
    assert found.counts["fault"] == events["was_fault"].sum()
    assert found.mapping == mapping
    with pytest.raises(UsageError, match="'rose' is no class"):
        deepfield.evaluate(load_model(Events()), rows, mapping={"bust": "rose"})


@pytest.mark.parametrize(
    ("change", "arguments", "sentence"),
    [
        (
            lambda f: f.assign(was_fault=np.arange(len(f)) % 3), {},
            r"column 'was_fault' of 'DataFrame' holds 3 different values \('0', '1', '2'\)",
        ),
        (
            lambda f: f.assign(was_fault=0), {},
            "All 3,000 rows with a label of 'DataFrame' are 'fine' and none is 'fault'",
        ),
        (lambda f: f.assign(was_fault=1), {}, "are 'fault' and none is 'fine'"),
        (lambda f: f.head(1), {}, "The one row with a label of 'DataFrame' is 'f"),
        (lambda f: f.assign(was_fault=None), {}, "has a label: the column 'was_fault' is empty"),
        (lambda f: f.drop(columns="was_fault"), {}, "has no column 'was_fault'.*there are: heat"),
        (lambda f: f, {"label": "broke"}, "has no column 'broke'"),
        (lambda f: f, {"label": "load"}, "'load' is an input and cannot hold the labels"),
        (lambda f: f, {"label": ""}, "Name the column of the labels"),
        (
            lambda f: pd.concat([f[~f["was_fault"]], f[f["was_fault"]].head(4)]), {},
            "Each class needs at least 5 rows.*'fault' has 4",
        ),
        (lambda f: f.assign(time="2026-01-01"), {}, "are of 1 moment, .* takes three at least"),
        (lambda f: f.drop(columns="load"), {}, "No column 'load'"),
    ],
)  # fmt: skip
def test_what_cannot_be_learned_from_is_one_sentence(events, fit, change, arguments, sentence):
    with pytest.raises((InputError, UsageError), match=sentence):
        fit(change(events), **arguments)
    assert fitted_models(Events()) == []


def test_a_table_without_any_fault_is_measured_as_far_as_it_tells(events):
    found = deepfield.evaluate(load_model(Events()), events[~events["was_fault"]])
    assert found.counts["fault"] == 0
    assert 0 < found.figure("specificity").value <= 1
    assert np.isnan([found.figure(n).value for n in ("auc", "average_precision")]).all()
    assert (
        "No row is fault: their sensitivity cannot be told, and there is no AUC" in found.notes[0]
    )
    assert found.precision_recall is None
    assert Evaluation.from_json(json.loads(json.dumps(found.to_json()))).counts == found.counts
    one = deepfield.evaluate(load_model(Events()), events.head(1))
    assert one.rows == 1


def test_nobody_tells_the_model_what_came_out_of_the_row_that_it_judges(events, fit, monkeypatch):
    honest = Logistic.predict
    seen = set()

    def predict(self, rows, options):
        seen.update(rows.columns)
        return honest(self, rows, options)

    monkeypatch.setattr(Logistic, "predict", predict)
    frames = frames_of(monkeypatch)
    monkeypatch.setattr("deepfield.fitting.by_labels.write_golden_rows", lambda *a, **k: None)
    fit(events)
    deepfield.evaluate(load_model(Events()), events)
    assert "past_share" in seen
    assert "was_fault" not in seen.union(*frames)


def test_a_truth_must_be_a_boolean_that_is_not_required():
    class Wrong(Events):
        inputs = Table(*list(Events.inputs)[:3], Boolean("was_fault"), order_by="time")

    for kind in (Wrong, type("Other", (Events,), {"truth": "load"})):
        with pytest.raises(ContractError, match="is no Boolean among the inputs"):
            check_domain(kind())


# The split by time.


def test_split_is_by_time_and_the_card_says_from_when_to_when(events, fit, monkeypatch):
    frames = frames_of(monkeypatch)
    fitted = fit(events)
    assert fitted.sizes == {"training": 2100, "validation": 450, "test": 450}
    training, validation = frames
    assert training["time"].max() < validation["time"].min()
    assert "split by time" in fitted.folder.card
    first, last = events["time"].min(), events["time"].max()
    assert f"| *first row* | {first:%Y-%m-%d %H:%M} | " in fitted.folder.card
    assert f" | {last:%Y-%m-%d %H:%M} |\n" in fitted.folder.card


def cut(labels: str, moments: list[int] | None = None, needed: bool = True) -> str:
    """Return the part of each row, given one letter a row; a dot is a row without a label."""
    known = pd.Series([None if each == "." else each for each in labels], dtype=object)
    parts = by_time(known, pd.Series(moments or range(len(labels))), needed)
    return "".join(map(str, parts))


def test_cuts_lie_where_fifteen_percent_are_left_twice():
    assert cut("ab" * 50) == "0" * 70 + "1" * 15 + "2" * 15


def test_rows_of_one_moment_are_never_parted():
    moments = [1] * 12 + [2] * 5 + [3] * 3
    assert cut("ab" * 10, moments) == "0" * 12 + "1" * 5 + "2" * 3
    shuffled = np.random.default_rng(0).permutation(100)
    parts = by_time(pd.Series(list("ab" * 50)), pd.Series(shuffled))
    assert shuffled[parts == 0].max() < shuffled[parts == 1].min()
    assert shuffled[parts == 1].max() < shuffled[parts == 2].min()


def test_cuts_are_moved_until_every_part_has_every_class():
    # The last b is at 60: what is measured on begins there, and what is chosen by before.
    late = cut("".join("b" if n in (10, 40, 60) else "a" for n in range(100)))
    assert late.index("2") == 60
    assert late.index("1") <= 40
    early = cut("".join("b" if n in (75, 80, 95) else "a" for n in range(100)))
    assert [early[n] for n in (75, 80, 95)] == ["0", "1", "2"]
    assert (early.index("1"), early.index("2")) == (76, 85)


def test_classes_that_no_cut_can_give_to_all_parts_are_named():
    with pytest.raises(InputError, match=r"the 2 rows of 'b' are from 3 to 50, all rows from 0 to"):
        cut("".join("b" if n in (3, 50) else "a" for n in range(100)))
    sentence = "are of 2 moments, from 1 to 2"
    with pytest.raises(InputError, match=sentence):
        cut("abab", [1, 1, 2, 2])
    # Where labels are not needed, the classes do not keep rows from being cut.
    assert cut("a" * 50 + "b" + "." * 49, needed=False) == "0" * 70 + "1" * 15 + "2" * 15


# The history.


def test_rows_without_a_label_are_history_and_no_more(events, fit, monkeypatch):
    frames = frames_of(monkeypatch)
    rows = events.sort_values("time", ignore_index=True)
    rows["was_fault"] = rows["was_fault"].astype(object)
    rows.loc[::3, "was_fault"] = None
    fitted = fit(rows)
    assert sum(fitted.sizes.values()) == 2000
    assert fitted.rejected == 0
    assert (
        "1,000 more have no label and were not used beyond being the history" in fitted.folder.card
    )
    # Row 1 is the source's first: its past holds every earlier row, labelled or not.
    training = frames[0]
    number = training.index[-1]
    before = rows.iloc[: number - 1]
    before = before[before["machine"] == training.loc[number, "machine"]]
    share = ((before["was_fault"] == True).sum() + 0.05) / (len(before) + 1)  # noqa: E712
    assert training.loc[number, "past_share"] == pytest.approx(share)


def test_held_out_rows_know_the_past_that_was_learned_from(events, fit):
    fitted = fit(events)
    model = load_model(Events(), "mine")
    ordered = events.sort_values("time")
    held_out = ordered.index[-450:]
    whole = model.predict(events)["fault"].loc[held_out]
    expected = average_precision_score(events["was_fault"].loc[held_out], whole)
    found = fitted.evaluation.figure("average_precision")
    assert found.value == pytest.approx(expected)
    assert found.low < found.value < found.high
    alone = model.predict(events.loc[held_out])["fault"]
    assert average_precision_score(events["was_fault"].loc[held_out], alone) < expected


def test_evaluation_gathers_over_the_whole_source(events):
    model = load_model(Events())
    rows = events.sort_values("time", ignore_index=True)
    known = rows["was_fault"].astype(object).where(rows.index >= 2500, None)
    answers = model.predict(rows.assign(was_fault=known))["fault"].iloc[2500:]
    found = deepfield.evaluate(model, rows.assign(was_fault=known))
    assert found.rows == 500
    truth = rows["was_fault"].iloc[2500:]
    expected = average_precision_score(truth, answers)
    assert found.figure("average_precision").value == pytest.approx(expected)


def test_intervals_draw_whole_groups_of_a_key_where_it_is_named(events):
    found = deepfield.evaluate(load_model(Events()), events, group="machine")
    assert found.by_group
    assert not deepfield.evaluate(load_model(Events()), events).by_group


def test_bad_rows_of_a_history_are_set_aside_with_their_numbers(events):
    rows = events.astype(object).copy()
    rows.iloc[4, 0] = "yesterday or so"
    found = deepfield.evaluate(load_model(Events()), rows)
    assert found.rows == 2999
    assert found.rejected["row"].to_list() == [5]
    assert "'yesterday or so'" in found.rejected["reason"][0]


def test_golden_rows_are_whole_small_groups(fit):
    events = simulate(3000, machines=400)
    fit(events)
    folder = load_model(Events(), "mine").folder
    inputs, _ = folder.golden()
    assert 4 < len(inputs) <= 60
    assert inputs["time"].is_monotonic_increasing
    assert 2 <= inputs["machine"].nunique() <= 4
    for machine, rows in inputs.groupby("machine"):
        assert len(rows) == min(15, (events["machine"] == machine).sum())
    assert check_model(Events(), find_model(Events(), "mine")).passed


# Columns of a person's own.


def test_further_columns_are_learned_from_and_the_model_says_so(events, fit):
    fit(events.assign(note="of no use"))
    model = load_model(Events(), "mine")
    assert model.inputs.names == ["time", "load", "heat", "machine", "was_fault"]
    assert isinstance(list(model.inputs)[2], Number)
    assert len(model.predict(events.drop(columns="was_fault"))) == 3000
    with pytest.raises(InputError, match="No column 'heat'"):
        deepfield.score(model, events.drop(columns="heat"))
    with pytest.raises(InputError, match="No column 'heat'"):
        deepfield.evaluate(model, events.drop(columns="heat"))


def test_a_table_may_lack_the_key_of_the_history(events, fit):
    fitted = fit(events.drop(columns=["machine", "heat"]))
    model = load_model(Events(), "mine")
    assert (model.inputs.group_by, model.inputs.order_by) == ((), "time")
    assert model.inputs.names == ["time", "load", "was_fault"]
    assert "split by time" in fitted.folder.card
    assert check_model(Events(), find_model(Events(), "mine")).passed


def test_the_column_of_labels_is_no_further_column(events, fit):
    fit(events.assign(broke=events["was_fault"].astype(int)), label="broke")
    assert "broke" not in load_model(Events(), "mine").inputs.names


# Fits that need no labels.


def test_fit_without_labels_says_how_the_answers_are_spread(events, fit, monkeypatch):
    frames = frames_of(monkeypatch, Distance)
    fitted = fit(events.drop(columns="was_fault"), base="distance")
    assert "label" not in frames[0]
    assert "before" in frames[0]
    found = fitted.evaluation
    assert isinstance(found, Survey)
    assert (found.rows, sum(found.called.values())) == (450, 450)
    assert list(found.called) == ["fine", "fault"]
    scores = found.scores.set_index("score")
    assert scores.loc["fault", "0%"] <= scores.loc["fault", "mean"] <= scores.loc["fault", "100%"]
    written = json.loads((fitted.folder.path / "figures.json").read_text())
    assert read_finding(written).to_json() == found.to_json()
    card = fitted.folder.card
    assert "nothing tells how often the model is right" in card
    assert f"{found.called['fault']:,} fault" in card
    assert "accuracy" not in card
    assert fitted.folder.figures == []
    assert check_model(Events(), find_model(Events(), "mine")).passed


def test_labels_that_there_are_measure_what_was_learned_without(events, fit, monkeypatch):
    frames = frames_of(monkeypatch, Distance)
    rows = events.assign(was_fault=events["was_fault"].astype(object))
    rows.loc[::2, "was_fault"] = None
    fitted = fit(rows, base="distance")
    assert sum(fitted.sizes.values()) == 3000
    assert isinstance(fitted.evaluation, Evaluation)
    assert 180 < fitted.evaluation.rows < 270
    assert 0.4 < frames[0]["label"].isna().mean() < 0.6
    assert "1,500 have no label; it learned without any" in fitted.folder.card
    none = fit(rows, name="none", base="distance", label="")
    assert isinstance(none.evaluation, Survey)
    assert "--label ''" in none.folder.card
    one_class = fit(rows.assign(was_fault=0), name="one", base="distance")
    assert one_class.evaluation.counts == {"fine": 450, "fault": 0}


@pytest.mark.parametrize(
    ("change", "arguments", "sentence"),
    [
        (lambda f: f.head(1), {}, "has 1 row that can be read; at least 5 are needed"),
        (lambda f: f, {"label": "broke"}, "has no column 'broke'"),
        (lambda f: f.assign(time=f["time"][0]), {}, "are of 1 moment"),
        (lambda f: f.assign(was_fault="perhaps"), {}, "'perhaps' tells neither fine nor fault"),
    ],
)
def test_what_cannot_be_learned_without_labels_is_one_sentence(
    events, fit, change, arguments, sentence
):
    with pytest.raises(InputError, match=sentence):
        fit(change(events), base="distance", **arguments)


# Large tables.


def test_a_million_rows_are_no_loop():
    count = 1_000_000
    rows = pd.DataFrame({f"x{n}": np.arange(count) * n for n in range(10)})
    labels = pd.Series(np.arange(count) % 2)
    inputs = Table(*(Number(name) for name in rows.columns))
    started = time.monotonic()
    read = read_labelled(rows.assign(label=labels), inputs)
    examples = distinct(read.checked(inputs), read, inputs)
    assert time.monotonic() - started < 60
    assert examples.labelled.counts == {"0": 500_000, "1": 500_000}


def test_fingerprint_is_of_rows_and_labels_in_any_order():
    inputs = Table(Number("x"))
    rows = pd.DataFrame({"x": [1.0, 2.0, 3.0]})

    def fingerprint(rows, labels):
        found = Labelled("rows", rows, pd.Series(labels, rows.index, dtype=object), None)
        return distinct(found, found, inputs).fingerprint

    first = fingerprint(rows, ["a", "b", None])
    assert fingerprint(rows.iloc[::-1], [None, "b", "a"]) == first
    assert fingerprint(rows, ["b", "a", None]) != first
    assert fingerprint(rows + 1, ["a", "b", None]) != first


def test_words_are_plain_text_whatever_a_cell_holds():
    column = pd.Series([1, "", None, np.nan, ["a"], "x"], dtype=object, name="label")
    assert words(column).to_list() == ["1", None, None, None, "['a']", "x"]


def test_a_contract_of_three_classes_cannot_take_its_truth_from_a_boolean(monkeypatch):
    from deepfield.fields import Label, Probability

    model = load_model(Events())
    model.predictor.outputs = Table(Label("verdict", values=("a", "b", "c")), Probability("fault"))
    with pytest.raises(ContractError, match="its label has the 3 values a, b, c"):
        deepfield.evaluate(model, Events().samples())
