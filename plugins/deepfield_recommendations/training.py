"""Teach a network what comes next, by full or sampled softmax over all items."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from deepfield.best import top
from deepfield.evaluation.ranking.figures import ranking_figures
from deepfield.neural.training import Schedule, train
from deepfield.predictor import Report
from deepfield_recommendations.item_vectors import factorised
from deepfield_recommendations.network import NetworkConfig, SequenceNetwork
from deepfield_recommendations.next_baskets import NextBaskets, basket_loss
from deepfield_recommendations.sequences import PADDING, Sequences
from deepfield_recommendations.softmax import full_softmax_loss
from deepfield_recommendations.trends import trend_figures, weeks_of

__all__ = ["Recipe", "best_epoch", "network_scores", "train_network"]

Loss = Callable[[nn.Module, Tensor, Tensor], Tensor]

EVENTS = 25
"""Events that cost as much to learn from as one basket."""
TRUSTS = (0.2, 0.35, 0.5, 0.7, 1.0)
"""What the vectors' scores may be multiplied with, where what was taken before has its own.

Vectors come from a log that held what came next, so they look surer of new items than they are
of what comes after it: the lists of whom they are asked for say how much surer.
"""
EQUAL = 1e-3
"""By how much NDCG@k may be lower for more trust: it is the new items that gain by it."""


@dataclass(frozen=True)
class Recipe:
    """How a network is taught.

    Every position predicts the event after it. With ``negatives`` the softmax is over that event
    and so many others drawn evenly, the same ones for a whole batch (Klenitskiy and Vasilev 2023
    show that a softmax, full or sampled, lifts SASRec above BERT4Rec); 0 takes all items.

    A network with ``repeats`` predicts the next basket instead, after each basket of each user.
    """

    batch: int = 128
    negatives: int = 0
    judged: int = 2000
    """Users whose held-out events choose the best epoch; all, if there are no more."""
    again: bool = False
    """Whether what a user took before is ranked too, as where people buy the same again."""
    k: int = 10
    """How long the lists are by whose NDCG the best epoch is chosen."""
    bf16: bool = False
    """Whether a CPU that can multiplies in bfloat16 while it learns: four times as fast."""
    trust: float = 1.0
    """With ``repeats`` and nothing to choose by: what the vectors' scores are multiplied with."""
    most: int = 200_000
    """Baskets of an epoch, or 25 times as many events: of more each epoch draws as many anew."""
    factorised: bool = False
    """Whether item vectors start from a factorisation of the log, as where each took little."""


def train_network(
    config: NetworkConfig,
    training: Sequences,
    wanted: Sequences | None,
    folder: Path,
    *,
    recipe: Recipe,
    schedule: Schedule,
    report: Report,
    device: torch.device,
) -> SequenceNetwork:
    """Return the network with the best NDCG@k on what users took after ``training``.

    Args:
        config: its ``weeks`` are counted here; keep that of the network.
        training: of users by number; what they took first.
        wanted: what each of the same users took next, perhaps nothing. None: nothing chooses, and
            the last epoch counts, as after the number of epochs was chosen.
        folder: for checkpoints; a run that was cut off goes on from there.
    """
    torch.manual_seed(schedule.seed)
    if config.repeats:
        config = replace(config, weeks=weeks_of(training))
    network = SequenceNetwork(config)
    learn = learn_baskets if config.repeats else learn_events
    batches, loss = learn(network, training, recipe, schedule.seed)
    said = f"{asdict(config)} {asdict(recipe)} {len(training.items)} events"
    found = train(
        network,
        batches,
        loss,
        validation(training, wanted, recipe, schedule.seed, device),
        schedule,
        device=device,
        folder=folder,
        recipe=said,
        report=report,
        bf16=recipe.bf16,
    )
    assert isinstance(found, SequenceNetwork)
    found.settle()
    return found


def best_epoch(folder: Path) -> int:
    """Return the epoch of a run that validated best."""
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return int(max(map(json.loads, lines), key=lambda figures: figures["score"])["epoch"])


