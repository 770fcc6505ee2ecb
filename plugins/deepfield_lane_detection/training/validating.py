"""How well a network does on scenes, by the metric of the TuSimple benchmark."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.special import expit
from torch import nn

from deepfield.evaluation.polylines.tusimple import (
    ABSENT,
    LaneScore,
    sampled,
    score_image,
    tusimple_figures,
)
from deepfield.images import resized
from deepfield_lane_detection.placing import Lines, lines_from
from deepfield_lane_detection.training.scenes import LaneDataset, Scenes

__all__ = [
    "BENCHMARK",
    "HEIGHTS",
    "ask",
    "benchmark",
    "drawn_by",
    "in_benchmark",
    "in_picture",
    "labels_of",
    "scores",
]

BENCHMARK = (720, 1280)
"""The benchmark's pictures, (height, width): its 20 pixels are of these."""
HEIGHTS = np.arange(240, 720, 10)
"""Rows of it at which lines are compared: those of most of its labels. More above them, where no
line is, would only let all agree."""


def ask(
    network: nn.Module, dataset: LaneDataset, device: str = "cpu", batch: int = 16
) -> tuple[Lines, np.ndarray, np.ndarray]:
    """Return what a network says of every scene: lines, their existence as logits, textures."""
    found: list[tuple[np.ndarray, ...]] = []
    for start in range(0, len(dataset), batch):
        numbers = range(start, min(start + batch, len(dataset)))
        pixels = torch.stack([dataset[i][0] for i in numbers]).to(device)
        with torch.inference_mode():
            found.append(tuple(each.float().cpu().numpy() for each in network(pixels)))
    places, presence, existence, texture = (
        np.concatenate(each) for each in zip(*found, strict=True)
    )
    return lines_from(places, presence, existence, dataset.size[1]), existence, texture


def in_picture(points: np.ndarray, original: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """Map points of the network's picture to one of ``original`` (height, width)."""
    return resized(np.empty(size, dtype=np.uint8), original, "pad").to_original(points)


def in_benchmark(scenes: Scenes, place: int) -> list[np.ndarray]:
    """Return a scene's lines in a picture of the benchmark's size."""
    height, width = scenes.size(place)
    scale = np.array([BENCHMARK[1] / width, BENCHMARK[0] / height])
    return [(points + 0.5) * scale - 0.5 for points in scenes.lanes[place]]


def drawn_by(lines: Lines, size: tuple[int, int]) -> np.ndarray:
    """Return x of each place's line at the benchmark's heights, -2 where it has none.

    Returns:
        (n, places, heights)
    """
    count, places = lines.existence.shape
    drawn = np.full((count, places, len(HEIGHTS)), float(ABSENT))
    for i in range(count):
        for place in range(places):
            points = lines.points(i, place, size[0])
            if len(points):
                there = in_picture(points, BENCHMARK, size)
                drawn[i, place] = sampled(there, HEIGHTS, BENCHMARK[1])
    return drawn


def labels_of(scenes: Scenes) -> list[np.ndarray]:
    """Return the labelled lines of each scene at the benchmark's heights, (lanes, heights)."""
    found = []
    for i in range(len(scenes)):
        lines = [sampled(points, HEIGHTS, BENCHMARK[1]) for points in in_benchmark(scenes, i)]
        lines = [each for each in lines if (each >= 0).any()]
        found.append(np.array(lines).reshape(-1, len(HEIGHTS)))
    return found


def scores(
    drawn: np.ndarray, reported: np.ndarray, labels: Sequence[np.ndarray]
) -> list[LaneScore]:
    """Return the benchmark's score of each picture.

    Args:
        drawn: (n, places, heights), as ``drawn_by`` gives them.
        reported: (n, places): which of these are answered.
        labels: (lanes, heights) of each picture.
    """
    there = reported & (drawn >= 0).any(axis=2)
    return [
        score_image(list(lines[shown]), list(wanted), HEIGHTS)
        for lines, shown, wanted in zip(drawn, there, labels, strict=True)
    ]


def benchmark(
    lines: Lines, scenes: Scenes, size: tuple[int, int], threshold: float = 0.5
) -> dict[str, float]:
    """Return the benchmark's figures, each picture brought to its size."""
    reported = expit(lines.existence) >= threshold
    return tusimple_figures(scores(drawn_by(lines, size), reported, labels_of(scenes)))
