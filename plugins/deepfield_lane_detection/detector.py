"""The detector of lanes: one picture to lines, what they say about the car, and trust."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from deepfield.explanation import Explanation, Heatmap
from deepfield.fields import Image, Polylines
from deepfield.images import Resized, inner_box
from deepfield.models import ModelFolder
from deepfield.neural.engines import Engine, open_engine
from deepfield.predictor import Predictor
from deepfield.table import Table
from deepfield.trust import Calibration, MahalanobisGuard, trust_labels
from deepfield_lane_detection import LaneDetection, LaneOptions
from deepfield_lane_detection.geometry import Camera, curvature, middle_of, offset_of, on_road
from deepfield_lane_detection.placing import LEFT, NAMES, RIGHT, Lines, lines_from

if TYPE_CHECKING:
    from deepfield_lane_detection.network import LaneNetwork

__all__ = ["NETWORK", "LaneDetector", "against_none", "both_right", "build", "likely"]

NETWORK = Path(__file__).with_name("network.py")


class LaneDetector(Predictor):
    """MobileNetV2 that places lines row by row, with calibrated existence and a guard."""

    largest_batch = 16
    """Frames: a video's are held decoded while their batch is in work."""

    def __init__(
        self,
        folder: ModelFolder,
        engine: Engine,
        existence: Calibration,
        answers: Calibration,
        guard: MahalanobisGuard,
    ) -> None:
        self.folder = folder
        self.engine = engine
        self.existence = existence
        self.answers = answers
        self.guard = guard
        self.size: tuple[int, int] = (folder.config["height"], folder.config["width"])
        self.inputs = Table(Image("image", mode="RGB", size=self.size, fit="pad"))

    @classmethod
    def load(cls, folder: ModelFolder, device: str = "auto") -> Self:
        size = folder.config["height"], folder.config["width"]
        example = np.linspace(0, 255, size[0] * size[1] * 3).astype(np.uint8).reshape(1, *size, 3)
        existence = Calibration(**folder.config["existence"])
        answers = Calibration.load(folder.file("calibration.json"))
        guard = MahalanobisGuard.load(folder.file("guard.safetensors"))
        engine = open_engine(folder, lambda: build(folder), example, NETWORK, device)
        return cls(folder, engine, existence, answers, guard)

    def predict(self, rows: pd.DataFrame, options: LaneOptions) -> pd.DataFrame:
        pictures = rows["image"].to_list()
        lines, texture = self._look(pictures)
        probability = self.probability(lines.existence)
        confidence = self.confidence(probability, options.least)
        found = [
            self._answer(lines, probability, place, picture, options)
            for place, picture in enumerate(pictures)
        ]
        results = pd.DataFrame(found, index=rows.index)
        lanes: Polylines = next(
            each for each in LaneDetection.outputs if isinstance(each, Polylines)
        )
        array = pa.array([each["lanes"] for each in found], type=lanes.arrow)
        results["lanes"] = lanes.column(array, rows.index)
        results["confidence"] = confidence
        results["trust"] = trust_labels(
            confidence, self.answers.least_confidence(options.max_error), self.guard.score(texture)
        )
        return results

    def explain(self, rows: pd.DataFrame, options: LaneOptions) -> list[Explanation]:
        """Return where the evidence for the lines that were found lies."""
        import torch

        from deepfield.neural.attribution import evidence_maps

        answers = self.predict(rows, options)
        pictures = rows["image"].to_list()
        network = self._network
        maps = evidence_maps(
            network.evidence,
            network.middle,
            torch.from_numpy(np.stack([np.asarray(each) for each in pictures])),
            torch.ones(len(rows), dtype=torch.int64),
        )
        return [
            Explanation(said(answer), (Heatmap(uncovered(heat, picture)),))
            for (_, answer), heat, picture in zip(answers.iterrows(), maps, pictures, strict=True)
        ]

    def probability(self, existence: np.ndarray) -> np.ndarray:
        """Return for each place the calibrated probability that its line is there, (n, places)."""
        return likely(existence, self.existence)

    def confidence(self, probability: np.ndarray, least: float) -> np.ndarray:
        """Return the calibrated probability that the car's own lane is right, (n,)."""
        return self.answers.probabilities(both_right(probability, least))[:, 1]

    def _look(self, pictures: list[np.ndarray]) -> tuple[Lines, np.ndarray]:
        batch = np.stack([np.asarray(each) for each in pictures])
        places, presence, existence, texture = self.engine(batch)
        return lines_from(places, presence, existence, self.size[1]), texture

    def _answer(
        self,
        lines: Lines,
        probability: np.ndarray,
        place: int,
        picture: np.ndarray,
        options: LaneOptions,
    ) -> dict[str, Any]:
        """Return one picture's answers, in pixels of the picture as it came."""
        back = picture.to_original if isinstance(picture, Resized) else lambda points: points
        size = picture.original if isinstance(picture, Resized) else picture.shape[:2]
        found: dict[int, np.ndarray] = {}
        for slot in np.flatnonzero(probability[place] >= options.least):
            points = lines.points(place, int(slot), self.size[0])
            if len(points):
                found[int(slot)] = within(back(points), size[0])
        answer: dict[str, Any] = {
            "lanes": [
                {
                    "name": NAMES[slot],
                    "confidence": float(probability[place, slot]),
                    "points": points.tolist(),
                }
                for slot, points in found.items()
            ],
            "lines": float(len(found)),
            "picture_width": float(size[1]),
            "picture_height": float(size[0]),
        }
        return answer | _of_lane(found.get(LEFT), found.get(RIGHT), size, options)

    @cached_property
    def _network(self) -> LaneNetwork:
        """Return the torch network, which only explanations need when OpenVINO answers."""
        return build(self.folder).eval()


