"""The network behind a table: each column in steps, then an ensemble of perceptrons in one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

__all__ = ["Encoder", "Ensemble", "History", "NetworkConfig", "TableNetwork"]


@dataclass(frozen=True)
class NetworkConfig:
    """What decides the network's shape."""

    numbers: int
    """Columns of numbers; they come first in a row."""
    steps: int = 24
    """Steps that a column of numbers is cut into."""
    categories: tuple[int, ...] = ()
    """How many values each column of categories has, the unknown one among them."""
    embedding: int = 8
    hidden: int = 64
    layers: int = 2
    members: int = 4
    dropout: float = 0.1
    histories: int = 0
    """Keys whose latest events stand behind the columns of a row, for sequence models."""
    events: int = 8
    event_values: int = 3
    states: int = 24

    @property
    def event_columns(self) -> int:
        return self.histories * self.events * self.event_values


class Encoder(nn.Module):
    """Rows of numbers and category codes to one vector a column.

    Numbers are encoded piecewise linearly (Gorishniy et al. 2022): step t of a column is 0 below
    its lower edge, 1 above its upper edge and linear between them, so that no value, however far
    outside the trained range, is taken for more than the largest one seen. A missing number has
    a vector of its own.
    """

    edges: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        n, t, d = config.numbers, config.steps, config.embedding
        self.register_buffer("edges", torch.zeros(n, t + 1))
        self.weight = nn.Parameter(torch.zeros(n, t, d))
        self.bias = nn.Parameter(torch.zeros(n, d))
        self.missing = nn.Parameter(torch.randn(n, d) * 0.1)
        self.vectors = nn.ModuleList(nn.Embedding(size, d) for size in config.categories)
        for each in self.vectors:
            nn.init.normal_(each.weight, std=0.3)  # type: ignore[arg-type]

    @torch.no_grad()
    def begin(self, edges: Tensor) -> None:
        """Take the edges of the steps, (numbers, steps + 1), and begin as a line over ranks.

        Every step of a column adds the same at first: a network that begins with a wild function of
        each number stays wild where there are few rows.
        """
        self.edges.copy_(edges)
        used = (edges.diff(dim=1) > 0).sum(dim=1).clamp_min(1)  # (numbers,)
        vectors = torch.randn_like(self.bias)
        self.weight.copy_((2 * vectors / used[:, None]).unsqueeze(1).expand_as(self.weight))
        self.bias.copy_(-vectors)

    def steps(self, numbers: Tensor) -> Tensor:
        """Return each number in steps, (batch, numbers) -> (batch, numbers, steps) in 0..1."""
        low, width = self.edges[:, :-1], self.edges[:, 1:] - self.edges[:, :-1]
        # A step of no width, where a column has fewer values than steps, is 0 for all.
        inverse = torch.where(width > 0, 1 / width.clamp_min(1e-30), 0.0)
        known = _filled(numbers).unsqueeze(-1)
        return ((known - low) * inverse).clamp(0, 1)

    def forward(self, rows: Tensor) -> Tensor:
        codes = rows[:, self.config.numbers :].long()
        vectors = [each(codes[:, place]).unsqueeze(1) for place, each in enumerate(self.vectors)]
        if not self.config.numbers:  # engines differ in what they make of an empty array
            return torch.cat(vectors, dim=1)
        numbers = rows[:, : self.config.numbers]
        gone = torch.isnan(numbers).unsqueeze(-1).to(rows.dtype)  # (batch, numbers, 1)
        steps = self.steps(numbers)
        known = torch.einsum("bnt,ntd->bnd", steps, self.weight) + self.bias
        parts = known * (1 - gone) + gone * self.missing
        return torch.cat([parts, *vectors], dim=1)


