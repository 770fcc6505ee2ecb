"""Draw an answer over the picture that it is about: lines, or a domain's own way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from deepfield.domain import Domain
from deepfield.errors import ContractError
from deepfield.fields import Field, Points, Polylines, Records

__all__ = ["COLOURS", "annotated", "can_annotate", "colour_of", "draw_polylines"]

COLOURS = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (204, 121, 167),
    (213, 94, 0),
    (0, 114, 178),
)
"""RGB that people who confuse colours tell apart (Okabe and Ito, 2008)."""

SHIFT = 4
"""Bits for parts of a pixel: a line that moves smoothly is drawn so."""


def colour_of(name: str, place: int, names: Sequence[str] = ()) -> tuple[int, int, int]:
    """Return a line's colour: by its name's place among ``names``, else by its own place."""
    return COLOURS[(names.index(name) if name in names else place) % len(COLOURS)]


def draw_polylines(
    picture: np.ndarray, lines: Iterable[Mapping[str, Any]], names: Sequence[str] = ()
) -> np.ndarray:
    """Return a copy of a picture, uint8 (H, W, 3), with lines over it.

    The surer a line is, the less shows through; each has a dark edge, to be seen on bright ground.

    Args:
        lines: each with ``points`` and perhaps ``name`` and ``confidence``.
        names: those that lines may bear, in the order in which colours are given.
    """
    import cv2  # only when something is drawn

    drawn = np.array(picture)
    height, width = drawn.shape[:2]
    thick = max(round(max(height, width) / 250), 2)
    for place, line in enumerate(lines):
        points = Points("points").read(line["points"])
        if len(points) < 2:
            continue
        points = np.clip(points, -4 * width - 4 * height, 4 * width + 4 * height)
        # Only what lies about the line is mixed: whole pictures would take longer than drawing.
        low = np.maximum(points.min(axis=0).astype(int) - 2 * thick, 0)
        high = np.minimum(points.max(axis=0).astype(int) + 2 * thick + 1, (width, height))
        if (low >= high).any():
            continue
        part = drawn[low[1] : high[1], low[0] : high[0]]
        inked = part.copy()
        path = np.rint((points - low) * (1 << SHIFT)).astype(np.int32).reshape(-1, 1, 2)
        colour = colour_of(str(line.get("name", "")), place, names)
        for ink, broad in (((0, 0, 0), thick + max(thick // 2, 1)), (colour, thick)):
            cv2.polylines(inked, [path], False, ink, broad, cv2.LINE_AA, SHIFT)
        sure = line.get("confidence")
        opacity = (
            1.0 if sure is None or np.isnan(sure) else 0.35 + 0.65 * float(np.clip(sure, 0, 1))
        )
        cv2.addWeighted(inked, opacity, part, 1 - opacity, 0, dst=inked)
        part[:] = inked
    return drawn


def can_annotate(domain: Domain, outputs: Iterable[Field]) -> bool:
    """Return whether there is anything to draw over the pictures of a domain."""
    return bool(domain.overlay) or any(isinstance(each, Polylines) for each in outputs)


def annotated(
    domain: Domain, outputs: Iterable[Field], picture: np.ndarray, answer: Mapping[Any, Any]
) -> np.ndarray:
    """Return a picture with a row's answer over it: in the domain's own way, or all its lines.

    Args:
        outputs: what the model answers: ``Model.outputs``.
        picture: uint8, (H, W, 3), upright; it is left as it was.
        answer: the columns of the row of results.

    Raises:
        ContractError: if the domain's own way is none, or gives no picture of the same size.
    """
    outputs = list(outputs)
    answer = dict(answer)
    for each in outputs:  # lists of Arrow's and JSON text become what they stand for
        if isinstance(each, Records) and each.name in answer:
            value = answer[each.name]
            answer[each.name] = [] if _is_none(value) else each.read(value)
    if not domain.overlay:
        for each in outputs:
            if isinstance(each, Polylines):
                picture = draw_polylines(picture, answer.get(each.name) or [], each.names)
        return picture
    drawn = np.asarray(_overlay(domain)(np.array(picture), answer))
    if drawn.dtype != np.uint8 or drawn.shape != picture.shape:
        raise ContractError(
            f"the overlay {domain.overlay!r} gave {drawn.dtype} {drawn.shape} for a picture "
            f"{picture.shape}; expected uint8 of the same shape"
        )
    return drawn


def _overlay(domain: Domain) -> Callable[[np.ndarray, dict[str, Any]], np.ndarray]:
    module, _, name = domain.overlay.partition(":")
    found = getattr(import_module(module), name, None)
    if not callable(found):
        raise ContractError(f"the overlay {domain.overlay!r} of {domain.name!r} is no function")
    return found


def _is_none(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))
