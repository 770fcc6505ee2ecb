"""The worst pictures, with the lines that are there and those that were drawn."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from deepfield.errors import InputError
from deepfield.evaluation.polylines.answers import Answered
from deepfield.evaluation.polylines.result import Drawing
from deepfield.images import open_picture

__all__ = ["LEGEND", "worst_drawn"]

MOST = 8
WIDTH = 640
FOUND, MISSED, RIGHT, WRONG = "#ffffff", "#f0e442", "#009e73", "#d55e00"
LEGEND = "White: labelled and found. Yellow: labelled and missed. Green: drawn and right. Red: "
LEGEND += "drawn and wrong, or a second time."


def worst_drawn(
    pictures: pd.DataFrame, answered: Mapping[int, Answered], images: pd.Series
) -> tuple[Drawing, ...]:
    """Return at most eight pictures in which something was missed or made up, the worst first.

    Args:
        pictures: row, source and figures, the worst first.
        images: the pictures themselves, by row.
    """
    flawed = pictures[(pictures["false_negatives"] > 0) | (pictures["false_positives"] > 0)]
    found = []
    for each in flawed.head(MOST).itertuples():
        row = int(str(each.row))
        title = (
            f"{each.source}: accuracy {each.accuracy:.3f}, {each.labelled} labelled, "
            f"{each.drawn} drawn"
        )
        try:
            picture = open_picture(images[row])
        except InputError:
            continue  # it has gone since it was measured on; its figures stand in the list
        found.append(Drawing(title, _drawn(picture, answered[row])))
    return tuple(found)


def _drawn(picture: Image.Image, answered: Answered) -> bytes:
    scale = min(WIDTH / picture.width, 1.0)
    small = picture.resize((round(picture.width * scale), max(round(picture.height * scale), 1)))
    pen = ImageDraw.Draw(small)

    def line(points: np.ndarray, colour: str, width: int) -> None:
        at = [(float(x), float(y)) for x, y in (points + 0.5) * scale]
        if len(at) > 1:
            pen.line(at, colour, width, "curve")

    truth = answered.truth
    for x, found in zip(truth.x, answered.found, strict=True):
        there = x >= 0
        points = np.column_stack([x, truth.heights])[there]
        line(points, FOUND if found else MISSED, 5)
    for points, right in zip(answered.points, answered.right, strict=True):
        line(points, RIGHT if right else WRONG, 2)
    file = BytesIO()
    small.save(file, "JPEG", quality=80)
    return file.getvalue()
