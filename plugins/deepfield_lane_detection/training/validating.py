"""How well a network does on scenes, by the metric of the TuSimple benchmark."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from scipy.special import expit
from torch import nn

from deepfield.evaluation.polylines.tusimple import sampled, score_image, tusimple_figures
from deepfield.images import inner_box
from deepfield_lane_detection.placing import Lines, lines_from
from deepfield_lane_detection.training.scenes import LaneDataset, Scenes

__all__ = ["BENCHMARK", "HEIGHTS", "ask", "benchmark", "in_benchmark", "in_picture"]

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
    top, left, height, width = inner_box(original, size, "pad")
    scale = np.array([original[1] / width, original[0] / height])
    return (points - (left, top) + 0.5) * scale - 0.5


def in_benchmark(scenes: Scenes, place: int) -> list[np.ndarray]:
    """Return a scene's lines in a picture of the benchmark's size."""
    height, width = scenes.decoded(place).shape[:2]
    scale = np.array([BENCHMARK[1] / width, BENCHMARK[0] / height])
    return [(points + 0.5) * scale - 0.5 for points in scenes.lanes[place]]


def benchmark(
    lines: Lines, scenes: Scenes, size: tuple[int, int], threshold: float = 0.5
) -> dict[str, float]:
    """Return the benchmark's figures, each picture brought to its size."""
    scores = []
    for place in range(len(scenes)):
        wanted = [sampled(points, HEIGHTS, BENCHMARK[1]) for points in in_benchmark(scenes, place)]
        answers = [
            sampled(in_picture(points, BENCHMARK, size), HEIGHTS, BENCHMARK[1])
            for points in found(lines, place, size[0], threshold)
        ]
        scores.append(score_image(answers, wanted, HEIGHTS))
    return tusimple_figures(scores)


def found(lines: Lines, picture: int, height: int, threshold: float) -> Iterator[np.ndarray]:
    """Yield the points of each line that is there, in the network's picture."""
    for place in np.flatnonzero(expit(lines.existence[picture]) >= threshold):
        points = lines.points(picture, int(place), height)
        if len(points):
            yield points
