from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from deepfield.best import top
from deepfield.evaluation.ranking.figures import ranking_figures
from deepfield.neural.training import Schedule
from deepfield_recommendations.item_vectors import factorised
from deepfield_recommendations.network import NetworkConfig, SequenceNetwork
from deepfield_recommendations.next_baskets import NextBaskets
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.training import Recipe, network_scores, train_network

DAY = 86_400
CPU = torch.device("cpu")
KINDS = ("transformer", "gru")
ITEMS = 40


def shoppers(users: int = 60, baskets: int = 6, seed: int = 0) -> Sequences:
    """Return users who take three favourites most weeks, and something else each time."""
    generator = np.random.default_rng(seed)
    events = []
    for user in range(users):
        favourites = generator.choice(np.arange(1, ITEMS + 1), 3, replace=False)
        for week in range(baskets):
            basket = {int(each) for each in favourites if generator.random() < 0.8}
            basket.add(int(generator.integers(1, ITEMS + 1)))
            events += [(user, item, week * 7 * DAY) for item in sorted(basket)]
    return Sequences.of(*np.array(events).T)


def parted(every: Sequences) -> tuple[Sequences, Sequences]:
    last = every.seconds == every.seconds[every.starts[1:] - 1][every.users]
    return every.where(~last), every.where(last)


def config(kind: str) -> NetworkConfig:
    return NetworkConfig(kind, ITEMS, length=12, width=16, layers=1, dropout=0.1, repeats=True)


def taught(kind: str, training: Sequences, wanted: Sequences | None, folder, **recipe):
    return train_network(
        config(kind),
        training,
        wanted,
        folder,
        recipe=Recipe(batch=32, again=True, k=5, **recipe),
        schedule=Schedule(epochs=8, learning_rate=1e-2, ema_decay=0.9),
        report=lambda done, figures=None: None,
        device=CPU,
    )


def test_every_basket_but_the_first_is_an_example():
    log = Sequences.of(
        np.array([0, 0, 0, 1, 2, 2]), np.array([1, 2, 3, 4, 5, 6]), np.array([0, 0, 9, 1, 3, 5])
    )
    examples = NextBaskets.of(log)
    every = np.arange(len(examples))
    assert len(examples) == 2
    assert examples.histories(every).items.tolist() == [1, 2, 5]
    assert examples.baskets(every).items.tolist() == [3, 6]
    assert [each.tolist() for each in examples.moments(every)] == [[0, 3], [9, 5]]


def test_vectors_of_what_is_taken_together_are_near():
    users = np.repeat(np.arange(40), 2)
    items = np.where(np.arange(80) < 40, 1, 3) + np.arange(80) % 2  # 1 with 2, 3 with 4
    vectors = factorised(Sequences.of(users, items), 5, 3)
    likeness = vectors @ vectors.T
    assert likeness[1, 2] > 0.5 > abs(likeness[1, 3])
    assert vectors[5] == pytest.approx(0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_learns_what_is_taken_again(kind, tmp_path):
    training, wanted = parted(shoppers())
    network = taught(kind, training, wanted, tmp_path)
    lists = top(network_scores(network, training, CPU), 5)
    assert (
        ranking_figures(lists, wanted.users, wanted.items)["recall"].mean() > 0.6
    )  # by chance 5 of 40
    assert 0 < float(network.trust) <= 1
    assert network.config.weeks == 5


def test_one_seed_gives_one_network(tmp_path):
    training, _ = parted(shoppers())
    one = taught("gru", training, None, tmp_path / "one", trust=0.5)
    other = taught("gru", training, None, tmp_path / "other", trust=0.5)
    found = network_scores(one, training, CPU)
    np.testing.assert_array_equal(found, network_scores(other, training, CPU))
    assert float(one.trust) == 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_saved_answers_as_what_was_taught_and_each_alone_as_among_others(kind, tmp_path):
    training, _ = parted(shoppers())
    network = taught(kind, training, None, tmp_path)
    read = SequenceNetwork(network.config)
    read.load_state_dict(network.state_dict())
    now = np.full(len(training), 60 * DAY)
    together = network_scores(network, training, CPU, now)
    np.testing.assert_array_equal(together, network_scores(read.eval(), training, CPU, now))
    assert np.isfinite(together[:, 1:]).all()
    assert (together[:, 0] == -np.inf).all()
    for user in (0, 33):
        alone = network_scores(network, training.take(np.array([user])), CPU, now[:1])
        np.testing.assert_allclose(alone[0, 1:], together[user, 1:], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_who_took_nothing_is_answered_and_the_moment_counts(kind):
    torch.manual_seed(0)
    every = shoppers()
    network = SequenceNetwork(replace(config(kind), weeks=6)).eval()
    torch.nn.init.normal_(network.weekly)
    nothing = every.where(np.zeros(len(every.items), dtype=bool))
    now = np.full(len(every), 20 * DAY)
    found = network_scores(network, nothing, CPU, now)
    assert np.isfinite(found[:, 1:]).all()
    later = network_scores(network, nothing, CPU, now + 7 * DAY)
    assert not np.allclose(found[:, 1:], later[:, 1:])


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_vector_is_that_of_all_places(kind):
    torch.manual_seed(0)
    network = SequenceNetwork(replace(config(kind), weeks=1)).eval()
    codes = torch.tensor([[3, 9, 4, 7], [3, 9, 0, 0], [5, 0, 0, 0]])
    whole = network(codes)
    torch.testing.assert_close(network.last(codes), whole[[0, 1, 2], [3, 1, 0]])
    torch.testing.assert_close(network.last(codes[:1, :2]), whole[1:2, 1])
