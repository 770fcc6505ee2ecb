from __future__ import annotations

import json
import re
import time
from dataclasses import replace

import altair as alt
import numpy as np
import pandas as pd
import pytest
from deepfield_flowers import SPECIES, Flowers
from scipy.stats import binom
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

import deepfield
from deepfield.errors import InputError, UsageError
from deepfield.evaluation import Evaluation, curves, evaluate, expected_calibration_error
from deepfield.evaluation.measuring import read_mapping
from deepfield.evaluation.plots import all_charts, learning_curve
from deepfield.evaluation.report import (
    as_html,
    check_report,
    conditions,
    interval,
    write_report,
)
from deepfield.evaluation.resampling import Answers, figures_with_intervals
from deepfield.loading import Model, load_model


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(Flowers())


@pytest.fixture(scope="module")
def evaluation(model, irises) -> Evaluation:
    return evaluate(model, irises)


def binary(rows: int = 400, seed: int = 0, **changes) -> Answers:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 2, rows)
    score = np.clip(generator.normal(0.35 + 0.3 * truth, 0.2), 0.01, 0.99).round(2)
    called = (score >= 0.5).astype(int)
    values = {
        "classes": ("no", "yes"),
        "truth": truth,
        "called": called,
        "confidence": np.where(called, score, 1 - score),
        "answered": np.ones(rows, bool),
        "probabilities": np.stack([1 - score, score], axis=1),
    }
    return Answers(**{**values, **changes})


def by_name(answers: Answers) -> dict:
    return {(each.name, each.of): each for each in figures_with_intervals(answers)}


def test_figures_of_four_rows_by_hand():
    answers = Answers(
        ("no", "yes"),
        truth=np.array([0, 0, 1, 1]),
        called=np.array([0, 1, 1, 1]),
        confidence=np.array([0.9, 0.6, 0.8, 0.6]),
        answered=np.array([True, False, True, True]),
        probabilities=np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.4, 0.6]]),
    )
    found = {key: each.value for key, each in by_name(answers).items()}
    assert found["accuracy", ""] == 0.75
    assert found["sensitivity", ""] == found["sensitivity", "yes"] == 1.0
    assert found["specificity", ""] == found["sensitivity", "no"] == 0.5
    assert found["precision", ""] == pytest.approx(2 / 3)
    assert found["f1", ""] == pytest.approx(0.8)
    assert found["macro_f1", ""] == pytest.approx((0.8 + 2 / 3) / 2)
    # Of four pairs three are in order, and one is a tie.
    assert found["auc", ""] == pytest.approx(3.5 / 4)
    assert found["answered", ""] == 0.75
    assert found["error_when_answered", ""] == 0.0
    # Risks: 0 at 0.9, 0 at 0.8, and 1/4 for the two rows at 0.6.
    assert found["aurc", ""] == pytest.approx((0 + 0 + 2 / 4) / 4)


def test_figures_agree_with_scikit_learn():
    answers = binary()
    found = by_name(answers)
    score = answers.probabilities[:, 1]
    assert found["auc", ""].value == pytest.approx(roc_auc_score(answers.truth, score))
    assert found["average_precision", ""].value == pytest.approx(
        average_precision_score(answers.truth, score)
    )
    assert found["f1", ""].value == pytest.approx(f1_score(answers.truth, answers.called))
    assert found["ece", ""].value == pytest.approx(
        expected_calibration_error(answers.confidence, answers.correct)
    )


def test_average_precision_takes_weights_and_ties_as_scikit_learn_does():
    answers = binary(300)
    weights = np.random.default_rng(1).integers(0, 4, (5, 300)).astype(float)
    found = answers.measure(weights)["average_precision", ""]
    score = answers.probabilities[:, 1]
    expected = [average_precision_score(answers.truth, score, sample_weight=w) for w in weights]
    np.testing.assert_allclose(found, expected)


