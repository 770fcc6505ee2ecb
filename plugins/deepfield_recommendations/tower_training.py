"""Teach two towers what comes next, so that they know what to do with what was never sold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from deepfield.best import top
from deepfield.evaluation.ranking.figures import ranking_figures
from deepfield.neural.training import Schedule, train
from deepfield.predictor import Report
from deepfield_recommendations.item_tower import TowerConfig, TwoTowers
from deepfield_recommendations.item_words import ItemWords
from deepfield_recommendations.next_baskets import NextBaskets
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.training import Recipe

__all__ = ["first_sales", "tower_scores", "train_towers"]

MONTH = 30 * 86_400
LEFT_OUT = 0.6
"""Share of sold items that, in a step, have their words alone."""
NEVER = np.iinfo(np.int64).max


def train_towers(
    config: TowerConfig,
    words: ItemWords,
    training: Sequences,
    wanted: Sequences | None,
    folder: Path,
    *,
    recipe: Recipe,
    schedule: Schedule,
    report: Report,
    device: torch.device,
) -> TwoTowers:
    """Return the towers with the best NDCG@k on what users took after ``training``.

    Each step takes baskets of one month, in which the items that were first sold in it have no
    vectors of their own, and those that came later are not there at all: as in the month to come.

    Args:
        words: of items 1, 2, …; those that nobody took in ``training`` are known by them alone.
        wanted: what each user took next; None: the last epoch counts.
    """
    torch.manual_seed(schedule.seed)
    towers = TwoTowers(config)
    codes, starts = (torch.from_numpy(each).to(device) for each in (words.codes, words.starts))
    first = first_sales(training, config.items)
    sold = torch.from_numpy(np.where(first[1:] < NEVER, np.arange(1, config.items + 1), 0))
    examples = NextBaskets.of(training)
    end = int(training.seconds.max(initial=0)) + 1
    months = (end - examples.moments(np.arange(len(examples)))[1]) // MONTH  # (n,) before the end
    places = torch.arange(len(examples))

    def batches(epoch: int) -> DataLoader:
        generator = np.random.default_rng(schedule.seed * 10_007 + epoch)
        found: list[list[int]] = []
        for month in np.unique(months):
            own = generator.permutation(np.flatnonzero(months == month))
            found += [
                own[at : at + recipe.batch].tolist() for at in range(0, len(own), recipe.batch)
            ]
        order = [found[each] for each in generator.permutation(len(found))]
        return DataLoader(TensorDataset(places, places), batch_sampler=order)

    def loss(towers: nn.Module, chosen: Tensor, _: Tensor) -> Tensor:
        assert isinstance(towers, TwoTowers)
        rows = chosen.cpu().numpy()
        begin = end - (int(months[rows[0]]) + 1) * MONTH
        new, later = first >= begin, first >= begin + MONTH
        left_out = torch.rand(config.items) < LEFT_OUT
        if not later.all() and not new.all():  # a log's first month has nothing that is not new
            left_out |= torch.from_numpy(new[1:])
        own = sold.masked_fill(left_out, 0).to(device)
        items = towers.item_vectors(codes, starts, own)
        items = torch.cat([items.new_zeros(1, items.shape[1]), items])
        histories, wanted = examples.histories(rows), examples.baskets(rows)
        read = torch.from_numpy(histories.latest(config.length)).to(device)
        scores = (towers.last(read, items) @ items.T).float()
        hidden = later.copy()
        hidden[0] = True
        scores = scores.masked_fill(torch.from_numpy(hidden).to(device), -torch.inf)
        users, taken = (torch.from_numpy(each).to(device) for each in (wanted.users, wanted.items))
        share = torch.from_numpy(1 / wanted.lengths[wanted.users]).to(device, torch.float32)
        return -(scores.log_softmax(dim=1)[users, taken.long()] * share).sum() / len(rows)

    judge = _judge(training, wanted, recipe, device)

    def validate(towers: nn.Module) -> dict[str, float]:
        assert isinstance(towers, TwoTowers)
        towers.settle(codes, starts, sold.to(device))
        return judge(towers)

    said = (
        f"{asdict(config)} {asdict(recipe)} {len(training.items)} events {len(words.codes)} words"
    )
    found = train(
        towers,
        batches,
        loss,
        validate,
        schedule,
        device=device,
        folder=folder,
        recipe=said,
        report=report,
        bf16=recipe.bf16,
    )
    assert isinstance(found, TwoTowers)
    return found


def first_sales(sequences: Sequences, items: int) -> np.ndarray:
    """Return when each item was first taken, (items + 1,) seconds; NEVER where it was not."""
    found = np.full(items + 1, NEVER, dtype=np.int64)
    np.minimum.at(found, sequences.items, sequences.seconds)
    return found


@torch.inference_mode()
def tower_scores(towers: TwoTowers, histories: Sequences, device: torch.device) -> np.ndarray:
    """Return the score of every item for each history, (users, items + 1) float32."""
    codes = torch.from_numpy(histories.latest(towers.config.length)).to(device)
    return towers.scores(towers.last(codes)).cpu().numpy()


def _judge(
    training: Sequences, wanted: Sequences | None, recipe: Recipe, device: torch.device
) -> Callable[[TwoTowers], dict[str, float]]:
    if wanted is None:
        return lambda towers: {}
    asked = np.flatnonzero((wanted.lengths > 0) & (training.lengths > 0))[: recipe.judged]
    histories, next_taken = training.take(asked), wanted.take(asked)

    def judge(towers: TwoTowers) -> dict[str, float]:
        lists = []
        for _, part in histories.batches(256):
            scores = tower_scores(towers, part, device)
            if not recipe.again:
                scores[part.users, part.items] = -np.inf
            lists.append(top(scores, recipe.k))
        figures = ranking_figures(np.concatenate(lists), next_taken.users, next_taken.items)
        ndcg, recall = (float(figures[name].mean()) for name in ("ndcg", "recall"))
        return {"score": ndcg, f"ndcg@{recipe.k}": ndcg, f"recall@{recipe.k}": recall}

    return judge
