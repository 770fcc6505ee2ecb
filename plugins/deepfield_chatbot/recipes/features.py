"""Questions as windows of word pieces to learn from, and the order in which they are learned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from deepfield_chatbot.encoder import minilm_folder
from deepfield_chatbot.pieces import PAD, open_tokenizer, padded
from deepfield_chatbot.reader import windows
from deepfield_chatbot.recipes.questions import Question

__all__ = ["Features", "collate", "features", "pieces_of"]

STEP = 16
"""Lengths of batches are multiples of it: a CPU keeps what it prepared for each shape."""


@dataclass(frozen=True)
class Features:
    """Windows to learn from; those without an answer in them point at the first piece, [CLS]."""

    ids: list[list[int]]
    targets: np.ndarray  # (windows, 2) first and last piece of the answer

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, place: int) -> tuple[list[int], np.ndarray]:
        return self.ids[place], self.targets[place]


def features(
    questions: Sequence[Question], length: int, stride: int, seed: int, empty: float = 0.3
) -> Features:
    """Cut questions into windows.

    Args:
        empty: the share of windows kept that hold no answer though the paragraph does.
    """
    tokenizer = open_tokenizer(minilm_folder().file("tokenizer.json"))
    generator = np.random.default_rng(seed)
    ids, targets = [], []
    pairs = [(each.question, each.context) for each in questions]
    for window in windows(tokenizer, pairs, length, stride):
        question = questions[window.pair]
        target = (0, 0)
        if question.answers and window.offsets:
            target = _target(question, window.offsets, window.first)
            if target == (0, 0) and generator.random() > empty:
                continue
        ids.append(window.ids)
        targets.append(target)
    return Features(ids, np.array(targets, dtype=np.int64).reshape(-1, 2))


def _target(question: Question, offsets: list[tuple[int, int]], first: int) -> tuple[int, int]:
    """Return the pieces of the answer that most people gave, if the window holds it whole."""
    places = [(each.start, each.start + len(each.text)) for each in question.answers]
    begins, ends = max(
        dict.fromkeys(places), key=lambda each: (places.count(each), each[0] - each[1])
    )
    if offsets[0][0] > begins or offsets[-1][1] < ends:
        return 0, 0
    start = int(np.searchsorted([end for _, end in offsets], begins, side="right"))
    end = int(np.searchsorted([start for start, _ in offsets], ends, side="left")) - 1
    return (first + start, first + end) if start <= end else (0, 0)


def pieces_of(data: Features, piece: int, batch: int, seed: int) -> Callable[[int], DataLoader]:
    """Return what gives the batches of a piece of the windows, by its number.

    Every window comes once in a pass, in an order of its own in each; those of about one length
    share a batch.
    """

    def batches(number: int) -> DataLoader:
        wanted = np.arange(number * piece, (number + 1) * piece)
        order = np.concatenate(
            [
                np.random.default_rng([seed, turn]).permutation(len(data))
                for turn in range(wanted[0] // len(data), wanted[-1] // len(data) + 1)
            ]
        )
        chosen = order[wanted - wanted[0] // len(data) * len(data)]
        generator = np.random.default_rng([seed, 7, number])
        lengths = np.array([len(data.ids[place]) for place in chosen])
        chosen = chosen[np.argsort(lengths + generator.uniform(0, 16, len(chosen)))]
        groups = [chosen[start : start + batch].tolist() for start in range(0, piece, batch)]
        generator.shuffle(groups)
        return DataLoader(data, batch_sampler=groups, collate_fn=collate)  # type: ignore[arg-type]

    return batches


def collate(rows: list[tuple[list[int], np.ndarray]]) -> tuple[Tensor, Tensor]:
    """Return ids (batch, length) and targets.

    Targets (batch, 2) are places; targets (batch, 2, length) are how likely each place is.
    """
    ids, targets = zip(*rows, strict=True)
    whole = torch.from_numpy(padded(ids, 512))
    whole = nn.functional.pad(whole, (0, -whole.shape[1] % STEP), value=PAD)
    if targets[0].ndim == 1:
        return whole, torch.from_numpy(np.stack(targets))
    likely = torch.zeros(len(rows), 2, whole.shape[1])
    for place, each in enumerate(targets):
        likely[place, :, : each.shape[1]] = torch.from_numpy(each.astype(np.float32))
    return whole, likely
