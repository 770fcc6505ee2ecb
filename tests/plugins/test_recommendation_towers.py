from __future__ import annotations

import numpy as np
import torch

from deepfield.neural.training import Schedule
from deepfield_recommendations.item_tower import TowerConfig, TwoTowers
from deepfield_recommendations.item_words import item_words
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.tower_training import (
    NEVER,
    first_sales,
    tower_scores,
    train_towers,
)
from deepfield_recommendations.training import Recipe

CPU = torch.device("cpu")
DAY = 86_400
COLOURS = ("red", "blue", "green", "white")
TITLES = [f"{colour.upper()} thing {number}" for number in range(8) for colour in COLOURS]


def of_one_colour(users: int = 80, baskets: int = 5, seed: int = 0) -> Sequences:
    """Return users who each take things of one colour; the last eight things are never sold."""
    generator = np.random.default_rng(seed)
    events = [
        (user, int(item) * 4 + user % 4 + 1, day * 20 * DAY)
        for user in range(users)
        for day in range(baskets)
        for item in generator.choice(6, 2, replace=False)
    ]
    return Sequences.of(*np.array(events).T)


def taught(training: Sequences, folder, seed: int = 0) -> TwoTowers:
    words = item_words(TITLES, [None] * 32, [1.0] * 32, 512)
    return train_towers(
        TowerConfig(32, length=10, width=16, places=512),
        words,
        training,
        None,
        folder,
        recipe=Recipe(batch=32, again=True),
        schedule=Schedule(epochs=8, learning_rate=1e-2, ema_decay=0.9, seed=seed),
        report=lambda done, figures=None: None,
        device=CPU,
    )


def test_words_are_those_of_title_category_and_price_in_any_order_and_case():
    words = item_words(
        ["Red MUG", "mug, red", "red mug", None, "red mug"],
        [None, "", "kitchen", None, None],
        [np.nan, np.nan, np.nan, 2.0, 2.1],
        1 << 20,
    )
    parts = [each.tolist() for each in np.split(words.codes, words.starts[1:])]
    assert parts[0] == parts[1]
    assert set(parts[0]) < set(parts[2])
    assert len(parts[3]) == 1
    assert set(parts[4]) == set(parts[0]) | set(parts[3])


def test_first_sales_are_the_earliest():
    log = Sequences.of(np.array([0, 0, 1]), np.array([1, 2, 1]), np.array([5, 6, 3]))
    assert first_sales(log, 3).tolist() == [NEVER, 3, 6, NEVER]


def test_what_was_never_sold_is_ranked_by_its_words(tmp_path):
    training = of_one_colour()
    towers = taught(training, tmp_path)
    scores = tower_scores(towers, training, CPU)
    unsold = scores[:, 25:].reshape(len(training), 2, 4)  # (users, things, colours)
    found = unsold.mean(axis=1).argmax(axis=1)
    assert (found == np.arange(len(training)) % 4).mean() > 0.9


def test_padding_changes_nothing_and_who_took_nothing_is_answered():
    torch.manual_seed(0)
    towers = TwoTowers(TowerConfig(30, length=6, width=8)).eval()
    torch.nn.init.normal_(towers.items.weight)
    codes = torch.tensor([[3, 9, 4, 0, 0, 0], [0, 0, 0, 0, 0, 0]])
    torch.testing.assert_close(towers.last(codes)[:1], towers.last(codes[:1, :3]))
    assert torch.isfinite(towers.scores(towers.last(codes))[:, 1:]).all()
    assert towers.scores(towers.last(codes))[:, 0].eq(-torch.inf).all()


def test_one_seed_gives_one_pair_of_towers(tmp_path):
    training = of_one_colour()
    one = tower_scores(taught(training, tmp_path / "one"), training, CPU)
    np.testing.assert_array_equal(
        one, tower_scores(taught(training, tmp_path / "two"), training, CPU)
    )
    assert not np.array_equal(one, tower_scores(taught(training, tmp_path / "x", 1), training, CPU))
