"""How a drive went: its answers over time, when the car left its lane, thinned for a chart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Course", "Episode", "episodes", "thinned"]

SAME = 0.5
"""Seconds between two departures over the same line that are taken for one."""
MOST_POINTS = 1200
"""Of one curve: what a screen can show."""
COLUMNS = ("confidence", "offset", "curvature", "offset_m", "curvature_m", "departure", "trust")


@dataclass(frozen=True)
class Episode:
    """Frames one after another that say the same."""

    what: str
    start: float
    end: float
    """Where the frame after its last one begins: seconds, or places in the run."""
    first: int
    """The number of the row that it begins with."""

    @property
    def length(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Course:
    """A run of lane detection along its rows."""

    table: pd.DataFrame
    """``row``, ``at``, and the answers, one row a frame; ``at`` is in seconds, or counts from 1."""
    timed: bool
    """Whether ``at`` is in seconds."""
    step: float
    """Between two frames."""

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Course:
        """Return the course of a run's results, row numbers as index."""
        seconds = np.empty(0)
        if "seconds" in frame:
            seconds = frame["seconds"].to_numpy(float, na_value=np.nan)
        # Several videos, or pictures beside one, have no time in common.
        timed = len(seconds) > 1 and bool((np.diff(seconds) > 0).all())
        at = seconds if timed else np.arange(1.0, len(frame) + 1)
        step = float(np.median(np.diff(at))) if len(at) > 1 else 1.0
        table = pd.DataFrame({name: frame[name].to_numpy() for name in COLUMNS})
        table.insert(0, "row", frame.index.to_numpy())
        table.insert(1, "at", at)
        return cls(table, timed, step)

    @property
    def found(self) -> float:
        """Return the share of frames in which both lines of the car's own lane were found."""
        return float((self.table["departure"] != "unknown").mean())

    @property
    def departures(self) -> list[Episode]:
        return episodes(self, "departure", ("left", "right"), SAME if self.timed else 0.0)

    @property
    def doubts(self) -> list[Episode]:
        """Return when the model did not stand by its answers."""
        return episodes(self, "trust", ("unsure", "unfamiliar"))


def episodes(
    course: Course, column: str, wanted: tuple[str, ...], apart: float = 0.0
) -> list[Episode]:
    """Return when a column held one of some values; what is not further ``apart`` is one."""
    values = course.table[column].astype("str").to_numpy()
    at, rows = course.table["at"].to_numpy(), course.table["row"].to_numpy()
    found: list[Episode] = []
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    for start, end in zip(starts, np.append(starts[1:], len(values)), strict=True):
        what = str(values[start])
        if what not in wanted:
            continue
        stop = float(at[end - 1]) + course.step
        if found and found[-1].what == what and at[start] - found[-1].end <= apart:
            found[-1] = Episode(what, found[-1].start, stop, found[-1].first)
        else:
            found.append(Episode(what, float(at[start]), stop, int(rows[start])))
    return found


def thinned(table: pd.DataFrame, column: str, most: int = MOST_POINTS) -> pd.DataFrame:
    """Return rows that draw the same curve: of each piece its lowest and its highest, and gaps."""
    if len(table) <= most:
        return table
    values = table[column].to_numpy(float)
    keep = []
    for piece in np.array_split(np.arange(len(table)), most // 3):
        part = values[piece]
        known = piece[~np.isnan(part)]
        if len(known):
            keep += [known[np.argmin(values[known])], known[np.argmax(values[known])]]
        if len(known) < len(piece) / 2:  # a gap that is seen breaks the curve
            keep.append(piece[np.isnan(part)][0])
    return table.iloc[np.unique(keep)]
