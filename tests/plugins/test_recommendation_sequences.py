from __future__ import annotations

import numpy as np

from deepfield_recommendations.sequences import Sequences

USERS = np.array([1, 0, 1, 1, 0])
ITEMS = np.array([5, 1, 6, 7, 2])
SECONDS = np.array([30, 10, 20, 30, 5])


def test_events_stand_by_user_and_time_and_ties_keep_their_order():
    found = Sequences.of(USERS, ITEMS, SECONDS)
    assert found.items.tolist() == [2, 1, 6, 5, 7]
    assert found.starts.tolist() == [0, 2, 5]
    assert found.users.tolist() == [0, 0, 1, 1, 1]
    assert found.baskets.tolist() == [0, 1, 2, 3, 3]


def test_a_log_without_times_keeps_its_order_and_each_event_is_a_basket():
    found = Sequences.of(USERS, ITEMS)
    assert found.items.tolist() == [1, 2, 5, 6, 7]
    assert found.baskets.tolist() == [0, 1, 2, 3, 4]


def test_chosen_users_and_events_keep_what_is_theirs():
    found = Sequences.of(USERS, ITEMS, SECONDS)
    turned = found.take(np.array([1, 0, 1]))
    assert turned.items.tolist() == [6, 5, 7, 2, 1, 6, 5, 7]
    assert turned.lengths.tolist() == [3, 2, 3]
    late = found.where(found.seconds > 25)
    assert late.items.tolist() == [5, 7]
    assert late.lengths.tolist() == [0, 2]
    assert [part.items.tolist() for _, part in found.batches(1)] == [[2, 1], [6, 5, 7]]


def test_the_latest_events_stand_oldest_first_before_what_fills_up():
    found = Sequences.of(np.array([0, 0, 0, 2]), np.array([1, 2, 3, 4]))
    assert found.latest(2).tolist() == [[2, 3], [0, 0], [4, 0]]
    nothing = Sequences.of(np.array([], dtype=int), np.array([], dtype=int))
    assert nothing.latest(2).shape == (0, 2)
