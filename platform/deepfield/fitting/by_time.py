"""Cut rows by time: what is measured on is later than all that was learned from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from deepfield.errors import InputError

__all__ = ["by_time", "moment"]

CHOSEN_BY, HELD_OUT = 0.15, 0.15


def by_time(labels: pd.Series, moments: pd.Series, needed: bool = True) -> np.ndarray:
    """Return 0, 1 or 2 for each row: the earliest, those that follow, the last.

    The cuts lie between different moments, as near as can be to where 15 % and another 15 % of the
    rows are left, and so that each part holds every class.

    Args:
        labels: text, or None where nobody knows.
        moments: times or numbers, with the same index.
        needed: whether each part must hold every class; if not, only where that is possible.

    Raises:
        InputError: if there are no such cuts.
    """
    times = moments.infer_objects()
    order = times.argsort(kind="stable").to_numpy()
    ordered = times.iloc[order]
    starts = np.flatnonzero((ordered != ordered.shift())[1:].to_numpy()) + 1
    codes, names = pd.factorize(labels.iloc[order])
    places = [np.flatnonzero(codes == code) for code in range(len(names))]
    cuts = _cuts(starts, places, len(order))
    if cuts is None and not needed:
        cuts = _cuts(starts, [], len(order))
    if cuts is None:
        raise InputError(_why(ordered, len(starts) + 1, list(names), places))
    part = np.zeros(len(order), dtype=int)
    part[order[cuts[0] :]] = 1
    part[order[cuts[1] :]] = 2
    return part


def moment(value: Any) -> str:
    """Return a time, or what else orders rows, as a person reads it."""
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, pd.Timestamp) else f"{value:g}"


def _cuts(starts: np.ndarray, places: list[np.ndarray], count: int) -> tuple[int, int] | None:
    """Return where the second and the third part begin, or None.

    Args:
        starts: places at which another moment begins.
        places: of each class, by rising time.
    """

    def first_cuts(second: int) -> np.ndarray:
        """Return where the second part may begin if the third begins at ``second``."""
        least = max((each[0] + 1 for each in places), default=1)
        latest = [each[: np.searchsorted(each, second)] for each in places]
        most = min((each[-1] if len(each) else -1 for each in latest), default=second - 1)
        low = np.searchsorted(starts, least)
        return starts[low : np.searchsorted(starts, min(most, second - 1), side="right")]

    last = min((each[-1] for each in places), default=count - 1)
    seconds = starts[: np.searchsorted(starts, last, side="right")]
    if not len(seconds) or not len(first_cuts(seconds[-1])):
        return None
    # The later the third part begins, the more room the two before it have.
    low, high = 0, len(seconds) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if len(first_cuts(seconds[middle])) else (middle + 1, high)
    second = _nearest(seconds[low:], count * (1 - HELD_OUT))
    rest = 1 - CHOSEN_BY / (1 - HELD_OUT)
    return _nearest(first_cuts(second), second * rest), second


def _nearest(places: np.ndarray, wanted: float) -> int:
    return int(places[np.abs(places - wanted).argmin()])


def _why(ordered: pd.Series, moments: int, names: list[str], places: list[np.ndarray]) -> str:
    if moments < 3:
        return (
            f"All {len(ordered):,} rows are of {moments} "
            f"{'moment' if moments == 1 else 'moments'}, from {moment(ordered.iloc[0])} to "
            f"{moment(ordered.iloc[-1])}: to learn from earlier rows, choose by later ones and "
            "measure on the last takes three at least."
        )
    rarest = min(range(len(names)), key=lambda code: len(places[code]))
    where = ordered.iloc[places[rarest]]
    return (
        f"No cut by time leaves every class to learn from, later to choose by, and later still to "
        f"measure on: the {len(where):,} rows of {names[rarest]!r} are from "
        f"{moment(where.iloc[0])} to {moment(where.iloc[-1])}, all rows from "
        f"{moment(ordered.iloc[0])} to {moment(ordered.iloc[-1])}. Add rows of other times."
    )
