from __future__ import annotations

import numpy as np
import pytest
import torch

from deepfield.best import top
from deepfield.evaluation.ranking.figures import ranking_figures
from deepfield.neural.training import Schedule
from deepfield_recommendations.network import NetworkConfig, SequenceNetwork
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.softmax import full_softmax_loss
from deepfield_recommendations.training import (
    Recipe,
    alike_in_length,
    network_scores,
    softmax_loss,
    train_network,
    windows,
)

KINDS = ("transformer", "gru")


def config(kind: str, **changes) -> NetworkConfig:
    return NetworkConfig(kind, items=30, length=8, width=16, layers=1, **changes)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_later_and_nothing_that_fills_up_changes_a_vector(kind):
    torch.manual_seed(0)
    network = SequenceNetwork(config(kind)).eval()
    codes = torch.tensor([[3, 9, 4, 7, 1, 2, 6, 5]])
    cut = torch.tensor([[3, 9, 4, 0, 0, 0, 0, 0]])
    whole = network(codes)
    torch.testing.assert_close(network(cut)[:, :3], whole[:, :3])
    torch.testing.assert_close(network.last(cut), whole[:, 2])
    torch.testing.assert_close(network.last(codes), whole[:, 7])
    assert network.scores(whole)[..., 0].eq(-torch.inf).all()


def test_a_sampled_softmax_over_everything_is_the_full_one(monkeypatch):
    torch.manual_seed(0)
    network = SequenceNetwork(config("gru"))
    vectors, following = torch.randn(64, 16), torch.randint(1, 31, (64,))
    full = softmax_loss(network, vectors, following, 0)
    # The full one lets code 0 compete too, with a score of 0.
    with torch.no_grad():
        parts = (vectors @ network.items.weight.T).logsumexp(dim=1)
        without = (vectors @ network.items.weight[1:].T).logsumexp(dim=1)
    drawn = torch.arange(1, 31)
    monkeypatch.setattr(torch, "randint", lambda *args, **more: drawn)
    sampled = softmax_loss(network, vectors, following, 30)
    torch.testing.assert_close(sampled + (parts - without).mean(), full)


def test_a_softmax_in_blocks_is_the_usual_one_and_so_are_its_gradients():
    torch.manual_seed(0)
    vectors, items = torch.randn(1300, 16), torch.randn(31, 16)
    following = torch.randint(1, 31, (1300,))
    found, expected = [], []
    for loss, kept in (
        (full_softmax_loss, found),
        (lambda v, i, f: torch.nn.functional.cross_entropy(v @ i.T, f), expected),
    ):
        left, right = vectors.clone().requires_grad_(), items.clone().requires_grad_()
        value = loss(left, right, following)
        (2 * value).backward()
        kept += [value.detach(), left.grad, right.grad]
    torch.testing.assert_close(found, expected)
    with torch.autocast("cpu", torch.bfloat16):
        short = full_softmax_loss(vectors, items, following)
    assert short.item() == pytest.approx(expected[0].item(), rel=0.02)


def test_every_event_but_the_first_is_predicted_once():
    log = Sequences.of(np.repeat([0, 1, 2, 3], [6, 1, 2, 3]), np.arange(1, 13))
    assert windows(log, 3).tolist() == [
        [4, 5, 6],
        [2, 3, 4],
        [1, 2, 0],
        [8, 9, 0],
        [10, 11, 12],
    ]


def test_batches_hold_every_sequence_once_and_those_of_like_length_together():
    lengths = torch.from_numpy(np.random.default_rng(0).integers(1, 200, 1000))
    batches = alike_in_length(lengths, 50, 3, 1000)
    assert sorted(place for each in batches for place in each) == list(range(1000))
    spread = np.mean([float(lengths[each].max() - lengths[each].min()) for each in batches])
    assert spread < 30  # of 199
    assert batches == alike_in_length(lengths, 50, 3, 1000)
    assert batches != alike_in_length(lengths, 50, 4, 1000)
    some = [place for each in alike_in_length(lengths, 50, 3, 100) for place in each]
    assert len(set(some)) == 100  # of a great many sequences an epoch draws some


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("negatives", [0, 8])
def test_a_network_learns_what_follows_what(kind, negatives, tmp_path):
    # Every user goes round a ring of 30 items, from a place of their own.
    users, steps = 200, 7
    start = np.random.default_rng(0).integers(0, 30, users)
    items = (start[:, None] + np.arange(steps)) % 30 + 1
    every = Sequences.of(np.repeat(np.arange(users), steps), items.ravel())
    last = np.zeros(len(every.items), dtype=bool)
    last[every.starts[1:] - 1] = True
    learned, wanted = every.where(~last), every.where(last)
    network = train_network(
        config(kind, dropout=0.0),
        learned,
        wanted,
        tmp_path,
        recipe=Recipe(batch=32, negatives=negatives),
        schedule=Schedule(epochs=35, learning_rate=1e-2, ema_decay=0.9),
        report=lambda done, figures=None: None,
        device=torch.device("cpu"),
    )
    lists = top(network_scores(network, learned, torch.device("cpu")), 1)
    assert ranking_figures(lists, wanted.users, wanted.items)["hit"].mean() > 0.95
