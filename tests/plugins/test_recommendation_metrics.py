from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from deepfield_recommendations.metrics import margin, ranking_figures, top
from deepfield_recommendations.sequences import Sequences


def test_of_equal_scores_the_lower_code_comes_first():
    scores = np.array([[9.0, 1, 2, 2, 2, 0], [9.0, -np.inf, -np.inf, 3, -np.inf, 4]])
    assert top(scores, 2).tolist() == [[2, 3], [5, 3]]
    assert top(scores, 3)[1].tolist() == [5, 3, 0]
    assert top(scores, 99).shape == (2, 5)


def test_figures_are_those_computed_by_hand():
    wanted = Sequences.of(np.array([0, 0, 0, 1, 2]), np.array([3, 4, 3, 1, 9]))
    found = ranking_figures(np.array([[4, 1], [2, 1], [7, 0]]), wanted)
    assert found["recall"].tolist() == [0.5, 1, 0]
    assert found["hit"].tolist() == [1, 1, 0]
    second = 1 / np.log2(3)
    np.testing.assert_allclose(found["ndcg"], [1 / (1 + second), second, 0])


def test_ndcg_is_that_of_scikit_learn():
    generator = np.random.default_rng(0)
    scores = generator.random((50, 31))
    taken = generator.random((50, 31)) < 0.2
    taken[:, 0], taken[:, 1] = False, True
    wanted = Sequences.of(*np.nonzero(taken))
    found = ranking_figures(top(scores, 10), wanted)["ndcg"]
    expected = [
        ndcg_score(truth[None, 1:], each[None, 1:], k=10)
        for truth, each in zip(taken, scores, strict=True)
    ]
    np.testing.assert_allclose(found, expected)


def test_a_margin_stands_within_its_interval():
    generator = np.random.default_rng(1)
    theirs = generator.random(400)
    mean, low, high = margin(theirs + generator.normal(0.1, 0.2, 400), theirs)
    assert low < mean < high
    assert mean == pytest.approx(0.1, abs=0.03)
    assert 0.02 < high - low < 0.06
