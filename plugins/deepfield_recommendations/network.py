"""Networks that read what a user took and say what comes next: ``sasrec`` and ``gru4rec``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from deepfield_recommendations.repeat_term import RepeatTerm
from deepfield_recommendations.repeats import last_moments, repeats
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.trends import FIGURES, YEAR, week_of

__all__ = ["NetworkConfig", "SequenceNetwork"]


@dataclass(frozen=True)
class NetworkConfig:
    """The shape of a network; ``length`` is how many of the latest events it reads."""

    kind: Literal["transformer", "gru"]
    items: int
    length: int
    width: int = 128
    layers: int = 2
    heads: int = 2
    dropout: float = 0.2
    repeats: bool = False
    """Whether what a user took before is scored apart, as where people buy the same again."""
    weeks: int = 0
    """With ``repeats``: how many weeks the log spans that it learned from."""


class SequenceNetwork(nn.Module):
    """A vector after each event; its product with an item's own vector is the item's score.

    With ``transformer`` self-attention (SASRec, Kang and McAuley 2018), with ``gru`` a recurrent
    network (GRU4Rec, Hidasi et al. 2016). Items are scored by the vectors that they are read as.

    With ``repeats``, for logs of baskets, the mean of the latest items' vectors is added to the
    vector, so that the network only says how to turn away from it; each item's score gets what
    sells in that week; and what the user took before is scored by how they took it, instead.
    """

    mean: LatestMean
    repeat: RepeatTerm
    trend: nn.Linear
    weekly: Tensor
    figures: Tensor | None
    began: Tensor
    trust: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.items = nn.Embedding(config.items + 1, config.width, padding_idx=0)
        self.body = Attention(config) if config.kind == "transformer" else Recurrence(config)
        self.norm = nn.LayerNorm(config.width)
        nn.init.normal_(self.items.weight, std=config.width**-0.5)
        with torch.no_grad():
            self.items.weight[0] = 0
        if config.repeats:
            self.mean = LatestMean(config)
            self.repeat = RepeatTerm(config.items)
            self.trend = nn.Linear(FIGURES, 1, bias=False)
            self.register_buffer("weekly", torch.zeros(config.weeks + YEAR, config.items + 1))
            self.register_buffer("figures", None, persistent=False)
            self.register_buffer("began", torch.zeros((), dtype=torch.int64))
            self.register_buffer("trust", torch.ones(()))
            nn.init.constant_(self.norm.weight, 0.5)
            nn.init.constant_(self.trend.weight, 1 / FIGURES)

    def forward(self, codes: Tensor) -> Tensor:
        """Return a vector after each event, (users, length) -> (users, length, width).

        Codes stand oldest first and 0 fills up behind them: nothing that comes later is looked at,
        so what stands there changes nothing.
        """
        events = self.items(codes)
        hidden = self.norm(self.body(events))
        return (hidden + self.mean(events)) * self.trust if self.config.repeats else hidden

    def last(self, codes: Tensor) -> Tensor:
        """Return the vector after the last event, (users, length) -> (users, width).

        Of the last block only that one place is computed: this is what serves.
        """
        place = (codes > 0).sum(dim=1).clamp(min=1) - 1
        events = self.items(codes)
        hidden = self.norm(self.body.last(events, place))
        if not self.config.repeats:
            return hidden
        return (hidden + self.mean.last(events, place)) * self.trust

    def scores(self, vectors: Tensor) -> Tensor:
        """Return what the vectors say of every item, (…, width) -> (…, items + 1).

        Code 0 has none. With ``repeats`` this is a part of the score only: see ``complete``.
        """
        return _without_padding((vectors @ self.items.weight.T).float())

    def complete(
        self, vectors: Tensor, histories: Sequences, now: np.ndarray | None = None
    ) -> Tensor:
        """Return the score of every item, (users, width) -> (users, items + 1).

        Args:
            vectors: what ``last`` gave for the histories.
            now: (users,) seconds, the moment that is asked for; None: just after the last event.
                Only with ``repeats`` does it matter.
        """
        if not self.config.repeats:
            return self.scores(vectors)
        device = vectors.device
        moment = last_moments(histories) if now is None else now
        weeks, places = np.unique(
            week_of(moment, int(self.began), len(self.weekly)), return_inverse=True
        )
        sells = self.sells(torch.from_numpy(weeks).to(device))  # (weeks, items + 1)
        place = torch.from_numpy(places).to(device)
        scores = (vectors @ self.items.weight.T).float() + sells[place]

        before = repeats(histories, moment)
        users = torch.from_numpy(before.users).to(device)
        items = torch.from_numpy(before.items).to(device)
        usual = sells[place[users], items]
        again = self.repeat(torch.from_numpy(before.figures).to(device), usual, items)
        # What was taken before is in the mean, so it fits well, which does not say whether it is
        # taken again: of such items the repeat term says all but what sells.
        scores = scores.index_put((users, items), usual + again)
        return _without_padding(scores)

    def sells(self, weeks: Tensor) -> Tensor:
        """Return what the week adds to each item's score, (n,) -> (n, items + 1)."""
        if self.figures is None:
            return self.weekly[weeks]
        return self.trend(self.figures[weeks]).squeeze(-1).float()

    @torch.no_grad()
    def settle(self) -> None:
        """Keep what each week adds, instead of what it is computed from."""
        if self.config.repeats and self.figures is not None:
            self.weekly.copy_(self.trend(self.figures).squeeze(-1))
            self.figures = None


