"""Teach a network what comes next, by full or sampled softmax over all items."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from deepfield.neural.training import Schedule, train
from deepfield.predictor import Report
from deepfield_recommendations.metrics import ranking_figures, top
from deepfield_recommendations.network import NetworkConfig, SequenceNetwork
from deepfield_recommendations.sequences import Sequences

__all__ = ["Recipe", "network_scores", "train_network"]


@dataclass(frozen=True)
class Recipe:
    """How a network is taught.

    Every position predicts the event after it. With ``negatives`` the softmax is over that event
    and so many others drawn evenly, the same ones for a whole batch (Klenitskiy and Vasilev 2023
    show that a softmax, full or sampled, lifts SASRec above BERT4Rec); 0 takes all items.
    """

    batch: int = 128
    negatives: int = 0
    judged: int = 2000
    """Users whose held-out events choose the best epoch; all, if there are no more."""
    again: bool = False
    """Whether what a user took before is ranked too, as where people buy the same again."""


def train_network(
    config: NetworkConfig,
    training: Sequences,
    wanted: Sequences,
    folder: Path,
    *,
    recipe: Recipe,
    schedule: Schedule,
    report: Report,
    device: torch.device,
) -> SequenceNetwork:
    """Return the network with the best NDCG@10 on what users took after ``training``.

    Args:
        training: of users by number; what they took first.
        wanted: what each of the same users took next, perhaps nothing.
        folder: for checkpoints; a run that was cut off goes on from there.
    """
    torch.manual_seed(schedule.seed)
    network = SequenceNetwork(config)
    asked = np.flatnonzero((wanted.lengths > 0) & (training.lengths > 0))
    generator = np.random.default_rng(schedule.seed)
    if len(asked) > recipe.judged:
        asked = np.sort(generator.choice(asked, recipe.judged, replace=False))
    histories, next_taken = training.take(asked), wanted.take(asked)

    # Two events at least: one to predict from, one to predict.
    learned = training.take(np.flatnonzero(training.lengths > 1))
    codes = torch.from_numpy(learned.latest(config.length + 1))
    data = TensorDataset(codes[:, :-1], codes[:, 1:])

    def batches(epoch: int) -> DataLoader:
        order = torch.Generator().manual_seed(schedule.seed * 10_007 + epoch)
        return DataLoader(data, recipe.batch, shuffle=True, generator=order)

    def loss(network: nn.Module, codes: Tensor, following: Tensor) -> Tensor:
        assert isinstance(network, SequenceNetwork)
        there = following > 0
        return softmax_loss(network, network(codes)[there], following[there], recipe.negatives)

    def validate(network: nn.Module) -> dict[str, float]:
        assert isinstance(network, SequenceNetwork)
        lists = []
        for _, part in histories.batches(256):
            scores = network_scores(network, part, device)
            if not recipe.again:
                scores[part.users, part.items] = -np.inf
            lists.append(top(scores, 10))
        figures = ranking_figures(np.concatenate(lists), next_taken)
        ndcg, hit = float(figures["ndcg"].mean()), float(figures["hit"].mean())
        return {"score": ndcg, "ndcg@10": ndcg, "hit@10": hit}

    said = f"{asdict(config)} {asdict(recipe)} {len(training.items)} events"
    found = train(
        network,
        batches,
        loss,
        validate,
        schedule,
        device=device,
        folder=folder,
        recipe=said,
        report=report,
    )
    assert isinstance(found, SequenceNetwork)
    return found


def softmax_loss(
    network: SequenceNetwork, vectors: Tensor, following: Tensor, negatives: int
) -> Tensor:
    """Return the mean cross-entropy of the items that followed, (n, width) and (n,)."""
    if not negatives:
        # Code 0 is never taken: it may as well compete.
        return nn.functional.cross_entropy(vectors @ network.items.weight.T, following.long())
    drawn = torch.randint(1, network.config.items + 1, (negatives,), device=vectors.device)
    own = (vectors * network.items(following)).sum(dim=1, keepdim=True)
    others = vectors @ network.items(drawn).T
    others = others.masked_fill(drawn == following[:, None], -torch.inf)
    scores = torch.cat([own, others], dim=1)
    return nn.functional.cross_entropy(scores, torch.zeros_like(following, dtype=torch.long))


@torch.inference_mode()
def network_scores(
    network: SequenceNetwork, histories: Sequences, device: torch.device
) -> np.ndarray:
    """Return the score of every item for each history, (users, items + 1) float32."""
    codes = torch.from_numpy(histories.latest(network.config.length)).to(device)
    return network.scores(network.last(codes)).float().cpu().numpy()
