"""From scores to lists: choosing, probabilities, reasons, an index."""

from __future__ import annotations

import numpy as np
import pytest

from deepfield_recommendations.baselines import ItemNeighbours
from deepfield_recommendations.choosing import Choice, choose
from deepfield_recommendations.index import CellIndex, ExactIndex
from deepfield_recommendations.likelihood import Curve, Likelihood
from deepfield_recommendations.reasons import carried, without
from deepfield_recommendations.sequences import Sequences

POPULAR = np.array([0.0, 0.7, 0.1, 0.1, 0.1])


def nothing(codes, others):
    return None


def test_the_best_come_first_where_nothing_else_is_asked():
    codes = np.array([[3, 1, 2, 0]])
    chance = np.array([[0.5, 0.4, 0.3, 0.0]])
    assert choose(codes, chance, POPULAR, Choice(2), nothing).tolist() == [[0, 1]]


def test_damping_takes_off_what_popularity_explains():
    codes = np.array([[1, 2, 3, 0]])
    chance = np.array([[0.5, 0.4, 0.1, 0.0]])
    found = choose(codes, chance, POPULAR, Choice(3, damping=1.0), nothing)
    assert codes[0, found[0]].tolist() == [2, 3, 1]


def test_a_diverse_list_skips_what_is_like_what_stands_above():
    codes = np.array([[1, 2, 3, 4]])
    chance = np.array([[0.5, 0.49, 0.48, 0.1]])
    alike = np.zeros((5, 5))
    alike[1, 2] = alike[2, 1] = 1.0

    def likeness(some, others):
        return alike[np.ix_(some, others)]

    found = choose(codes, chance, POPULAR, Choice(2, diversity=0.5), likeness)
    assert codes[0, found[0]].tolist() == [1, 3]
    assert choose(codes, chance, POPULAR, Choice(2, 0.5), nothing).tolist() == [[0, 1]]


def test_a_curve_rises_and_tells_how_often():
    generator = np.random.default_rng(0)
    chance = generator.random(20_000)
    curve = Curve.fit(np.log(chance), generator.random(20_000) < chance)
    assert np.abs(curve(np.log([0.2, 0.5, 0.8])) - [0.2, 0.5, 0.8]).max() < 0.04
    assert (np.diff(curve(np.linspace(-9, 1, 50))) >= 0).all()


def test_a_calibration_comes_back_from_its_file(tmp_path):
    likelihood = Likelihood(Curve([0, 1], [0, 0.5]), Curve([0, 1], [0, 1]), 0.3, 2.5)
    likelihood.save(tmp_path)
    assert Likelihood.load(tmp_path / "calibration.json") == likelihood
    assert likelihood.of_lists(np.array([[0.5, 0.5]])) == pytest.approx([0.75])


def history(*users: str) -> Sequences:
    owner = np.repeat(np.arange(len(users)), [len(each) for each in users])
    return Sequences.of(owner, np.array([int(code) for each in users for code in each]))


def test_leaving_out_an_item_leaves_out_all_that_was_taken_of_it():
    found = without(history("1213", "44"), np.array([1, 4]))
    assert found.items.tolist() == [2, 3]
    assert found.lengths.tolist() == [2, 0]


def test_what_an_item_carries_is_what_the_score_loses_without_it():
    weights = np.array([0, 10.0, 1.0, 0.1])  # a score is the sum of what stands in the history

    def scores(some, owners, codes):
        total = np.bincount(some.users, weights[some.items], minlength=len(some))
        return np.tile(total[:, None], (1, codes.shape[1]))

    found = carried(scores, history("1223", "3"), np.array([[1, 2], [3, 0]]), latest=100)
    assert found.users.tolist() == [0, 0, 0, 1]
    assert found.items.tolist() == [1, 2, 3, 3]
    assert found.shares[:, 0] == pytest.approx([10, 2, 0.1, 0.1])
    assert found.shares[3, 1] == 0  # nothing carries what is not there


def test_only_the_latest_events_are_asked_about():
    def scores(some, owners, codes):
        return np.tile(some.lengths[:, None].astype(float), (1, codes.shape[1]))

    found = carried(scores, history("123"), np.array([[1]]), latest=2)
    assert found.items.tolist() == [2, 3]


def test_a_neighbour_is_named_because_it_is_one():
    model = ItemNeighbours(shrinkage=0.0).fit(history("12", "12", "34", "34"), 4)
    asked = history("13")

    def scores(some, owners, codes):
        return np.take_along_axis(model.scores(some), codes, axis=1)

    found = carried(scores, asked, np.array([[2, 4]]), latest=10)
    assert found.items[found.shares.argmax(axis=0)].tolist() == [1, 3]


def test_cells_find_nearly_what_an_exact_search_finds():
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(50, 16))
    items = centres[generator.integers(50, size=4001)] + generator.normal(size=(4001, 16)) / 3
    items = items.astype(np.float32)
    asked = items[generator.integers(1, 4001, size=100)]
    exact, products = ExactIndex(items).search(asked, 10)
    near, _ = CellIndex.build(items).search(asked, 10)
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact, near, strict=True)]) > 0.8
    assert (np.diff(products, axis=1) <= 0).all()


def test_an_index_finds_only_what_is_allowed():
    items = np.random.default_rng(0).normal(size=(2001, 8)).astype(np.float32)
    allowed = np.zeros(2001, dtype=bool)
    allowed[[5, 6, 7]] = True
    for index in (ExactIndex(items), CellIndex.build(items)):
        codes, products = index.search(items[1:3], 5, allowed)
        assert [set(row) for row in codes] == [{0, 5, 6, 7}] * 2
        assert np.isinf(products[codes == 0]).all()