def test_rows_that_are_alike_drawn_together_give_the_intervals_of_rows(monkeypatch):
    generator = np.random.default_rng(0)
    truth = (generator.random(8000) < 0.05).astype(int)
    score = 1 / (1 + np.exp(-generator.normal(-3 + 3 * truth, 1.5)))
    called = (score >= 0.5).astype(int)
    confidence = np.where(called, score, 1 - score)
    both = np.stack([1 - score, score], axis=1)
    groups = np.arange(8000) // 4
    for grouped in (None, groups):
        answers = Answers(("no", "yes"), truth, called, confidence, confidence > 0.7, both, grouped)
        monkeypatch.setattr("deepfield.evaluation.resampling.MANY", 20_000)
        rows = by_name(answers)
        monkeypatch.setattr("deepfield.evaluation.resampling.MANY", 1000)
        alike = by_name(answers)
        for key, one in rows.items():
            other, width = alike[key], one.high - one.low
            assert other.value == one.value
            assert other.low == pytest.approx(one.low, abs=0.15 * width), key
            assert other.high == pytest.approx(one.high, abs=0.15 * width), key


def test_half_a_million_rows_are_measured_in_seconds():
    generator = np.random.default_rng(0)
    truth = (generator.random(500_000) < 0.008).astype(int)
    score = 1 / (1 + np.exp(-generator.normal(-5 + 4 * truth, 2)))
    answers = binary(
        500_000,
        truth=truth,
        called=(score >= 0.5).astype(int),
        confidence=np.maximum(score, 1 - score),
        probabilities=np.stack([1 - score, score], axis=1),
    )
    started = time.monotonic()
    found = by_name(answers)["average_precision", ""]
    assert time.monotonic() - started < 30
    assert found.low < found.value < found.high


def test_interval_of_a_proportion_is_that_of_the_binomial():
    found = by_name(binary())["accuracy", ""]
    low, high = binom.ppf([0.025, 0.975], 400, found.value) / 400
    assert found.low == pytest.approx(low, abs=0.01)
    assert found.high == pytest.approx(high, abs=0.01)


def test_intervals_by_group_are_wider_where_rows_of_a_group_are_alike():
    one = binary(60)
    twenty = {
        name: np.repeat(getattr(one, name), 20, axis=0)
        for name in ("truth", "called", "confidence", "answered", "probabilities")
    }
    rows = by_name(Answers(one.classes, **twenty))["accuracy", ""]
    groups = by_name(Answers(one.classes, **twenty, groups=np.repeat(np.arange(60), 20)))
    wide = groups["accuracy", ""]
    assert rows.value == wide.value
    assert (wide.high - wide.low) > 3 * (rows.high - rows.low)


def test_twenty_of_twenty_is_not_certain_for_ever():
    truth = np.repeat([0, 1], 10)
    answers = binary(20, truth=truth, called=truth)
    found = by_name(answers)["accuracy", ""]
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.025 ** (1 / 20))


def test_what_no_resample_varies_has_no_interval_and_is_shown_without(model, irises):
    found = evaluate(model, irises[irises["label"] == "setosa"].assign(patient="the same"))
    assert found.figure("accuracy").low == pytest.approx(0.025 ** (1 / 50))
    balanced = found.figure("balanced_accuracy")
    assert (balanced.value, interval(balanced)) == (1.0, "–")
    assert np.isnan([balanced.low, balanced.high]).all()
    written = {
        each["figure"]: each for each in found.table().to_dict("records") if not each["class"]
    }
    assert np.isnan(written["macro_f1"]["low"])
    plain = {each["name"]: each for each in found.to_json()["figures"] if not each["of"]}
    assert (plain["balanced_accuracy"]["low"], plain["balanced_accuracy"]["high"]) == (None, None)
    assert "1.000 – 1.000" not in as_html(found)
    perfect = by_name(
        binary(20, called=binary(20).truth, probabilities=np.eye(2)[binary(20).truth])
    )
    assert [interval(perfect[name, ""]) for name in ("auc", "f1", "macro_f1")] == ["–"] * 3


def test_one_group_has_no_interval(model, irises):
    found = evaluate(model, irises.assign(patient="the same"), group="patient")
    assert found.figure("accuracy").value == pytest.approx(0.96)
    assert interval(found.figure("accuracy")) == "–"


def test_a_class_that_is_not_there_leaves_its_sensitivity_open():
    truth = np.zeros(30, int)
    found = by_name(binary(30, truth=truth))
    assert np.isnan(found["sensitivity", "yes"].value)
    assert np.isnan(found["auc", ""].value)
    assert np.isfinite(found["specificity", "yes"].value)


def test_the_same_rows_give_the_same_intervals(model, irises, evaluation):
    again = evaluate(model, irises)
    pd.testing.assert_frame_equal(again.table(), evaluation.table())