def _without_padding(scores: Tensor) -> Tensor:
    none = torch.zeros(1, dtype=torch.long, device=scores.device)
    return scores.index_fill(-1, none, -torch.inf)


class LatestMean(nn.Module):
    """The mean of the items' vectors so far, of long ago less; of one length, which is learned."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.rate = nn.Parameter(torch.tensor(0.02))  # an event counts 2 % less than the next
        self.size = nn.Parameter(torch.tensor(0.5 * config.width**0.5))

    def forward(self, events: Tensor) -> Tensor:
        place = torch.arange(events.shape[1], device=events.device)
        return self._of(self._weights(place, place) @ events)

    def last(self, events: Tensor, place: Tensor) -> Tensor:
        places = torch.arange(events.shape[1], device=events.device)
        return self._of((self._weights(place, places)[:, None] @ events).squeeze(1))

    def _weights(self, at: Tensor, places: Tensor) -> Tensor:
        """Return what each place counts as seen from others, (n,) and (length,) -> (n, length)."""
        ago = at[:, None] - places
        return torch.exp(-self.rate.abs() * ago) * (ago >= 0)

    def _of(self, summed: Tensor) -> Tensor:
        return nn.functional.normalize(summed.float(), dim=-1) * self.size


class Attention(nn.Module):
    """Blocks of causal self-attention over events and their places."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.places = nn.Parameter(torch.randn(config.length, config.width) * 0.02)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))

    def forward(self, events: Tensor) -> Tensor:
        hidden = self._placed(events)
        for block in self.blocks:
            hidden = block(hidden)
        return hidden

    def last(self, events: Tensor, place: Tensor) -> Tensor:
        hidden = self._placed(events)
        for block in self.blocks[:-1]:
            hidden = block(hidden)
        final = self.blocks[-1]
        assert isinstance(final, Block)
        return final.last(hidden, place)

    def _placed(self, events: Tensor) -> Tensor:
        return self.dropout(events * events.shape[-1] ** 0.5 + self.places[: events.shape[1]])


class Block(nn.Module):
    """Attention, then two layers for each event alone; norms before both (Xiong et al. 2020)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.before, self.between = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.into = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)
        self.each = nn.Sequential(
            nn.Linear(config.width, 4 * config.width),
            nn.GELU(),
            nn.Linear(4 * config.width, config.width),
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden: Tensor) -> Tensor:
        query, key, value = self._parts(hidden)
        length = hidden.shape[1]
        hides = torch.ones(length, length, dtype=torch.bool, device=hidden.device).triu(1)
        return self._mixed(hidden, query, key, value, hides)

    def last(self, hidden: Tensor, place: Tensor) -> Tensor:
        """Return the block's output at one place each, (users, length, width) -> (users, width)."""
        query, key, value = self._parts(hidden)
        hides = torch.arange(hidden.shape[1], device=hidden.device) > place[:, None]
        query = query.take_along_dim(place[:, None, None, None], 2)
        own = hidden.take_along_dim(place[:, None, None], 1)  # (users, 1, width)
        return self._mixed(own, query, key, value, hides[:, None, None]).squeeze(1)

    def _parts(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        parts = self.into(self.before(hidden)).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        return query, key, value  # each (users, heads, length, width / heads)

    def _mixed(
        self, hidden: Tensor, query: Tensor, key: Tensor, value: Tensor, hides: Tensor
    ) -> Tensor:
        # By hand: in bfloat16 on a CPU torch's own attention takes twice as long (measured with
        # 2.14 at 200 events), and three times with dropout, which is left to what comes out.
        likeness = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
        mixed = likeness.masked_fill(hides, -torch.inf).softmax(dim=-1) @ value
        hidden = hidden + self.dropout(self.out(mixed.transpose(1, 2).flatten(2)))
        return hidden + self.dropout(self.each(self.between(hidden)))


class Recurrence(nn.Module):
    """Gated recurrent units over events (Cho et al. 2014)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.dropout = nn.Dropout(config.dropout)
        self.units = nn.GRU(
            config.width,
            config.width,
            config.layers,
            batch_first=True,
            dropout=config.dropout if config.layers > 1 else 0.0,
        )

    def forward(self, events: Tensor) -> Tensor:
        hidden, _ = self.units(self.dropout(events * events.shape[-1] ** 0.5))
        return self.dropout(hidden)

    def last(self, events: Tensor, place: Tensor) -> Tensor:
        return self(events).take_along_dim(place[:, None, None], 1).squeeze(1)