def within(points: np.ndarray, height: int) -> np.ndarray:
    """Return a line without what lies over the upper or under the lower edge of its picture."""
    inside = points[(points[:, 1] > -0.5) & (points[:, 1] < height - 0.5)]
    ends = np.array([max(points[0, 1], -0.5), min(points[-1, 1], height - 0.5)])
    across = np.interp(ends, points[:, 1], points[:, 0])
    if not len(inside):
        return inside
    edges = np.stack([across, ends], axis=1).astype(np.float32)
    return np.concatenate([edges[:1], inside[1:-1], edges[1:]])


def likely(existence: np.ndarray, calibration: Calibration) -> np.ndarray:
    """Return the calibrated probability of each line, from logits of any shape."""
    return calibration.probabilities(against_none(existence))[..., 1]


def against_none(logits: np.ndarray) -> np.ndarray:
    """Return logits of two classes, the first of which says that it is not so."""
    return np.stack([np.zeros_like(logits), logits], axis=-1)


def both_right(probability: np.ndarray, least: float) -> np.ndarray:
    """Return logits (n, 2) of how sure the two lines of the car's lane are, there or not there.

    Args:
        probability: (n, places) that each line is there.
        least: from which on a line is reported.
    """
    own = probability[:, [LEFT, RIGHT]]
    sure = np.where(own >= least, own, 1 - own).prod(axis=1).clip(1e-6, 1 - 1e-6)
    return against_none(np.log(sure / (1 - sure)))


def _of_lane(
    left: np.ndarray | None, right: np.ndarray | None, size: tuple[int, int], options: LaneOptions
) -> dict[str, Any]:
    """Return what the lane's two lines say about the car; unknown where one is missing."""
    offset = bend = width_m = offset_m = bend_m = math.nan
    if left is not None and right is not None:
        offset = offset_of(left, right, size)
        bend = curvature(middle_of(left, right), scale=size[1])
        if options.camera_height > 0:
            camera = Camera.of_view(options.camera_height, options.pitch, options.view, size)
            offset_m, width_m, bend_m = on_road(left, right, camera)
    if math.isnan(offset):
        departure = "unknown"
    elif abs(offset) < options.departure:
        departure = "none"
    else:
        departure = "right" if offset > 0 else "left"
    return {
        "departure": departure,
        "offset": offset,
        "curvature": bend,
        "offset_m": offset_m,
        "lane_width_m": width_m,
        "curvature_m": bend_m,
    }


def said(answer: Mapping[str, Any] | pd.Series) -> str:
    """Return an answer in a sentence."""
    names = [each["name"] for each in answer["lanes"]]
    if not names:
        return f"No line was found (sure of that: {answer['confidence']:.0%})."
    lines = "line" if len(names) == 1 else "lines"
    text = f"{len(names)} {lines} found: {', '.join(names)}."
    if not math.isnan(answer["offset"]):
        side = "right" if answer["offset"] > 0 else "left"
        text += f" The camera is {abs(answer['offset']):.0%} of a lane's width {side} of the middle"
        text += (
            f", near the line on the {answer['departure']}."
            if answer["departure"] in ("left", "right")
            else "."
        )
    return text


def uncovered(heat: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """Return the part of a heat map over what is no bar: it then spans the picture as it came."""
    if not isinstance(picture, Resized):
        return heat
    top, left, height, width = inner_box(picture.original, picture.shape[:2], picture.fit)
    rows, columns = heat.shape
    tall, broad = picture.shape[0] / rows, picture.shape[1] / columns
    y = np.clip((np.linspace(top, top + height, rows) / tall).astype(int), 0, rows - 1)
    x = np.clip((np.linspace(left, left + width, columns) / broad).astype(int), 0, columns - 1)
    return heat[np.ix_(y, x)]


def build(folder: ModelFolder) -> LaneNetwork:
    """Return the torch network of a model folder, with its weights."""
    from deepfield.neural.weights import load_weights
    from deepfield_lane_detection.network import LaneNetwork, NetworkConfig

    known = {name: folder.config[name] for name in NetworkConfig.__dataclass_fields__}
    network = LaneNetwork(NetworkConfig(**known))
    load_weights(network, folder.weights)
    return network