def test_evaluation_counts_and_curves(evaluation, model, irises):
    called = model.predict(irises)["species"]
    assert evaluation.rows == 150
    assert evaluation.counts == dict.fromkeys(SPECIES, 50)
    assert np.trace(evaluation.confusion) == (called == irises["label"]).sum()
    assert evaluation.calibration["rows"].sum() == 150
    curve = evaluation.risk_coverage
    assert curve["coverage"].is_monotonic_increasing
    assert curve["coverage"].iloc[-1] == 1.0
    assert curve["risk"].iloc[-1] == pytest.approx(1 - evaluation.figure("accuracy").value)
    assert sum(evaluation.trust.values()) == pytest.approx(1)
    assert evaluation.roc is None  # of three classes there is no one curve


def test_probabilities_named_like_the_classes_give_an_auc(evaluation, model, irises):
    probabilities = model.predict(irises)[list(SPECIES)]
    expected = roc_auc_score(irises["label"], probabilities, multi_class="ovr")
    assert evaluation.figure("auc").value == pytest.approx(expected)


def test_two_classes_have_a_precision_recall_curve_over_the_share_of_positives(irises, tmp_path):
    answers = binary(1000, truth=(np.arange(1000) % 20 == 0).astype(int))
    curve = curves.precision_recall(answers)
    assert len(curve) <= 200
    assert curve["recall"].is_monotonic_increasing
    assert curve["recall"].iloc[-1] == 1.0
    calls = answers.probabilities[:, 1] >= curve["threshold"][1]
    assert curve["precision"][1] == pytest.approx(answers.truth[calls].mean())
    assert curve["recall"][1] == pytest.approx(answers.truth[calls].sum() / 50)
    assert curves.precision_recall(binary(9, truth=np.zeros(9, int))) is None


def test_without_probabilities_there_is_no_auc_and_it_says_so(irises, monkeypatch):
    plain = load_model(Flowers())
    plain.predictor.outputs = None
    found = evaluate(plain, irises)
    assert "auc" not in set(found.table()["figure"])
    assert "there is no AUC" in found.notes[0]


def test_json_and_back_is_the_same(evaluation):
    text = json.dumps(evaluation.to_json(), allow_nan=False)
    again = Evaluation.from_json(json.loads(text))
    pd.testing.assert_frame_equal(again.table(), evaluation.table())
    pd.testing.assert_frame_equal(again.confusion, evaluation.confusion)
    assert again.to_json() == evaluation.to_json()


def test_unknown_labels_are_one_error_and_a_map_is_the_way(model, irises):
    loud = irises.assign(label=irises["label"].str.upper())
    with pytest.raises(InputError, match=r"'SETOSA', .*knows setosa, .*--map SETOSA=setosa"):
        evaluate(model, loud)
    mapping = {name.upper(): name for name in SPECIES}
    assert evaluate(model, loud, mapping=mapping).figure("accuracy").value == pytest.approx(0.96)
    with pytest.raises(UsageError, match="'rose' is no class"):
        evaluate(model, loud, mapping={"SETOSA": "rose"})


def test_mapping_is_read_from_text():
    assert read_mapping(["a=b", "x=y=z"]) == {"a": "b", "x=y": "z"}
    for wrong in (["a"], ["=b"], ["a="], ["a=b", "a=c"]):
        with pytest.raises(UsageError):
            read_mapping(wrong)


def test_bad_rows_are_set_aside_by_their_number_in_the_source(model, irises):
    rows = irises.astype(object).iloc[[0, 1, 60, 61, 120, 121]].copy()
    rows.iloc[1, 0] = "twelve"
    rows.iloc[3, 4] = None
    found = evaluate(model, rows)
    assert found.rows == 4
    assert found.rejected["row"].to_list() == [2, 4]
    assert "which is not a number" in found.rejected["reason"][0]
    assert found.rejected["reason"][1] == "column 'label' is empty"
    rows["sepal_length"] = "x"
    with pytest.raises(InputError, match=r"No row of 'DataFrame' could be read\. The first: "):
        evaluate(model, rows)


def test_lacking_columns_are_named(model, irises):
    with pytest.raises(InputError, match=r"no column 'label'.* there are: species"):
        evaluate(model, irises.rename(columns={"label": "species"}))
    with pytest.raises(InputError, match="no column 'site'"):
        evaluate(model, irises, group="site")
    with pytest.raises(UsageError, match="is an input"):
        evaluate(model, irises, label="sepal_length")