class Ensemble(nn.Module):
    """Several perceptrons that share their kernels and scale what goes in and out.

    TabM (Gorishniy et al. 2024) after BatchEnsemble (Wen et al. 2020): as good as that many
    networks trained apart, at a fraction of their weights.
    """

    def __init__(self, inputs: int, config: NetworkConfig) -> None:
        super().__init__()
        k, sizes = config.members, [inputs, *[config.hidden] * config.layers]
        self.kernels = nn.ParameterList()
        self.scales_in = nn.ParameterList()
        self.scales_out = nn.ParameterList()
        self.biases = nn.ParameterList()
        for place, (size, width) in enumerate(pairwise(sizes)):
            self.kernels.append(nn.Parameter(torch.empty(size, width)))
            nn.init.kaiming_uniform_(self.kernels[-1].T, a=5**0.5)
            signs = torch.randint(0, 2, (k, 1, size)).float() * 2 - 1
            # Members differ by their signs at the start, in the first layer alone.
            self.scales_in.append(nn.Parameter(signs if place == 0 else torch.ones(k, 1, size)))
            self.scales_out.append(nn.Parameter(torch.ones(k, 1, width)))
            self.biases.append(nn.Parameter(torch.zeros(k, 1, width)))
        self.head = nn.Parameter(torch.randn(k, config.hidden, 1) / config.hidden**0.5)
        self.bias = nn.Parameter(torch.zeros(k, 1, 1))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = inputs.unsqueeze(0)  # (1, batch, inputs)
        for kernel, into, out, bias in zip(
            self.kernels, self.scales_in, self.scales_out, self.biases, strict=True
        ):
            hidden = self.dropout(nn.functional.silu((hidden * into) @ kernel * out + bias))
        odds = hidden @ self.head + self.bias  # (members, batch, 1)
        return odds.squeeze(-1).T  # -> (batch, members)


class History(nn.Module):
    """A GRU over the latest events of one key, with attention of the row over its states."""

    def __init__(self, config: NetworkConfig, query: int) -> None:
        super().__init__()
        self.read = nn.Linear(2 * config.event_values, config.embedding)
        self.cell = nn.GRUCell(config.embedding, config.states)
        self.query = nn.Linear(query, config.states)
        self.states = config.states

    def embed(self, events: Tensor) -> Tensor:
        """Return a vector for each event, (batch, events, values) -> (batch, events, embedding)."""
        gone = torch.isnan(events).to(events.dtype)
        known = _filled(events)
        return self.read(torch.cat([torch.sign(known) * torch.log1p(known.abs()), gone], dim=-1))

    def forward(self, events: Tensor, row: Tensor) -> Tensor:
        """Return (batch, 2 * states): the last state, and what the row attends to.

        Args:
            events: (batch, events, embedding), the latest first.
            row: (batch, query)
        """
        state = events.new_zeros(events.shape[0], self.states)
        states = []
        for place in range(events.shape[1] - 1, -1, -1):  # from the oldest to the latest
            state = self.cell(events[:, place], state)
            states.append(state)
        seen = torch.stack(states, dim=1)  # (batch, events, states)
        scores = (seen @ self.query(row).unsqueeze(-1)).squeeze(-1) / self.states**0.5
        attended = (scores.softmax(dim=1).unsqueeze(-1) * seen).sum(dim=1)
        return torch.cat([state, attended], dim=1)


class TableNetwork(nn.Module):
    """Rows to log-odds: of each member while training, their mean at work.

    ``parts`` and ``head`` are its two halves. Between them each column, and each event of a
    history, is a vector of its own, on which contributions are counted, from those of ``usual``
    on: a row of the training data such as there are most.
    """

    usual: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.columns = config.numbers + len(config.categories)
        width = self.columns * config.embedding
        self.histories = nn.ModuleList(History(config, width) for _ in range(config.histories))
        self.register_buffer("usual", torch.zeros(1, self.columns + config.event_columns))
        self.ensemble = Ensemble(width + 2 * config.states * config.histories, config)

    def parts(self, rows: Tensor) -> Tensor:
        """Return (batch, columns + events, embedding) for rows of columns, then events."""
        own = self.encoder(rows[:, : self.columns])
        if not self.histories:
            return own
        events = rows[:, self.columns :].unflatten(1, (self.config.histories, -1))  # (b, h, e * v)
        read = [
            each.embed(events[:, place].unflatten(1, (-1, self.config.event_values)))  # type: ignore[operator]
            for place, each in enumerate(self.histories)
        ]
        return torch.cat([own, *read], dim=1)

    def members_of(self, parts: Tensor) -> Tensor:
        """Return the log-odds of each member, (batch, parts, embedding) -> (batch, members)."""
        row = nn.functional.silu(parts[:, : self.columns]).flatten(1)
        found = [row]
        if self.histories:
            events = parts[:, self.columns :].unflatten(1, (self.config.histories, -1))
            found += [each(events[:, place], row) for place, each in enumerate(self.histories)]
        return self.ensemble(torch.cat(found, dim=1))

    def members(self, rows: Tensor) -> Tensor:
        return self.members_of(self.parts(rows))

    def head(self, parts: Tensor) -> Tensor:
        return self.members_of(parts).mean(dim=1)  # (batch,)

    def forward(self, rows: Tensor) -> Tensor:
        return self.members(rows).mean(dim=1, keepdim=True)  # (batch, 1)


def _filled(values: Tensor) -> Tensor:
    """Return values with 0 for missing ones."""
    return torch.where(torch.isnan(values), 0.0, values)
