"""Networks that recommend, as they serve: an engine reads histories, the rest is a few products."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from pydantic import BaseModel
from safetensors.numpy import load_file

from deepfield.models import ModelFolder
from deepfield.neural.engines import Engine, open_engine
from deepfield.predictor import Report
from deepfield_recommendations.fit_options import NetworkFitOptions, TowerFitOptions
from deepfield_recommendations.index import MANY, ItemIndex, open_index
from deepfield_recommendations.recommender import Recommender
from deepfield_recommendations.repeats import FIGURES, Repeats, repeats
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.trends import week_of

if TYPE_CHECKING:
    from torch import nn

__all__ = ["NetworkRecommender", "TowerRecommender"]

HERE = Path(__file__).parent
ROWS = 16
"""Histories a request: so few stay in a core's cache."""
PAIRS = 4096
"""Earlier items a request."""


class NetworkRecommender(Recommender):
    """A network's folder: vectors after a history, vectors of items, and what is added to scores.

    The score of an item is its vector's product with that of the history. Where people take the
    same again, what sells in that week is added, and what a user took before gets, instead of the
    product, a score by how they took it. Of up to 50,000 items a score is the logarithm of a
    share, so that all add up to one.
    """

    FitOptions: ClassVar[type[BaseModel] | None] = NetworkFitOptions
    largest_batch = 65_536

    def __init__(self, folder: ModelFolder, device: str) -> None:
        super().__init__(folder)
        self.device = device
        self.length = int(folder.config["network"]["length"])
        tensors = load_file(folder.weights)
        self.items = tensors["items.weight"].astype(np.float32)  # (items + 1, width)
        self._weekly = tensors.get("weekly")  # (weeks, items + 1), or None
        if self._weekly is not None:
            self._began = int(tensors["began"])
            self._repeatable = tensors["repeat.repeatable.weight"]  # (items + 1, own)
        self.dense = len(self.items) <= MANY
        example = np.zeros((4, self.length), dtype=np.int64)
        example[0, :1], example[1, :2], example[2] = 1, 1, 1
        towers = folder.config["network"]["kind"] == "towers"
        code = HERE / ("item_tower.py" if towers else "network.py")
        self._engine = open_engine(folder, self._reader, example, code, device, rows_a_request=ROWS)

    @classmethod
    def load(cls, folder: ModelFolder, device: str = "auto") -> Self:
        return cls(folder, device)

    def vectors(self, histories: Sequences) -> np.ndarray:
        codes = histories.latest(self.length).astype(np.int64)
        return self._engine(codes)[0] if len(codes) else np.zeros((0, self.items.shape[1]), "f4")

    def scores(self, histories: Sequences, now: np.ndarray) -> np.ndarray:
        found = self.vectors(histories) @ self.items.T
        if self._weekly is not None:
            weekly = self._weekly[week_of(now, self._began, len(self._weekly))]
            found += weekly
            earlier = repeats(histories, now)
            users, items = earlier.users, earlier.items
            usual = weekly[users, items]
            found[users, items] = usual + self._again(earlier, usual)
        found[:, 0] = -np.inf
        if self.dense:
            found -= found.max(axis=1, keepdims=True)
            found -= np.log(np.exp(found).sum(axis=1, keepdims=True))
        return found

    def scores_of(self, histories: Sequences, now: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return scores but for what is the same for all items of a user."""
        found = np.einsum("uw,ukw->uk", self.vectors(histories), self.items[codes])
        if self._weekly is not None:
            week = week_of(now, self._began, len(self._weekly))
            found += self._weekly[week[:, None], codes]
            if len(histories.items):
                earlier = repeats(histories, now)
                usual = self._weekly[week[earlier.users], earlier.items]
                again = usual + self._again(earlier, usual)
                keys = earlier.users * len(self.items) + earlier.items  # rising
                asked = np.arange(len(codes))[:, None] * len(self.items) + codes
                place = np.searchsorted(keys, asked).clip(max=len(keys) - 1)
                found = np.where(keys[place] == asked, again[place], found)
        found[codes == 0] = -np.inf
        return found

    def best(
        self,
        histories: Sequences,
        now: np.ndarray,
        count: int,
        allowed: np.ndarray | None,
        keeps: bool,
    ) -> tuple[np.ndarray, np.ndarray]:
        if self.dense:
            return super().best(histories, now, count, allowed, keeps)
        # Of a great many items those that an index finds.
        vectors = self.vectors(histories)
        if keeps:
            return self._index.search(vectors, count, allowed)
        most = int(histories.lengths.max(initial=0))
        codes, scores = self._index.search(vectors, count + most, allowed)
        width = len(self.items)
        owner = np.arange(len(histories))[:, None] * width
        taken = np.isin(owner + codes, histories.users * width + histories.items)
        order = np.argsort(taken, axis=1, kind="stable")[:, :count]
        codes, scores = np.where(taken, 0, codes), np.where(taken, -np.inf, scores)
        return np.take_along_axis(codes, order, axis=1), np.take_along_axis(scores, order, axis=1)

    def likeness(self, codes: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
        """Return cosines of items' vectors."""
        unit = self._unit
        found = unit[codes] @ (unit if others is None else unit[others]).T
        if others is None:
            found[:, 0] = -np.inf
        return found

    @classmethod
    def fit(
        cls,
        training: pd.DataFrame,
        validation: pd.DataFrame,
        folder: Path,
        *,
        base: ModelFolder,
        options: Any,
        report: Report,
        device: str = "auto",
    ) -> None:
        from deepfield_recommendations.fitting import fit_network  # brings torch

        fit_network(training, validation, folder, base, options, report, device)

    @cached_property
    def _unit(self) -> np.ndarray:
        norms = np.linalg.norm(self.items, axis=1, keepdims=True)
        return self.items / np.maximum(norms, 1e-9)

    @cached_property
    def _index(self) -> ItemIndex:
        return open_index(self.items)

    @cached_property
    def _again_engine(self) -> Engine:
        width = FIGURES + 1 + self._repeatable.shape[1]
        example = np.random.default_rng(0).normal(size=(4, width)).astype(np.float32)
        code = HERE / "repeat_term.py"
        return open_engine(
            self.folder, self._again_layers, example, code, self.device, rows_a_request=PAIRS
        )

    def _again(self, earlier: Repeats, usual: np.ndarray) -> np.ndarray:
        """Return the scores of what was taken before, but for what sells, (m,)."""
        if not len(earlier.users):
            return usual
        told = [earlier.figures, usual[:, None], self._repeatable[earlier.items]]
        return self._again_engine(np.concatenate(told, axis=1).astype(np.float32))[0].ravel()

    def _reader(self) -> nn.Module:
        from deepfield_recommendations.fitting import LastVector, read_network

        return LastVector(read_network(self.folder))

    def _again_layers(self) -> nn.Module:
        from deepfield_recommendations.fitting import read_network
        from deepfield_recommendations.network import SequenceNetwork

        network = read_network(self.folder)
        assert isinstance(network, SequenceNetwork)
        return network.repeat.layers


class TowerRecommender(NetworkRecommender):
    """Two towers, whose items need not have been taken: a catalogue may name others."""

    FitOptions = TowerFitOptions
