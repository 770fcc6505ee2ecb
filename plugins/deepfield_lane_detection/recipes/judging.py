"""Which lines of a network are right: what calibration, trust and figures are made from."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from deepfield.evaluation.polylines.tusimple import (
    MATCHED,
    LaneScore,
    line_accuracies,
    sampled,
)
from deepfield_lane_detection.geometry import foot
from deepfield_lane_detection.placing import LEFT, NAMES, RIGHT, Lines, row_heights
from deepfield_lane_detection.training.scenes import Scenes
from deepfield_lane_detection.training.targets import targets_of
from deepfield_lane_detection.training.validating import (
    BENCHMARK,
    HEIGHTS,
    drawn_by,
    in_benchmark,
    labels_of,
    scores,
)

__all__ = ["Judged", "judge", "usual_lanes"]


@dataclass(frozen=True)
class Judged:
    """Answers beside labels, for n pictures."""

    existence: np.ndarray
    """(n, places), logits."""
    matched: np.ndarray
    """(n, places): whether the line drawn there would lie on a labelled one."""
    drawn: np.ndarray
    """(n, places, heights): x in the benchmark's picture, -2 where there is no line."""
    labels: list[np.ndarray]
    """(lanes, heights) of each picture."""

    def __add__(self, other: Judged) -> Judged:
        return Judged(
            np.concatenate([self.existence, other.existence]),
            np.concatenate([self.matched, other.matched]),
            np.concatenate([self.drawn, other.drawn]),
            [*self.labels, *other.labels],
        )

    def first(self, count: int) -> Judged:
        """Return the first pictures alone."""
        return self.ordered(np.arange(min(count, len(self.labels))))

    def ordered(self, places: np.ndarray) -> Judged:
        return Judged(
            self.existence[places],
            self.matched[places],
            self.drawn[places],
            [self.labels[i] for i in places],
        )

    def scores(self, reported: np.ndarray) -> list[LaneScore]:
        """Return the benchmark's scores where the lines of (n, places) are reported."""
        return scores(self.drawn, reported, self.labels)

    def own_lane_right(self, reported: np.ndarray) -> np.ndarray:
        """Return for each picture whether the two lines beside the car are right, (n,).

        They are if each that is reported is a labelled one, and each first labelled line left and
        right of the picture's middle is found.
        """
        right = np.zeros(len(self.labels), dtype=bool)
        for i, wanted in enumerate(self.labels):
            own = [place for place in (LEFT, RIGHT) if reported[i, place]]
            found = np.asarray(lies_on(self.drawn[i][reported[i]], wanted).any(axis=1))
            beside = _beside(wanted)
            right[i] = bool(self.matched[i, own].all() and all(found[k] for k in beside))
        return right


def judge(lines: Lines, scenes: Scenes, size: tuple[int, int]) -> Judged:
    """Set what a network says beside the labels, each picture brought to the benchmark's size."""
    drawn, labels = drawn_by(lines, size), labels_of(scenes)
    matched = [
        lies_on(each, wanted).any(axis=0) for each, wanted in zip(drawn, labels, strict=True)
    ]
    return Judged(lines.existence, np.array(matched), drawn, labels)


def lies_on(drawn: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return whether each drawn line lies on each labelled one, (labels, drawn).

    It does if both have half of the label's heights in common at least, and at 85 % of those are as
    near as the benchmark wants. Where a line ends, at the horizon and at the bonnet, people who
    label agree too little to call an answer wrong for it; the benchmark's own figures do.
    """
    found = np.zeros((len(labels), len(drawn)), dtype=bool)
    for k, label in enumerate(labels):
        for n, line in enumerate(drawn):
            both = (label >= 0) & (line >= 0)
            if both.sum() >= max((label >= 0).sum() / 2, 2):
                near = line_accuracies([line[both]], [label[both]], HEIGHTS[both])
                found[k, n] = near[0, 0] >= MATCHED
    return found


def _beside(labels: np.ndarray) -> list[int]:
    """Return the numbers of the first lines left and right of the picture's middle."""
    feet = np.array(
        [
            foot(np.stack([lane[lane >= 0], HEIGHTS[lane >= 0]], axis=1), BENCHMARK[0])
            if (lane >= 0).sum() > 1
            else np.nan
            for lane in labels
        ]
    )
    middle = BENCHMARK[1] / 2
    found = []
    for side in (np.where(feet < middle, feet, -np.inf), np.where(feet >= middle, -feet, -np.inf)):
        if len(side) and np.isfinite(side).any():
            found.append(int(side.argmax()))
    return found


def usual_lanes(
    rows: pd.DataFrame,
    scenes: Scenes,
    fold_of: Callable[[pd.DataFrame, int], tuple[np.ndarray, np.ndarray]],
    folds: int,
) -> tuple[Judged, np.ndarray]:
    """Return what who looks at no picture would answer: each place's median line, of the others.

    It is reported where most of the others have it, row by row.
    """
    size = (BENCHMARK[0], BENCHMARK[1])
    box = (0, 0, size[1], size[0])
    known = np.stack(
        [
            targets_of(in_benchmark(scenes, i), box, size, size[0] // 10)[0]
            for i in range(len(scenes))
        ]
    )  # (n, places, rows)
    heights = row_heights(size[0] // 10, size[0])
    drawn = np.full((len(scenes), len(NAMES), len(HEIGHTS)), -2.0)
    for fold in range(folds):
        others, held = fold_of(rows, fold)
        there = (~np.isnan(known[others])).mean(axis=0) >= 0.5  # (places, rows)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # places that nobody has
            usual = np.nanmedian(known[others], axis=0)
        for place in range(len(NAMES)):
            if there[place].sum() > 1:
                points = np.stack([usual[place], heights], axis=1)[there[place]]
                drawn[held, place] = sampled(points, HEIGHTS, size[1])
    reported = np.asarray((drawn >= 0).any(axis=2))
    return Judged(np.where(reported, 9.0, -9.0), reported, drawn, labels_of(scenes)), reported