def test_other_columns_may_be_named_like_results(model, irises):
    with_results = irises.assign(species=irises["label"], confidence=1.0, trust="ok")
    assert evaluate(model, with_results, label="species").rows == 150


def test_an_evaluation_is_no_run_of_the_history(model, irises, home):
    evaluate(model, irises.iloc[::10])
    assert not (home / "history.sqlite").exists()


def test_report_as_one_page_asks_no_server(evaluation, tmp_path):
    write_report(evaluation, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") == 3
    assert "0.960" in page
    assert "<script" not in page
    assert not re.search(r"""(src|href|url\()\s*=?\s*["']?\s*(https?:)?//""", page)
    assert "@import" not in page


def test_report_escapes_other_peoples_words(evaluation, tmp_path):
    values = evaluation.to_json() | {"source": "<img src=x>"}
    write_report(Evaluation.from_json(values), tmp_path / "report.html")
    assert "<img" not in (tmp_path / "report.html").read_text()


def test_report_says_options_and_mapping(model, irises, evaluation):
    assert (evaluation.options, evaluation.mapping, conditions(evaluation)) == ({}, {}, "")
    loud = irises.assign(label=irises["label"].replace("setosa", "Bristle <b>"))
    found = evaluate(model, loud, mapping={"Bristle <b>": "setosa"}, options={"least": 0.99})
    assert (found.options, found.mapping) == ({"least": 0.99}, {"Bristle <b>": "setosa"})
    assert found.figure("answered").value < evaluation.figure("answered").value
    said = "defaults: least 0.99. Labels taken: 'Bristle <b>' as 'setosa'."
    assert said in conditions(found)
    assert "least 0.99. Labels taken: &#x27;Bristle &lt;b&gt;&#x27; as" in as_html(found)
    assert Evaluation.from_json(found.to_json()).options == found.options
    default = evaluate(model, irises, options={"least": 0.8})
    assert default.options == {}


def test_a_report_of_before_options_were_said_can_be_read(evaluation):
    values = evaluation.to_json()
    for name in ("options", "mapping", "by_group"):
        del values[name]
    assert Evaluation.from_json(values).options == {}


@pytest.mark.parametrize("names", [("truth", "rows", "called"), tuple(map(str, range(72)))])
def test_charts_take_any_names_and_many_classes(evaluation, names, tmp_path):
    cells = np.diag(np.arange(1, len(names) + 1))
    matrix = pd.DataFrame(cells, names, names).rename_axis(index="truth", columns="called")
    chart = replace(evaluation, confusion=matrix, roc=None)
    drawn = all_charts(chart)["confusion-matrix"][1]
    data = drawn.layer[0].data if drawn.data is alt.Undefined else drawn.data
    assert len(data) == len(names) ** 2
    found = data[(data["truth"] == names[1]) & (data["called"] == names[1])].iloc[0]
    assert (found["rows"], found["share"]) == (2, 1.0)
    write_report(chart, tmp_path / "all.png")


def test_learning_curve_takes_figures_of_any_name():
    log = pd.DataFrame({"epoch": [1, 2], "value": [0.5, 0.4], "figure": [1.0, 2.0]})
    assert len(learning_curve(log).data) == 4


def test_report_as_pictures_and_figures(evaluation, tmp_path):
    write_report(evaluation, tmp_path / "report")
    names = sorted(each.name for each in (tmp_path / "report").iterdir())
    assert names == ["calibration.png", "confusion-matrix.png", "figures.json", "risk-coverage.png"]
    assert json.loads((tmp_path / "report" / "figures.json").read_text())["rows"] == 150
    write_report(evaluation, tmp_path / "all.png")
    assert (tmp_path / "all.png").read_bytes().startswith(b"\x89PNG")


def test_report_does_not_replace_what_is_there(tmp_path):
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        check_report(tmp_path / "report.html")
    check_report(tmp_path / "report.html", overwrite=True)
    with pytest.raises(UsageError, match=r"end it in \.html or \.png"):
        check_report(tmp_path / "report.pdf")


def test_evaluate_from_python(model, irises):
    assert deepfield.evaluate(model, irises).figure("accuracy").value == pytest.approx(0.96)
