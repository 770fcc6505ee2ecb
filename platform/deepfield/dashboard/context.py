"""What a view of a plugin is given: one run with a way to ask for reasons, or a model alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from PIL.Image import Image

from deepfield.explanation import Explanation
from deepfield.history import Run
from deepfield.loading import Model
from deepfield.sources import Source

__all__ = ["Context", "ModelContext"]


@dataclass(frozen=True)
class Context:
    """One run as a view sees it. ``deepfield.views.View.show`` names the function that takes it."""

    model: Model
    run: Run
    frame: pd.DataFrame
    """Inputs, answers, confidence and trust, at least one row, the row numbers as index. It is
    shared by all who look at the run: make columns anew, never change them in place."""
    key: str
    """Begin the key of every widget with it."""
    explain: Callable[[int], Explanation | None]
    """Returns what carried the answer of a row, by its number; None where that cannot be told, as
    for pictures that were not kept. An answer is kept, so that asking again costs nothing."""
    group: Callable[[int], pd.DataFrame | None]
    """Returns the rows that an answer was made from, by its number, in order: the row itself, or a
    whole group where the domain answers groups. None where they were not kept."""
    picture: Callable[[int], Image | None] = lambda number: None
    """Returns a row's picture, upright and in RGB, by its number; None where it was not kept. A
    frame of a video is decoded anew, in some ten milliseconds."""
    video: Source | None = None
    """The source, while it is kept, if it is one video: its ``chunks`` give the frames once more.
    ``deepfield.dashboard.video.annotated_video`` draws the answers over all of them."""


@dataclass(frozen=True)
class ModelContext:
    """One model as a view sees it that needs no run."""

    model: Model
    """Shared by all visitors: ask it, never change it."""
    key: str
    """Begin the key of every widget, and of what is kept in the session, with it."""
