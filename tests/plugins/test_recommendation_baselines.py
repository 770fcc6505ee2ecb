from __future__ import annotations

import numpy as np
import pytest

from deepfield.best import top
from deepfield_recommendations.baselines import BuyAgain, ItemNeighbours, Markov, Popularity
from deepfield_recommendations.sequences import Sequences

DAY = 86_400
SCORERS = (Popularity(), BuyAgain(), ItemNeighbours(), Markov())


def log(*users: list[list[int]]) -> Sequences:
    """Return users, each of baskets, each of items; a basket a day."""
    events = [
        (user, item, day * DAY)
        for user, baskets in enumerate(users)
        for day, basket in enumerate(baskets)
        for item in basket
    ]
    return Sequences.of(*(np.array(each, dtype=np.int64) for each in zip(*events, strict=True)))


def test_popularity_counts_and_forgets():
    learned = log([[1], [1], [2]])
    assert Popularity().fit(learned, 3).scores(learned)[0, 1:].tolist() == [2, 1, 0]
    lately = Popularity(half_life_days=0.5).fit(learned, 3)
    assert lately.scores(learned)[0, 1:].tolist() == pytest.approx([0.25 + 0.0625, 1, 0])


def test_what_was_taken_often_and_lately_comes_first_and_then_what_is_popular():
    learned = log([[4], [4]], [[3]])
    scorer = BuyAgain(decay=0.5).fit(learned, 5)
    history = log([[1], [2], [2]], [[5, 1]])
    assert top(scorer.scores(history), 4).tolist() == [[2, 1, 4, 3], [1, 5, 4, 3]]


def test_neighbours_are_the_cosine_of_a_dense_matrix():
    generator = np.random.default_rng(0)
    taken = generator.random((40, 12)) < 0.3
    taken[:, 0] = False
    users, items = np.nonzero(taken)
    scorer = ItemNeighbours(neighbours=12, shrinkage=2.0, decay=0.5).fit(
        Sequences.of(users, items), 11
    )
    together = taken.T.astype(float) @ taken
    counts = taken.sum(axis=0)
    expected = together / (np.sqrt(np.outer(counts, counts)) + 2)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(scorer.similar_.toarray(), expected, rtol=1e-5)
    found = scorer.scores(log([[3], [5, 7]]))[0]
    wanted = 0.5 * expected[3] + expected[5] + expected[7]
    np.testing.assert_allclose(found[1:], wanted[1:], rtol=1e-5)


def test_only_the_strongest_neighbours_are_kept():
    scorer = ItemNeighbours(neighbours=1, shrinkage=0.0).fit(log([[1, 2]], [[1, 2]], [[1, 3]]), 3)
    assert scorer.similar_.toarray()[1].nonzero()[0].tolist() == [2]


def test_a_chain_tells_what_followed_the_latest_basket():
    learned = log([[1], [2]], [[1], [2]], [[1], [3]], [[4, 5], [6]])
    scorer = Markov(smoothing=0.0).fit(learned, 6)
    found = scorer.scores(log([[6], [1]]))[0]
    assert found[1:].tolist() == pytest.approx([0, 2 / 3, 1 / 3, 0, 0, 0])
    assert top(scorer.scores(log([[4]])), 1).tolist() == [[6]]


@pytest.mark.parametrize("scorer", SCORERS, ids=lambda each: type(each).__name__)
def test_who_has_no_history_gets_finite_scores_and_never_the_padding(scorer):
    fitted = scorer.fit(log([[1], [2, 3]], [[2], [3]]), 4)
    nobody = Sequences.of(np.array([1]), np.array([2]))  # user 0 took nothing
    found = fitted.scores(nobody)
    assert found.shape == (2, 5)
    assert found.dtype == np.float32
    assert np.isfinite(found[:, 1:]).all()
    assert (found[:, 0] == -np.inf).all()


@pytest.mark.parametrize("scorer", SCORERS, ids=lambda each: type(each).__name__)
def test_a_history_is_scored_alike_alone_and_among_others(scorer):
    generator = np.random.default_rng(3)
    users, items = generator.integers(0, 30, 400), generator.integers(1, 20, 400)
    learned = Sequences.of(users, items, generator.integers(0, 50, 400) * DAY)
    fitted = scorer.fit(learned, 19)
    together = fitted.scores(learned)
    for user in (0, 7, 29):
        alone = fitted.scores(learned.take(np.array([user])))[0]
        np.testing.assert_allclose(alone, together[user], rtol=1e-5)
