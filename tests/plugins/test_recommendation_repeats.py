from __future__ import annotations

import numpy as np
import pytest

from deepfield_recommendations.repeats import FIGURES, repeated_share, repeats
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.trends import YEAR, trend_figures, week_of, weeks_of

DAY = 86_400


def log(*users: list[tuple[int, list[int]]]) -> Sequences:
    """Return users, each of baskets: the day, and the items."""
    events = [
        (user, item, day * DAY)
        for user, baskets in enumerate(users)
        for day, basket in baskets
        for item in basket
    ]
    return Sequences.of(*(np.array(each, dtype=np.int64) for each in zip(*events, strict=True)))


HISTORY = log([(0, [3, 5]), (10, [5]), (30, [5, 7])], [(4, [3])])


def test_figures_are_those_counted_by_hand():
    found = repeats(HISTORY, np.array([40, 4]) * DAY)
    assert found.users.tolist() == [0, 0, 0, 1]
    assert found.items.tolist() == [3, 5, 7, 3]
    assert found.figures.shape == (4, FIGURES)
    five = found.figures[1]
    # Taken in 3 of 3 baskets, at last in the latest one, 10 days ago, every 15 days, first 40 ago.
    expected = [np.log(3), 1, 0, 0, np.log1p(10), np.log1p(15), np.log1p(40)]
    assert five[:7].tolist() == pytest.approx(expected, rel=1e-5)
    sums = [1 + 0.5 + 0.25, 1 + 0.8 + 0.64, 1 + 0.95 + 0.9025]
    sums += [sum(0.5 ** (days / half) for days in (10, 30, 40)) for half in (30, 120)]
    assert five[7:12].tolist() == pytest.approx(np.log(np.array(sums) + 1e-3).tolist(), rel=1e-4)
    # Of the user: 3 baskets, 10 days idle, one every 15 days, of 5 / 3 items; 3 different in 5.
    of_user = [np.log(3), np.log1p(10), np.log1p(15), np.log1p(5 / 3), 1 - 3 / 5]
    assert five[12:].tolist() == pytest.approx(of_user, rel=1e-5)
    three = found.figures[0]
    assert three[:5].tolist() == pytest.approx([0, 1 / 3, 1, np.log1p(2), np.log1p(40)], rel=1e-5)


def test_without_a_moment_it_is_just_after_the_last_event():
    given = repeats(HISTORY, np.array([30, 4]) * DAY)
    np.testing.assert_array_equal(repeats(HISTORY).figures, given.figures)


def test_an_item_twice_in_a_basket_counts_once():
    twice = log([(0, [3, 3]), (5, [4])])
    once = log([(0, [3]), (5, [4])])
    np.testing.assert_array_equal(repeats(twice).figures[:, :12], repeats(once).figures[:, :12])


def test_a_user_is_described_alike_alone_and_among_others():
    generator = np.random.default_rng(0)
    users, items = generator.integers(0, 20, 300), generator.integers(1, 15, 300)
    every = Sequences.of(users, items, generator.integers(0, 40, 300) * DAY)
    together = repeats(every)
    for user in (0, 11, 19):
        alone = repeats(every.take(np.array([user])))
        np.testing.assert_allclose(alone.figures, together.figures[together.users == user])


def test_nobody_and_a_user_without_events_have_no_repeats():
    nothing = Sequences.of(np.array([], dtype=int), np.array([], dtype=int))
    assert repeats(nothing).figures.shape == (0, FIGURES)
    assert repeats(Sequences.of(np.array([1, 1]), np.array([2, 2]))).users.tolist() == [1]
    assert repeated_share(nothing) == 0


def test_the_share_of_repeats_is_of_events():
    assert repeated_share(HISTORY) == pytest.approx(2 / 6)


def test_a_week_knows_only_what_was_sold_before_it():
    early = log([(0, [1, 2]), (8, [1]), (15, [2])])
    later = log([(0, [1, 2]), (8, [1]), (15, [3])])
    assert weeks_of(early) == 3
    one, other = trend_figures(early, 3), trend_figures(later, 3)
    assert one.shape == (3 + YEAR, 4, 4)
    np.testing.assert_array_equal(one[:3], other[:3])
    assert not np.array_equal(one[3], other[3])
    assert one[2, 1, 0] > one[2, 2, 0] > one[2, 3, 0]  # sold twice, once, never


def test_a_season_comes_again_and_sales_of_late_stay():
    figures = trend_figures(log([(0, [1]), (40 * 7, [2])]), 2)
    assert len(figures) == 41 + YEAR
    assert figures[YEAR, 1, 3] > figures[YEAR, 2, 3]  # a year after item 1 was sold
    assert figures[40 + YEAR, 2, 3] > figures[40 + YEAR, 1, 3]
    np.testing.assert_array_equal(figures[41, :, :3], figures[-1, :, :3])
    moments = np.array([-5, 0, 15, 9_999]) * DAY
    assert week_of(moments, 0, 93).tolist() == [0, 0, 2, 92]
