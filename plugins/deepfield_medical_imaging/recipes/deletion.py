"""Do heat maps show what the answer rests on? Remove it and see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from deepfield.loading import Model

__all__ = ["deletion_test"]


def deletion_test(model: Model, scans: pd.DataFrame, count: int = 300) -> dict[str, Any]:
    """Return how often removing the hottest fifth of a scan hurts more than a random fifth.

    Removed pixels take the scan's mean grey, which the network's standardisation maps to 0. The
    random fifth is drawn pixel by pixel, and a second time in squares as large as a cell of the
    map, which is harder to beat. Only scans that were called rightly count.
    """
    generator = np.random.default_rng(0)
    sample = scans.sample(min(count, len(scans)), random_state=0)
    options = model.domain.Options()
    rows = model.inputs.read(sample[["image"]]).rows
    answers = model.predict_checked(rows, options)
    right = (answers["finding"] == sample["label"]).to_numpy()
    rows, answers = rows[right], answers[right]
    explanations = model.predictor.explain(rows, options)
    maps = [each.heatmap.values for each in explanations if each.heatmap]
    before = answers["confidence"].to_numpy()

    def drop(orders: list[np.ndarray]) -> np.ndarray:
        """Return how far confidence falls without the fifth that each order puts first."""
        pairs = zip(rows["image"], orders, strict=True)
        pictures = [_without_fifth(scan, _stretched(order, scan)) for scan, order in pairs]
        changed = pd.DataFrame({"image": pd.Series(pictures, rows.index, dtype=object)})
        now = model.predict_checked(changed, options)
        return before - _probability_of(answers["finding"], now)

    hot = drop(maps)
    pixels = drop([generator.random(scan.shape, dtype=np.float32) for scan in rows["image"]])
    squares = drop([generator.random(heat.shape, dtype=np.float32) for heat in maps])
    return {
        "scans": len(rows),
        "hottest hurts more than random pixels": float((hot > pixels).mean()),
        "hottest hurts more than random squares": float((hot > squares).mean()),
        "mean drop, hottest": float(hot.mean()),
        "mean drop, pixels": float(pixels.mean()),
        "mean drop, squares": float(squares.mean()),
    }


def _probability_of(findings: pd.Series, answers: pd.DataFrame) -> np.ndarray:
    """Return the probability that ``answers`` give to the class that was found before."""
    known = answers[
        [name for name in answers.columns if name in set(findings) | set(answers["finding"])]
    ]
    if known.shape[1] == 1:  # of two classes only the second has a column
        (positive,) = known.columns
        ill = known[positive].to_numpy()
        return np.where(findings == positive, ill, 1 - ill)
    return np.array([known.at[row, finding] for row, finding in findings.items()])


def _stretched(order: np.ndarray, scan: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(order).resize(scan.shape[::-1], Image.Resampling.BICUBIC))


def _without_fifth(scan: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return the scan with the fifth of its pixels that ``order`` puts highest made mean grey.

    Just a fifth: where a map is flat, chance decides between equals.
    """
    chance = np.random.default_rng(0).permutation(order.size)
    highest = np.lexsort((chance, order.ravel()))[-(order.size // 5) :]
    changed = scan.copy().ravel()
    changed[highest] = round(float(scan.mean()))
    return changed.reshape(scan.shape)
