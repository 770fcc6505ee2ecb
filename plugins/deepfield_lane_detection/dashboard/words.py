"""Answers as people say them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from deepfield.dashboard.words import plain

__all__ = ["clock", "departure", "metres", "offset", "percent", "radius", "side", "trusted"]

DEPARTURES = {
    "none": ":green-badge[:material/check_circle: Keeps to its lane]",
    "left": ":red-badge[:material/turn_slight_left: Leaves its lane to the left]",
    "right": ":red-badge[:material/turn_slight_right: Leaves its lane to the right]",
    "unknown": ":gray-badge[:material/question_mark: Its own lane was not found]",
}
TRUST = {
    "ok": (
        ":material/verified:",
        "The model stands by this answer.",
    ),
    "unsure": (
        ":material/help:",
        "The model abstains: of its own lane, answers as unsure as this are wrong more often than "
        "accepted.",
    ),
    "unfamiliar": (
        ":material/report:",
        "This picture is unlike the roads that the model knows; do not rely on the answer.",
    ),
}
STRAIGHT = 5000.0
"""Metres of radius from which on a road is called straight."""
GENTLE = 0.25
"""Curvature in the picture, 1/picture width, up to which it is called straight."""


def departure(answer: Mapping[str, Any]) -> str:
    """Return, as Markdown, whether the car leaves its lane."""
    return DEPARTURES[str(answer["departure"])]


def trusted(answer: Mapping[str, Any]) -> str:
    """Return, as Markdown, whether the answer is to be trusted, and why."""
    trust = str(answer["trust"])
    icon, sentence = TRUST[trust]
    return f"{icon} **{plain(trust)}** · {sentence}"


def side(value: float) -> str:
    return "right" if value > 0 else "left"


def offset(value: float) -> str:
    """Return an offset in lane widths as a share of the lane."""
    return "–" if math.isnan(value) else f"{abs(value):.0%} {side(value)}"


def bend(value: float) -> str:
    """Return a curvature of the picture in a word and a number."""
    if math.isnan(value):
        return "–"
    return "straight" if abs(value) < GENTLE else f"{abs(value):.2f} {side(value)}"


def metres(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f} m"


def radius(curvature: float) -> str:
    """Return a curvature of the road, 1/m, as the radius of its bend."""
    if math.isnan(curvature):
        return "–"
    if abs(curvature) * STRAIGHT < 1:
        return "straight"
    return f"{1 / abs(curvature):,.0f} m {side(curvature)}"


def percent(value: float) -> str:
    """Return a share; only what is all is 100%."""
    if math.isnan(value):
        return "–"
    words = f"{100 * value:.1f}"
    return f"{'99.9' if words == '100.0' and value < 1 else words.removesuffix('.0')}%"


def clock(seconds: float) -> str:
    """Return a time in a video: 1:05.2."""
    tenths = round(10 * seconds)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"