def learn_events(
    network: SequenceNetwork, training: Sequences, recipe: Recipe, seed: int
) -> tuple[Callable[[int], DataLoader], Loss]:
    """Return batches and the loss by which each event predicts the one after it."""
    if recipe.factorised:
        vectors = factorised(training, network.config.items, network.config.width)
        network.items.weight.data.copy_(torch.from_numpy(vectors))
    codes = torch.from_numpy(windows(training, network.config.length + 1))
    data = TensorDataset(codes[:, :-1], codes[:, 1:])

    def loss(network: nn.Module, codes: Tensor, following: Tensor) -> Tensor:
        assert isinstance(network, SequenceNetwork)
        longest = int((following > 0).sum(dim=1).max())
        codes, following = codes[:, :longest], following[:, :longest]
        there = following > 0
        return softmax_loss(network, network(codes)[there], following[there], recipe.negatives)

    most = max(recipe.batch, EVENTS * recipe.most // network.config.length)
    return loader(data, (codes[:, 1:] > 0).sum(dim=1), recipe.batch, seed, most), loss


def learn_baskets(
    network: SequenceNetwork, training: Sequences, recipe: Recipe, seed: int
) -> tuple[Callable[[int], DataLoader], Loss]:
    """Return batches and the loss by which each history predicts the next basket."""
    figures = torch.from_numpy(trend_figures(training, network.config.items))
    network.register_buffer("figures", figures, persistent=False)
    network.began.fill_(int(training.seconds.min()))
    vectors = factorised(training, network.config.items, network.config.width)
    network.items.weight.data.copy_(torch.from_numpy(vectors))
    network.items.weight.requires_grad_(False)  # learned from baskets, they fit the past only
    examples = NextBaskets.of(training)
    places = torch.arange(len(examples))

    def loss(network: nn.Module, chosen: Tensor, _: Tensor) -> Tensor:
        assert isinstance(network, SequenceNetwork)
        drawn = int(torch.randint(2**31, ()))
        return basket_loss(network, examples, chosen.cpu().numpy(), np.random.default_rng(drawn))

    lengths = torch.from_numpy(examples.ends - examples.begins)
    return loader(TensorDataset(places, places), lengths, recipe.batch, seed, recipe.most), loss


def windows(training: Sequences, length: int) -> np.ndarray:
    """Return each user's events in pieces from the latest back, (n, length) int32; 0 fills up.

    Each piece begins with the last event of the one before it, so that every event but a user's
    first is predicted once. Pieces are of two events at least.
    """
    count = -(-np.maximum(training.lengths - 1, 0) // (length - 1))
    users = np.repeat(np.arange(len(training)), count)
    back = np.arange(len(users)) - np.repeat(np.cumsum(count) - count, count)
    ends = training.starts[1:][users] - back * (length - 1)
    begins = np.maximum(ends - length, training.starts[:-1][users])
    places = begins[:, None] + np.arange(length)
    there = places < ends[:, None]
    return np.where(there, training.items[np.where(there, places, 0)], PADDING).astype(np.int32)


def loader(
    data: TensorDataset, lengths: Tensor, batch: int, seed: int, most: int
) -> Callable[[int], DataLoader]:
    """Return what gives the batches of an epoch, each of sequences of about one length.

    Args:
        most: sequences of an epoch; of more some are drawn, others in each epoch.
    """

    def batches(epoch: int) -> DataLoader:
        order = alike_in_length(lengths, batch, seed * 10_007 + epoch, most)
        return DataLoader(data, batch_sampler=order)

    return batches


def alike_in_length(lengths: Tensor, batch: int, seed: int, most: int) -> list[list[int]]:
    """Return batches in chance order, each of sequences of about one length: little fills up.

    Out of every 16 batches' worth that chance puts together, those of like length come together:
    sorting all of them would make the same batches every time.
    """
    order = torch.randperm(len(lengths), generator=torch.Generator().manual_seed(seed))[:most]
    found: list[Tensor] = []
    for pool in order.split(16 * batch):
        found += pool[lengths[pool].argsort()].split(batch)
    generator = np.random.default_rng(seed)
    return [found[place].tolist() for place in generator.permutation(len(found))]


def validation(
    training: Sequences,
    wanted: Sequences | None,
    recipe: Recipe,
    seed: int,
    device: torch.device,
) -> Callable[[nn.Module], dict[str, float]]:
    """Return what judges a network by what users took after ``training``; if none, nothing does.

    All are asked for at the moment when ``training`` ends.
    """
    if wanted is None:

        def accept(network: nn.Module) -> dict[str, float]:
            assert isinstance(network, SequenceNetwork)
            if network.config.repeats:
                network.trust.fill_(recipe.trust)
            return {}

        return accept
    asked = np.flatnonzero((wanted.lengths > 0) & (training.lengths > 0))
    if len(asked) > recipe.judged:
        chosen = np.random.default_rng(seed).choice(asked, recipe.judged, replace=False)
        asked = np.sort(chosen)
    histories, next_taken = training.take(asked), wanted.take(asked)
    end = int(training.seconds.max(initial=0)) + 1

    def judge(network: SequenceNetwork) -> dict[str, float]:
        lists = []
        for _, part in histories.batches(256):
            scores = network_scores(network, part, device, np.full(len(part), end))
            if not recipe.again:
                scores[part.users, part.items] = -np.inf
            lists.append(top(scores, recipe.k))
        figures = ranking_figures(np.concatenate(lists), next_taken.users, next_taken.items)
        means = {
            f"{name}@{recipe.k}": float(figures[name].mean()) for name in ("ndcg", "hit", "recall")
        }
        return {"score": means[f"ndcg@{recipe.k}"], **means}

    def validate(network: nn.Module) -> dict[str, float]:
        assert isinstance(network, SequenceNetwork)
        if not network.config.repeats:
            return judge(network)
        found = []
        for trust in TRUSTS:
            network.trust.fill_(trust)
            found.append({**judge(network), "trust": trust})
        best = max(each["score"] for each in found)
        chosen = [each for each in found if each["score"] >= best - EQUAL][-1]
        network.trust.fill_(chosen["trust"])
        return chosen

    return validate


def softmax_loss(
    network: SequenceNetwork, vectors: Tensor, following: Tensor, negatives: int
) -> Tensor:
    """Return the mean cross-entropy of the items that followed, (n, width) and (n,)."""
    if not negatives:
        return full_softmax_loss(vectors, network.items.weight, following)
    drawn = torch.randint(1, network.config.items + 1, (negatives,), device=vectors.device)
    own = (vectors * network.items(following)).sum(dim=1, keepdim=True)
    others = vectors @ network.items(drawn).T
    others = others.masked_fill(drawn == following[:, None], -torch.inf)
    scores = torch.cat([own, others], dim=1)
    return nn.functional.cross_entropy(scores, torch.zeros_like(following, dtype=torch.long))


@torch.inference_mode()
def network_scores(
    network: SequenceNetwork,
    histories: Sequences,
    device: torch.device,
    now: np.ndarray | None = None,
) -> np.ndarray:
    """Return the score of every item for each history, (users, items + 1) float32.

    Args:
        now: (users,) seconds, the moment that is asked for; None: just after the last event.
    """
    codes = torch.from_numpy(histories.latest(network.config.length)).to(device)
    scores: Tensor = network.complete(network.last(codes), histories, now)
    return scores.float().cpu().numpy()
