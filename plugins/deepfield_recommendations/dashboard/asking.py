"""What a model says to a basket that nobody has bought yet, and to one product."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from deepfield.loading import Model
from deepfield_recommendations import RANKING
from deepfield_recommendations.recommender import Recommender

__all__ = ["Answer", "ask", "recommender"]


@dataclass(frozen=True)
class Answer:
    """One list, and how long it took.

    Args:
        things: item, title, score, probability and because of each.
        milliseconds: from the rows to the list, on this machine.
    """

    things: list[dict[str, Any]]
    trust: str
    confidence: float
    milliseconds: float


def recommender(model: Model) -> Recommender:
    """Return what a model of this domain has in memory."""
    return cast(Recommender, model.predictor)


def ask(model: Model, items: list[str], **options: Any) -> Answer:
    """Return what somebody may take next who has just taken these items at once.

    Raises:
        DeepfieldError: where the model cannot answer that.
    """
    begin = time.perf_counter()
    rows = pd.DataFrame({"user_id": "basket", "item_id": items, "time": pd.Timestamp.now("UTC")})
    row = model.predict(rows, **options).iloc[0]
    things = RANKING.read(row["recommended"])
    spent = 1000 * (time.perf_counter() - begin)
    return Answer(things, str(row["trust"]), float(row["confidence"]), spent)
