"""Scenes to learn from: encoded pictures with the points of their lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch.utils.data import Dataset

from deepfield.images import read_picture
from deepfield_lane_detection.training.augmentation import (
    Strength,
    changed,
    to_network,
    without_lines,
)
from deepfield_lane_detection.training.targets import targets_of

__all__ = ["LaneDataset", "Scenes"]

WIDTH = 448
"""Pixels that a scene is kept at: room to look closer at a part of it."""


@dataclass(frozen=True)
class Scenes:
    """Pictures as JPEG or PNG bytes, and for each the lines on it, (n, 2) points in its pixels."""

    pictures: Sequence[bytes]
    lanes: Sequence[list[np.ndarray]]

    def __len__(self) -> int:
        return len(self.pictures)

    def __add__(self, other: Scenes) -> Scenes:
        return Scenes([*self.pictures, *other.pictures], [*self.lanes, *other.lanes])

    def part(self, rows: Iterable[int]) -> Scenes:
        rows = list(rows)
        return Scenes([self.pictures[i] for i in rows], [self.lanes[i] for i in rows])

    def decoded(self, place: int) -> np.ndarray:
        """Return one picture, uint8 (H, W, 3), RGB."""
        return read_picture(self.pictures[place], "RGB")

    def size(self, place: int) -> tuple[int, int]:
        """Return (height, width) of one picture, from its header alone."""
        with Image.open(BytesIO(self.pictures[place])) as picture:
            return picture.height, picture.width

    @classmethod
    def of_files(cls, files: Sequence[Path]) -> Scenes:
        """Read what ``write`` wrote."""
        rows = pd.concat([pd.read_parquet(file) for file in files])
        lanes = [
            [np.array(line, dtype=float) for line in json.loads(text)] for text in rows["lanes"]
        ]
        return cls(list(rows["image"]), lanes)

    def write(self, file: Path) -> None:
        """Write pictures and lines to a Parquet file."""
        lanes = [json.dumps([np.round(line, 1).tolist() for line in lines]) for lines in self.lanes]
        pd.DataFrame({"image": list(self.pictures), "lanes": lanes}).to_parquet(file)

    @classmethod
    def of_labels(cls, rows: pd.DataFrame) -> Scenes:
        """Take labelled photographs: rows of image, lanes and h_samples."""
        return cls.of_pictures(
            (read_picture(row["image"], "RGB"), labelled(row["lanes"], row["h_samples"]))
            for _, row in rows.iterrows()
        )

    @classmethod
    def of_pictures(cls, pictures: Iterable[tuple[np.ndarray, list[np.ndarray]]]) -> Scenes:
        """Take RGB pictures and their lines, made smaller: no network needs them larger."""
        encoded, lanes = [], []
        for picture, lines in pictures:
            scale = min(WIDTH / picture.shape[1], 1.0)
            small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            file = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
            encoded.append(file.tobytes())
            lanes.append([(points + 0.5) * scale - 0.5 for points in lines])
        return cls(encoded, lanes)


def labelled(lanes: Sequence[Sequence[float]], heights: Sequence[float]) -> list[np.ndarray]:
    """Return the points of each line of a TuSimple label that has two at least."""
    pairs = [np.stack([lane, heights], axis=1).astype(float) for lane in map(np.asarray, lanes)]
    there = [each[each[:, 0] >= 0] for each in pairs]
    return [each for each in there if len(each) >= 2]


class LaneDataset(Dataset):
    """Scenes as the network takes them: pixels, and targets counted both ways.

    Args:
        strength: how far they are changed at random; None: not at all.
    """

    def __init__(
        self,
        scenes: Scenes,
        size: tuple[int, int],
        rows: int,
        strength: Strength | None = None,
        seed: int = 0,
        empty: float = 0.0,
    ) -> None:
        self.scenes = scenes
        self.size = size
        self.rows = rows
        self.strength = strength
        self.seed = seed
        self.empty = empty

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, place: int) -> tuple[torch.Tensor, torch.Tensor]:
        picture, lanes = self.scenes.decoded(place), self.scenes.lanes[place]
        if self.strength is None:
            pixels, moved, box = to_network(picture, lanes, self.size)
        else:
            # By the draw, not by the scene: one that is drawn twice is changed otherwise.
            draw = int(torch.randint(2**31, ()))
            generator = np.random.default_rng((self.seed, place, draw))
            if generator.random() < self.empty:
                picture, lanes = without_lines(picture, lanes, generator), []
            pixels, moved, box = changed(picture, lanes, self.size, self.strength, generator)
        targets = targets_of(moved, box, self.size, self.rows)
        return torch.from_numpy(np.ascontiguousarray(pixels)), torch.from_numpy(targets)
