"""What carried an answer: a heat map over the picture, or the contribution of each input."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

__all__ = ["Contributions", "Explanation", "Heatmap", "overlay"]


@dataclass(frozen=True)
class Heatmap:
    """How much each part of a picture spoke for the answer.

    ``values`` is float32 (h, w) in 0..1, coarser than the picture; stretched over the whole of it.
    """

    values: np.ndarray
    of: str = "image"
    """The input column that it lies over."""


@dataclass(frozen=True)
class Contributions:
    """What each input added to the score; with ``base`` they sum to it."""

    values: dict[str, float]
    base: float = 0.0
    unit: str = "log-odds"
    """What the sum is: log-odds, which faces also show as a probability, or another score."""


@dataclass(frozen=True)
class Explanation:
    """One sentence for people, and the evidence behind it."""

    summary: str
    evidence: tuple[Heatmap | Contributions, ...] = field(default=())

    @property
    def heatmap(self) -> Heatmap | None:
        return next((each for each in self.evidence if isinstance(each, Heatmap)), None)

    @property
    def contributions(self) -> Contributions | None:
        return next((each for each in self.evidence if isinstance(each, Contributions)), None)

    def to_json(self) -> dict[str, Any]:
        """Return plain lists and numbers."""
        parts: dict[str, Any] = {"summary": self.summary}
        if self.heatmap:
            parts["heatmap"] = np.round(self.heatmap.values.astype(float), 4).tolist()
        if self.contributions:
            parts["contributions"] = dict(self.contributions.values)
            parts["base"] = self.contributions.base
        return parts

    def packed(self) -> str:
        """Return all of it as text, for ``unpacked`` to read."""
        evidence = [
            {"values": each.values.astype(float).tolist(), "of": each.of}
            if isinstance(each, Heatmap)
            else {**vars(each), "values": {name: float(v) for name, v in each.values.items()}}
            for each in self.evidence
        ]
        return json.dumps({"summary": self.summary, "evidence": evidence}, default=float)

    @classmethod
    def unpacked(cls, text: str) -> Explanation:
        """Return what ``packed`` made text of."""
        parts = json.loads(text)
        return cls(
            parts["summary"],
            tuple(
                Heatmap(np.array(each["values"], dtype=np.float32), each["of"])
                if "of" in each
                else Contributions(**each)
                for each in parts["evidence"]
            ),
        )


# Dark violet, magenta, orange, pale yellow: lightness rises evenly, so that the map also reads in
# print and for people who confuse red and green.
_STOPS = np.array(
    [(13, 8, 60), (84, 15, 109), (187, 55, 84), (249, 142, 9), (252, 255, 164)], dtype=np.float32
)


def overlay(picture: Image.Image, heatmap: Heatmap, opacity: float = 0.45) -> Image.Image:
    """Lay a heat map over a picture; where the map is cold the picture shows through unchanged."""
    grey = picture.convert("RGB")
    heat = Image.fromarray(heatmap.values.astype(np.float32)).resize(
        grey.size, Image.Resampling.BICUBIC
    )
    values = np.clip(np.asarray(heat), 0, 1)
    position = np.linspace(0, 1, len(_STOPS))
    colours = np.stack([np.interp(values, position, channel) for channel in _STOPS.T], axis=-1)
    alpha = (opacity * np.sqrt(values))[..., None]
    mixed = np.asarray(grey, dtype=np.float32) * (1 - alpha) + colours * alpha
    return Image.fromarray(mixed.astype(np.uint8))
