"""Do heat maps show what the answer rests on? Remove it and see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pandas as pd

from deepfield.loading import Model

__all__ = ["deletion_test"]


def deletion_test(model: Model, pictures: Sequence[np.ndarray]) -> dict[str, Any]:
    """Return how often removing the hottest tenth of a picture hurts more than a random tenth.

    What is removed takes the picture's mean colour. The random tenth is drawn in squares as large
    as a cell of the map, in the lower half of the picture, where roads are. What it hurts is the
    sum of the probabilities of the lines that were found before.
    """
    generator = np.random.default_rng(0)
    rows = model.inputs.read(pd.DataFrame({"image": pd.Series(list(pictures), dtype=object)})).rows
    options = model.domain.Options()
    explanations = model.predictor.explain(rows, options)
    maps = [each.heatmap.values for each in explanations if each.heatmap]

    def remaining(orders: Sequence[np.ndarray] | None) -> list[dict[str, float]]:
        some = list(pictures)
        if orders is not None:
            some = [_without(each, order) for each, order in zip(pictures, orders, strict=True)]
        frame = pd.DataFrame({"image": pd.Series(some, dtype=object)})
        answers = model.predict(frame, least=0.05)
        return [{each["name"]: each["confidence"] for each in lanes} for lanes in answers["lanes"]]

    before = remaining(None)
    chance = []
    for heat in maps:
        order = generator.random(heat.shape, dtype=np.float32)
        order[: heat.shape[0] // 2] = -1
        chance.append(order)
    drops = {
        name: np.array(
            [
                sum(sure - now.get(lane, 0.0) for lane, sure in then.items() if sure >= 0.5)
                for then, now in zip(before, remaining(orders), strict=True)
            ]
        )
        for name, orders in (("hottest", maps), ("random", chance))
    }
    return {
        "pictures": len(pictures),
        "hottest hurts more": float((drops["hottest"] > drops["random"]).mean()),
        "mean drop, hottest": float(drops["hottest"].mean()),
        "mean drop, random": float(drops["random"].mean()),
    }


def _without(picture: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return a picture without the tenth of its cells that come first."""
    count = max(order.size // 10, 1)
    chance = np.random.default_rng(0).permutation(order.size)
    mask = np.zeros(order.size, dtype=np.uint8)
    mask[np.lexsort((chance, order.ravel()))[-count:]] = 1
    size = picture.shape[1], picture.shape[0]
    whole = cv2.resize(mask.reshape(order.shape), size, interpolation=cv2.INTER_NEAREST)
    changed = picture.copy()
    changed[whole == 1] = picture.reshape(-1, 3).mean(axis=0).round()
    return changed
