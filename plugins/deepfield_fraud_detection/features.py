"""What a transaction takes from its past: the features that are gathered by card and by terminal.

After the Fraud Detection Handbook (Le Borgne et al. 2022, chapter 3): counts and mean amounts of a
card over 1, 7 and 30 days, counts and fraud shares of a terminal over the same windows, shifted
back by the delay after which a fraud is known. Beside them, how unusual the amount is for the
card, and what the latest known transactions of the terminal came to. Every one looks at earlier
seconds alone, and at labels only once they are older than the delay.

Where the past is too short to tell, a feature is missing (NaN) rather than invented.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from deepfield.frames import column_names
from deepfield_fraud_detection.windows import DAY, Groups

__all__ = [
    "BY_CARD",
    "BY_TERMINAL",
    "EVENTS",
    "EVENT_COLUMNS",
    "MOMENT",
    "by_card",
    "by_terminal",
    "moment",
]

WINDOWS = (1, 7, 30)
"""Days."""
FEWEST = 3
"""Earlier transactions from which a card has habits that an amount can be compared with."""
LONG_PAST = 30
"""Earlier transactions beyond which a card's past counts as long, however long it is."""
UNUSUAL = 2.5
"""An amount of so many times the card's usual mean stands out; the mean leaves such ones out."""
LONGEST = 60.0
"""Days after which it no longer matters how long ago something was."""
TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""A second in each of the units that moments are counted in."""
EVENTS = 8
"""Transactions back that sequence models see of a card, and known ones of a terminal."""

MOMENT = ("hour", "night", "weekend")
BY_CARD = (
    *(f"card_count_{days}d" for days in WINDOWS),
    *(f"card_mean_{days}d" for days in WINDOWS),
    "card_count",
    "card_usual_mean",
    "amount_to_usual",
    "amount_deviation",
    "amount_to_largest",
    "card_hours_since",
    "card_unusual_1d",
    "card_unusual_7d",
    "card_unusual_14d",
    "card_frauds_14d",
    "card_frauds_30d",
)
OF_AMOUNTS = ("card_mean_", "card_usual_", "amount_", "card_unusual_")
"""How features begin that a table without amounts does not have."""
BY_TERMINAL = (
    *(f"terminal_count_{days}d" for days in WINDOWS),
    *(f"terminal_known_{days}d" for days in WINDOWS),
    *(f"terminal_frauds_{days}d" for days in WINDOWS),
    *(f"terminal_share_{days}d" for days in WINDOWS),
    "terminal_quiet_7d",
    "terminal_quiet_30d",
    "terminal_share_last_3",
    "terminal_share_last_5",
    "terminal_fraud_run",
    "terminal_quiet_run",
    "terminal_days_since_fraud",
    "terminal_days_since_quiet",
    "terminal_days_since_genuine",
    "terminal_unusual_7d",
)
"""A quiet fraud is one whose amount was usual for its card: it tells of the terminal."""

EVENT_VALUES = {"card": ("hours", "ratio", "amount"), "terminal": ("hours", "fraud", "quiet")}
EVENT_COLUMNS = tuple(
    f"{who}_{name}_{back}"
    for who, names in EVENT_VALUES.items()
    for back in range(1, EVENTS + 1)
    for name in names
)
"""What sequence models read beside the features: of each key its events, the latest first."""


def moment(time: pd.Series) -> np.ndarray:
    """Return hour of the day, night (0 to 6 o'clock) and weekend, in UTC, (n, 3) float32."""
    seconds = _seconds(time)
    hour = seconds % DAY / 3600
    weekday = (seconds // DAY + 3) % 7  # 1970 began on a Thursday
    return np.stack([hour, hour < 6, weekday >= 5], axis=1).astype(np.float32)


def by_card(rows: pd.DataFrame, delay_days: float, events: bool = False) -> pd.DataFrame:
    """Return the features of ``BY_CARD`` for rows sorted by card and time.

    Args:
        rows: ``card_id``, ``time``, ``amount`` if there are any and, where known, ``is_fraud``.
        delay_days: after which a label is known.
        events: also the latest transactions of the card, for sequence models.
    """
    groups = Groups(_codes(rows["card_id"]), _seconds(rows["time"]))
    paid = "amount" in rows
    amount = rows["amount"].to_numpy(dtype=np.float64) if paid else np.zeros(len(rows))
    order = groups.order(amount)
    amount, fraud = amount[order], _labels(rows)[1][order]
    first, end = groups.first, groups.end
    before = end - first  # (n,) earlier transactions of the card
    found: dict[str, np.ndarray] = {}
    for days in WINDOWS:
        start = groups.since(days * DAY)
        count = end - start + 1
        found[f"card_count_{days}d"] = count
        found[f"card_mean_{days}d"] = (groups.total(amount, start, end) + amount) / count
    mean = _ratio(groups.total(amount, first, end), before)
    unusual = ((before >= FEWEST) & (amount > UNUSUAL * mean)).astype(np.float64)
    # What is usual leaves out what stood out, or the first theft would hide the second.
    usual = amount * (1 - unusual)
    number = groups.total(1 - unusual, first, end)
    middle = _ratio(groups.total(usual, first, end), number)
    variance = _ratio(groups.total(usual * amount, first, end), number) - middle**2
    spread = np.sqrt(np.maximum(variance, 0) * _ratio(number, number - 1))
    enough = number >= FEWEST
    ratio = np.where(enough, np.log(_ratio(amount + 0.01, middle + 0.01)), np.nan)
    largest = groups.largest(amount)
    found |= {
        "card_count": np.minimum(before, LONG_PAST),
        "card_usual_mean": np.where(number > 0, middle, np.nan),
        "amount_to_usual": ratio,
        "amount_deviation": np.where(
            enough, (amount - middle) / (spread + 0.05 * middle + 0.01), np.nan
        ),
        "amount_to_largest": np.where(
            before > 0, np.log((amount + 0.01) / (largest + 0.01)), np.nan
        ),
        "card_hours_since": np.where(
            before > 0, np.minimum(_age(groups, end - 1), LONGEST) * 24, np.nan
        ),
    }
    for days in (1, 7, 14):
        found[f"card_unusual_{days}d"] = groups.total(unusual, groups.since(days * DAY), end)
    known = groups.until(delay_days * DAY)
    for days in (14, 30):
        found[f"card_frauds_{days}d"] = groups.total(fraud, groups.since(days * DAY), known)
    if not paid:
        found = {name: each for name, each in found.items() if not name.startswith(OF_AMOUNTS)}
    found["card_stands_out"] = unusual  # for the terminal's pass, and for sequences
    if events:
        found |= _events(
            groups, end, "card", {"hours": None, "ratio": ratio, "amount": np.log1p(amount)}
        )
    return _frame(found, rows.index, order)


def by_terminal(rows: pd.DataFrame, delay_days: float, events: bool = False) -> pd.DataFrame:
    """Return the features of ``BY_TERMINAL`` for rows sorted by terminal and time.

    Args:
        rows: as for ``by_card``, with what that gave if there are cards, and ``terminal_id``.
    """
    groups = Groups(_codes(rows["terminal_id"]), _seconds(rows["time"]))
    known, fraud = _labels(rows)
    out = rows.get("card_stands_out")
    unusual = np.zeros(len(rows)) if out is None else out.to_numpy(dtype=np.float64)
    order = groups.order(unusual, known, fraud)
    known, fraud, unusual = known[order], fraud[order], unusual[order]
    quiet = fraud * (1 - unusual)
    genuine = known * (1 - fraud)
    end, until = groups.end, groups.until(delay_days * DAY)
    found: dict[str, np.ndarray] = {}
    for days in WINDOWS:
        found[f"terminal_count_{days}d"] = end - groups.since(days * DAY) + 1
        start = groups.since((delay_days + days) * DAY)
        told = groups.total(known, start, until)
        found[f"terminal_known_{days}d"] = told
        found[f"terminal_frauds_{days}d"] = groups.total(fraud, start, until)
        found[f"terminal_share_{days}d"] = _ratio(found[f"terminal_frauds_{days}d"], told)
        if days > 1:
            found[f"terminal_quiet_{days}d"] = groups.total(quiet, start, until)
    for last in (3, 5):
        start = np.maximum(until - last, groups.first)
        told = groups.total(known, start, until)
        found[f"terminal_share_last_{last}"] = _ratio(groups.total(fraud, start, until), told)
    clean = groups.last(genuine > 0, until)
    after = np.where(clean >= 0, clean + 1, groups.first)
    found |= {
        "terminal_fraud_run": groups.total(fraud, after, until),
        "terminal_quiet_run": groups.total(quiet, after, until),
        "terminal_days_since_fraud": _days_since(groups, fraud, until),
        "terminal_days_since_quiet": _days_since(groups, quiet, until),
        "terminal_days_since_genuine": _days_since(groups, genuine, until),
        "terminal_unusual_7d": groups.total(unusual, groups.since(7 * DAY), end),
    }
    if events:
        values = {"hours": None, "fraud": np.where(known > 0, fraud, 0.5), "quiet": quiet}
        found |= _events(groups, until, "terminal", values)
    return _frame(found, rows.index, order)


def _events(
    groups: Groups, end: np.ndarray, who: str, values: dict[str, np.ndarray | None]
) -> dict[str, np.ndarray]:
    """Return what the last transactions before ``end`` were, the latest first; NaN where none."""
    found = {}
    for back in range(1, EVENTS + 1):
        place = end - back
        there = place >= groups.first
        for name, value in values.items():
            what = _age(groups, place) * 24 if value is None else value[np.maximum(place, 0)]
            found[f"{who}_{name}_{back}"] = np.where(there, what, np.nan)
    return found


def _labels(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return 1 where a label is known, and 1 where it says fraud; 0 elsewhere."""
    if "is_fraud" not in rows:
        return np.zeros(len(rows)), np.zeros(len(rows))
    column = rows["is_fraud"]
    labels = (column if column.dtype == "boolean" else column.astype("boolean")).array
    known = ~np.asarray(labels.isna())
    fraud = labels.to_numpy(dtype=bool, na_value=False)
    return known.astype(np.float64), fraud.astype(np.float64)


def _days_since(groups: Groups, marked: np.ndarray, end: np.ndarray) -> np.ndarray:
    place = groups.last(marked > 0, end)
    return np.where(place >= 0, np.minimum(_age(groups, place), LONGEST), LONGEST)


def _age(groups: Groups, place: np.ndarray) -> np.ndarray:
    """Return how many days before each row the row at ``place`` was."""
    return (groups.seconds - groups.seconds[np.maximum(place, 0)]) / DAY


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


def _codes(keys: pd.Series) -> np.ndarray:
    """Return a number for each key: equal neighbours have equal ones."""
    values = pa.array(keys, from_pandas=True)
    codes = np.zeros(len(values), dtype=np.int64)
    codes[1:] = pc.not_equal(values[1:], values[:-1]).to_numpy(zero_copy_only=False).cumsum()
    return codes


def _seconds(time: pd.Series) -> np.ndarray:
    moments = time.array  # in UTC, as every moment that a table has read
    return moments.asi8 // TICKS[moments.unit]


def _frame(found: dict[str, np.ndarray], index: pd.Index, order: np.ndarray) -> pd.DataFrame:
    values = np.empty((len(index), len(found)), dtype=np.float32)
    for place, column in enumerate(found.values()):
        values[order, place] = column
    return pd.DataFrame(values, index, column_names(tuple(found)), copy=False)
