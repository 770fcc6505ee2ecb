"""What groups took next is compared with lists: figures by hand, baselines, moments, reports."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from deepfield_flowers import Flowers
from deepfield_reading import Reading, simulate

import deepfield
from deepfield.errors import ContractError, InputError, UsageError
from deepfield.evaluation import RankingEvaluation, evaluate, read_finding
from deepfield.evaluation.ranking import (
    found_in,
    in_moments,
    margin,
    ranking_figures,
    top,
)
from deepfield.evaluation.ranking.baselines import again, popular, popular_new, shares
from deepfield.evaluation.ranking.comparing import Hidden, calibration, compared
from deepfield.evaluation.ranking.lists import Lists
from deepfield.evaluation.ranking.measuring import ranking_of
from deepfield.evaluation.report import as_html, write_report
from deepfield.fields import Ranking
from deepfield.history import History
from deepfield.loading import Model, load_model


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(Reading())


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return simulate(400, seed=3)


@pytest.fixture(scope="module")
def found(model, log) -> RankingEvaluation:
    return evaluate(model, log)


def discounted(*ranks: int) -> float:
    return sum(1 / np.log2(rank + 1) for rank in ranks)


# Figures on arrays.


def test_figures_of_four_lists_by_hand():
    lists = np.array([[3, 1, 2], [1, 2, 3], [4, 0, 0], [5, 6, 7]])
    groups = np.array([0, 1, 1, 2, 3, 3, 3, 3])
    codes = np.array([1, 1, 3, 9, 5, 6, 7, 8])  # the last takes more than its list can hold
    found = ranking_figures(lists, groups, codes)
    np.testing.assert_allclose(found["hit"], [1, 1, 0, 1])
    np.testing.assert_allclose(found["recall"], [1, 1, 0, 3 / 4])
    np.testing.assert_allclose(found["mrr"], [1 / 2, 1, 0, 1])
    ideal = [discounted(1), discounted(1, 2), 1, discounted(1, 2, 3)]
    np.testing.assert_allclose(
        found["ndcg"], np.array([discounted(2), discounted(1, 3), 0, discounted(1, 2, 3)]) / ideal
    )


def test_figures_agree_with_scikit_learn():
    from sklearn.metrics import ndcg_score

    random = np.random.default_rng(5)
    scores = random.random((50, 31))
    taken = random.random((50, 31)) < 0.1
    taken[:, 7] = True
    taken[:, 0] = False
    groups, codes = np.nonzero(taken)
    found = ranking_figures(top(scores, 10), groups, codes)
    expected = [ndcg_score(taken[[n], 1:], scores[[n], 1:], k=10) for n in range(50)]
    np.testing.assert_allclose(found["ndcg"], expected)


def test_what_was_taken_twice_counts_once_and_a_filler_is_never_found():
    lists = np.array([[2, 0, 0], [0, 0, 0]])
    found = ranking_figures(lists, np.array([0, 0, 0, 1]), np.array([2, 2, 3, 1]))
    np.testing.assert_allclose(found["recall"], [1 / 2, 0])
    assert not found_in(lists, np.array([0, 1]), np.array([0, 0])).any()


def test_of_equal_scores_the_lower_code_is_first_and_no_item_never():
    scores = np.array([[9.0, 1, 2, 2, 2], [9, -np.inf, 3, -np.inf, -np.inf]])
    assert top(scores, 2).tolist() == [[2, 3], [2, 0]]
    assert top(scores, 9).tolist() == [[2, 3, 4, 1], [2, 0, 0, 0]]


def test_a_margin_is_of_pairs():
    random = np.random.default_rng(0)
    theirs = random.random(2000)
    mean, low, high = margin(theirs + 0.1 + random.normal(0, 0.01, 2000), theirs)
    assert low < mean < high
    assert 0.099 < low < high < 0.101
    assert margin(theirs, theirs) == (0, 0, 0)


def test_an_interval_is_as_wide_as_theory_says():
    random = np.random.default_rng(1)
    ours, theirs = random.random(500), np.zeros(500)
    mean, low, high = margin(ours, theirs)
    assert high - low == pytest.approx(2 * 1.96 * ours.std() / np.sqrt(500), rel=0.1)
    assert mean == ours.mean()


# Baselines.


def test_baselines_by_hand():
    # Group 0 took 2, 1, 2; group 1 took 3; group 2 took 2, 4, then something without a name.
    groups = np.array([0, 0, 0, 1, 2, 2, 2])
    items = np.array([2, 1, 2, 3, 2, 4, 0])
    share = shares(items, 5)
    np.testing.assert_allclose(share, [0, 1 / 6, 3 / 6, 1 / 6, 1 / 6, 0])
    assert popular(share, 3, 3).tolist() == [[2, 1, 3]] * 3
    assert popular_new(share, groups, items, 3, 3).tolist() == [[3, 4, 0], [2, 1, 4], [1, 3, 0]]
    assert again(groups, items, 3, 3).tolist() == [[2, 1, 0], [3, 0, 0], [4, 2, 0]]
    assert popular(share, 1, 9).tolist() == [[2, 1, 3, 4, 0, 0, 0, 0, 0]]
    assert again(groups, items, 3, 1).tolist() == [[2], [3], [4]]


def test_baselines_of_many_groups_are_those_of_a_loop():
    random = np.random.default_rng(2)
    groups = np.sort(random.integers(0, 50, 600))
    groups = np.unique(groups, return_inverse=True)[1]
    items = random.integers(1, 40, 600)
    share = shares(items, 45)
    order = [*popular(share, 1, 45)[0]]
    new, latest = (
        popular_new(share, groups, items, groups.max() + 1, 7),
        again(groups, items, groups.max() + 1, 7),
    )
    for group in range(groups.max() + 1):
        own = list(items[groups == group])
        left = [code for code in order if code not in own and code][:7]
        assert new[group][new[group] > 0].tolist() == left
        assert latest[group][latest[group] > 0].tolist() == list(dict.fromkeys(own[::-1]))[:7]


# Moments.


def rows_of(*rows: tuple[str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=Reading.inputs.names)
    return Reading.inputs.read(frame).rows


def moments_of(rows: pd.DataFrame):
    return in_moments(Reading.inputs, Ranking("recommended", of="book"), rows)


def test_rows_of_one_time_are_one_moment():
    found = moments_of(
        rows_of(
            ("ada", "x", "2026-03-02"),
            ("ben", "x", "2026-03-01"),
            ("ada", "y", "2026-03-01"),
            ("ada", "z", "2026-03-02"),
            ("ben", "y", "2026-03-09"),
            ("ada", "x", "2026-03-05"),
        )
    )
    assert found.rows["book"].to_list() == ["y", "x", "z", "x", "x", "y"]
    assert found.groups.tolist() == [0, 0, 0, 0, 1, 1]
    assert found.later.tolist() == [2, 1, 1, 0, 1, 0]
    assert found.counts.tolist() == [3, 2]
    assert [found.names[code - 1] for code in found.items] == found.rows["book"].to_list()
    assert found.summary == {
        "groups": 2,
        "items": 3,
        "moments": 5,
        "first": "2026-03-01 00:00:00+00:00",
        "last": "2026-03-09 00:00:00+00:00",
        "repeats": 1 / 4,  # ada's second x, of four books after a first moment
    }


def test_without_times_each_row_is_a_moment():
    day = "2026-03-01"
    rows = rows_of(("ada", "x", day), ("ben", "y", day), ("ada", "x", day))
    found = moments_of(rows.drop(columns="time"))
    assert found.later.tolist() == [1, 0, 0]
    assert found.summary["first"] is None
    assert found.summary["repeats"] == 1


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "No row can be read"),
        ([("ada", "x", "2026-03-01"), ("ada", "y", "2026-03-02")], "of one reader, 'ada'"),
        ([("ada", "x", "2026-03-01"), ("ben", "x", "2026-03-02")], "the same book, 'x'"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(rows, sentence):
    with pytest.raises(InputError, match=sentence):
        moments_of(rows_of(*rows))


# The whole.


def test_the_last_moment_is_hidden_and_looked_for(model):
    log = pd.DataFrame(
        [
            ("ada", "b0", "2026-03-01"),
            ("ada", "b1", "2026-03-02"),
            ("ada", "zzz", "2026-03-02"),  # a book that the model does not know
            ("ben", "b1", "2026-03-05"),
            ("ben", "b0", "2026-03-09"),
            ("eve", "b7", "2026-03-03"),
        ],
        columns=Reading.inputs.names,
    )
    found = evaluate(model, log, options={"books": 3})
    lists = [
        [each["item"] for each in value]
        for value in model.predict(log.iloc[[0, 3]], books=3)["recommended"]
    ]
    ranks = [lists[0].index("b1") + 1, lists[1].index("b0") + 1]
    assert (found.groups, found.k, found.rows) == (2, 3, 6)
    assert found.data["hidden"] == 3
    assert found.figure("hit").value == 1
    assert found.figure("recall").value == (1 / 2 + 1) / 2
    assert found.figure("mrr").value == np.mean([1 / rank for rank in ranks])
    expected = [discounted(ranks[0]) / discounted(1, 2), discounted(ranks[1])]
    assert found.figure("ndcg").value == pytest.approx(np.mean(expected))
    assert found.figure("coverage").value == len({*lists[0], *lists[1]} & set(log["book"])) / 4
    assert "1 of 3 reader groups have rows of but one moment" in found.notes[0]
    assert found.options == {"books": 3}
    # Of the rows that are not hidden b0, b1 and b7 are each a third.
    assert found.figure("popularity", "popular").value == pytest.approx(1 / 3)
    assert found.figure("hit", "popular").value == 1
    assert found.figure("hit", "again").value == 0
    assert found.lead("hit", "again").value == 1


def test_a_model_is_told_nothing_of_what_is_hidden(model, log, monkeypatch):
    told = []
    kind = type(model.predictor)
    honest = kind.predict
    monkeypatch.setattr(
        kind,
        "predict",
        lambda self, rows, options: told.append(rows) or honest(self, rows, options),
    )
    evaluate(model, log)
    seen = pd.concat(told)
    last = log.sort_values("time").groupby("reader").tail(1)
    assert set(seen.index) == {row + 1 for row in log.index} - {row + 1 for row in last.index}
    assert (seen["reader"] != seen["reader"].shift()).sum() == 400  # each group whole, once
    assert seen.groupby("reader")["time"].is_monotonic_increasing.all()


def test_figures_and_leads_have_intervals(found):
    for name in ("ndcg", "recall", "hit", "mrr"):
        for each in (found.figure(name), found.figure(name, "popular"), found.lead(name, "again")):
            assert each.low < each.value < each.high
        lead = found.figure(name).value - found.figure(name, "popular").value
        assert found.lead(name, "popular").value == pytest.approx(lead)
    assert found.lead("ndcg", "popular").low > 0  # nobody of these takes a book twice
    assert np.isnan(found.figure("coverage").low)
    assert found.figure("ece").value < 0.03
    assert found.calibration["rows"].sum() == 5 * found.groups
    whole = found.by_length[found.by_length["length"] == 5].set_index("of")
    assert whole.loc["", "hit"] == found.figure("hit").value
    assert whole.loc["again", "recall"] == found.figure("recall", "again").value


def test_the_same_log_gives_the_same_figures_in_any_order(model, log, found):
    again_found = evaluate(model, log.sample(frac=1, random_state=9))
    for each, other in zip(found.figures, again_found.figures, strict=True):
        assert (each.name, each.of) == (other.name, other.of)
        if not each.of:
            assert each.value == pytest.approx(other.value)


def test_without_times_the_last_row_is_hidden(model, log):
    ordered = log.sort_values("time", kind="stable")
    timed, untimed = evaluate(model, ordered), evaluate(model, ordered.drop(columns="time"))
    assert untimed.figure("ndcg") == timed.figure("ndcg")
    assert untimed.data["first"] is None


def test_rows_are_answered_in_pieces_that_change_nothing(model, log, found, monkeypatch):
    monkeypatch.setattr("deepfield.evaluation.ranking.lists.TOGETHER", 10)
    assert evaluate(model, log).table().equals(found.table())


def test_lists_may_be_arrows(model, log, found, monkeypatch):
    field = Reading.outputs.fields[0]
    kind = type(model.predictor)
    honest = kind.predict

    def predict(self, rows, options):
        results = honest(self, rows, options)
        lists = pa.array(list(results["recommended"]), field.arrow)
        return results.assign(recommended=field.column(lists, results.index))

    monkeypatch.setattr(kind, "predict", predict)
    assert evaluate(model, log).table().equals(found.table())


def test_calibration_by_hand():
    lists = Lists(
        np.array([[1, 2], [3, 0], [2, 9]]),
        np.array([[0.95, 0.05], [0.91, np.nan], [np.nan, 0.99]]),
        np.array(["ok", "unsure", "ok"], dtype=object),
    )
    hidden = Hidden(np.array([0, 1, 2]), np.array([1, 1, 2]))
    found = calibration(lists, hidden)
    assert found["rows"].to_list() == [1, 3]
    np.testing.assert_allclose(found["accuracy"], [0, 1 / 3])
    np.testing.assert_allclose(found["confidence"], [0.05, (0.95 + 0.91 + 0.99) / 3])
    figures, _ = compared(lists, {}, hidden, shares(np.array([1, 2, 3]), 3), 3)
    by_name = {each.name: each for each in figures}
    assert by_name["ece"].value == pytest.approx((0.05 + 0.95 + 0.91 + 0.99 - 1) / 4)
    assert by_name["answered"].value == pytest.approx(2 / 3)
    assert by_name["hit_when_answered"].value == 1
    assert by_name["coverage"].value == 1
    without = Lists(lists.codes, np.full((3, 2), np.nan), lists.trust)
    assert calibration(without, hidden) is None
    assert "ece" not in {each.name for each in compared(without, {}, hidden, np.ones(4), 3)[0]}


def test_lists_that_name_an_item_twice_break_the_contract(model, log, monkeypatch):
    kind = type(model.predictor)
    monkeypatch.setattr(kind, "_places", lambda self, taken, most: [0, 1, 0])
    with pytest.raises(ContractError, match="names an item twice"):
        evaluate(model, log)


def test_bad_input_is_one_sentence(model, log, tmp_path):
    with pytest.raises(InputError, match="No reader of .* has rows of two moments"):
        evaluate(model, log.drop_duplicates("reader"))
    with pytest.raises(InputError, match="'DataFrame' has no rows"):
        evaluate(model, log[:0])
    (tmp_path / "empty.csv").write_text("reader,book,time\n")
    with pytest.raises(InputError, match=r"empty.csv' has no rows"):
        evaluate(model, tmp_path / "empty.csv")
    with pytest.raises(InputError, match="No column 'book'"):
        evaluate(model, log.drop(columns="book"))
    with pytest.raises(UsageError, match="What each reader took next is the truth"):
        evaluate(model, log, label="liked")
    with pytest.raises(UsageError, match="ranks nothing that its inputs hold"):
        ranking_of(load_model(Flowers()))


def test_items_that_the_log_does_not_have_are_said(model, log, found):
    other = log.assign(book="another " + log["book"])
    strange = evaluate(model, other)
    assert strange.figure("hit").value == strange.figure("coverage").value == 0
    assert strange.notes[0].startswith("100.0% of what is listed stands nowhere in these rows")
    assert found.notes == []


def test_bad_rows_are_set_aside(model, log):
    spoilt = log.astype({"book": object})
    spoilt.loc[4, "book"] = None
    found = evaluate(model, spoilt)
    assert found.rejected["row"].to_list() == [5]
    assert found.rows == len(log) - 1


def test_columns_may_be_called_otherwise(model, log, found):
    other = log.rename(columns={"book": "title"})
    renamed = evaluate(model, other, columns={"book": "title"})
    assert renamed.figure("ndcg") == found.figure("ndcg")
    assert renamed.notes == ["Columns: book = title."]


def test_json_and_back_is_the_same(found):
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    back = read_finding(plain)
    assert isinstance(back, RankingEvaluation)
    pd.testing.assert_frame_equal(back.table(), found.table())
    pd.testing.assert_frame_equal(back.by_length, found.by_length)
    assert back.to_json() == found.to_json()


def test_an_evaluation_leaves_no_run(found):
    assert History().list() == []


def test_reports_are_one_page_pictures_or_a_folder(found, tmp_path):
    write_report(found, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert "<script" not in text
    assert "http" not in text.replace("http://www.w3.org", "")
    for words in ("NDCG@5", "most recently taken", "coverage", "95 % interval"):
        assert words in text
    write_report(found, tmp_path / "folder")
    names = sorted(each.name for each in (tmp_path / "folder").iterdir())
    assert names == ["baselines.png", "calibration.png", "figures.json", "hits-by-length.png"]


def test_a_report_escapes_other_peoples_words(found):
    from dataclasses import replace

    text = as_html(replace(found, source="<b>log</b>", notes=["<i>note</i>"], of="<u>"))
    assert "<b>" not in text
    assert "<i>" not in text
    assert "<u>" not in text


def test_evaluate_from_python(model, log, found):
    assert deepfield.evaluate(model, log).figure("ndcg") == found.figure("ndcg")
