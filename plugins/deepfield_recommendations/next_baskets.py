"""Every basket of a log but each user's first, as what came next after those before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from deepfield_recommendations.network import SequenceNetwork
from deepfield_recommendations.sequences import Sequences

__all__ = ["NextBaskets", "basket_loss"]


@dataclass(frozen=True)
class NextBaskets:
    """Examples for learning: a history, and the basket after it.

    Args:
        begins: (n,) where each history begins in the log, which is where its user does.
        ends: (n,) where it ends and the next basket begins.
        afters: (n,) where the next basket ends.
    """

    log: Sequences
    begins: np.ndarray
    ends: np.ndarray
    afters: np.ndarray

    @classmethod
    def of(cls, log: Sequences) -> NextBaskets:
        heads = np.flatnonzero(np.diff(log.baskets, prepend=-1))
        afters = np.append(heads[1:], len(log.items))
        begins = log.starts[log.users[heads]]
        later = heads > begins
        return cls(log, begins[later], heads[later], afters[later])

    def __len__(self) -> int:
        return len(self.ends)

    def histories(self, chosen: np.ndarray) -> Sequences:
        return _cut(self.log, self.begins[chosen], self.ends[chosen])

    def baskets(self, chosen: np.ndarray) -> Sequences:
        return _cut(self.log, self.ends[chosen], self.afters[chosen])

    def moments(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return when the last basket of each history was, and when the next one, (n,) seconds."""
        seconds = self.log.seconds
        return seconds[self.ends[chosen] - 1], seconds[self.ends[chosen]]


def _cut(log: Sequences, begins: np.ndarray, ends: np.ndarray) -> Sequences:
    lengths = ends - begins
    starts = np.concatenate([[0], np.cumsum(lengths)])
    places = np.arange(starts[-1]) + np.repeat(begins - starts[:-1], lengths)
    return Sequences(log.items[places], starts, log.seconds[places])


def basket_loss(
    network: SequenceNetwork,
    examples: NextBaskets,
    chosen: np.ndarray,
    generator: np.random.Generator,
) -> Tensor:
    """Return the mean cross-entropy of the next baskets' items, those of a basket weighing 1.

    Each is asked for at a moment drawn from between the two baskets, as whoever opens a shop's
    page does. What the network reads is thinned, and shuffled within baskets, so that it does not
    know each history by heart; the repeat term sees all.
    """
    histories, wanted = examples.histories(chosen), examples.baskets(chosen)
    last, following = examples.moments(chosen)
    moments = (last + generator.random(len(chosen)) * (following - last)).astype(np.int64)
    device = network.items.weight.device
    read = _thinned(_shuffled(histories, generator), generator)
    codes = torch.from_numpy(read.latest(network.config.length)).to(device)
    scores = network.complete(network.last(codes), histories, moments)
    users = torch.from_numpy(wanted.users).to(device)
    items = torch.from_numpy(wanted.items).to(device).long()
    share = torch.from_numpy(1 / wanted.lengths[wanted.users]).to(device, torch.float32)
    return -(scores.log_softmax(dim=1)[users, items] * share).sum() / len(chosen)


def _shuffled(histories: Sequences, generator: np.random.Generator) -> Sequences:
    """Return histories whose baskets' items stand in chance order."""
    order = np.lexsort((generator.random(len(histories.items)), histories.baskets))
    return Sequences(histories.items[order], histories.starts, histories.seconds)


def _thinned(histories: Sequences, generator: np.random.Generator) -> Sequences:
    """Return histories of which a chance share between a half and all is left, and the last."""
    share = generator.uniform(0.5, 1.0, len(histories))
    kept = generator.random(len(histories.items)) < share[histories.users]
    kept[histories.starts[1:] - 1] = True
    return histories.where(kept)
