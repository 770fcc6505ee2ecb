"""A stranger's domain that answers whole histories: which book will this reader take next?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pydantic import Field

from deepfield import Domain, ModelSpec, Options, Table, hookimpl
from deepfield.fields import Key, Ranking, Timestamp


class ReadingOptions(Options):
    books: int = Field(5, ge=1, le=20, description="books in each list")


class Reading(Domain):
    name = "reading"
    title = "Reading"
    question = "Which book will a reader of our library take next?"
    icon = ":material/menu_book:"
    inputs = Table(
        Key("reader"),
        Key("book"),
        Timestamp("time", required=False),
        # A reader's rows are answered once, all together; without times they stand in order.
        answer_per="reader",
        order_by="time",
    )
    # What is ranked is what the input `book` holds: so what a reader took next is the truth.
    outputs = Table(Ranking("recommended", of="book"))
    Options = ReadingOptions
    models = (ModelSpec("popular", technique="ANN", predictor="deepfield_reading.popular:Popular"),)

    def samples(self) -> pd.DataFrame:
        return simulate(8, seed=1)


def simulate(readers: int, seed: int = 0, books: int = 30) -> pd.DataFrame:
    """Return who took which book and when: a few books are loved, and none is taken twice."""
    random = np.random.default_rng(seed)
    loved = 1 / np.arange(1, books + 1)
    rows = []
    for reader in range(readers):
        count = int(random.integers(2, 7))
        taken = random.choice(books, count, replace=False, p=loved / loved.sum())
        days = np.cumsum(random.integers(1, 30, count)) + int(random.integers(0, 90))
        rows += [(f"r{reader}", f"b{book}", day) for book, day in zip(taken, days, strict=True)]
    frame = pd.DataFrame(rows, columns=["reader", "book", "time"])
    start = pd.Timestamp("2026-01-01", tz="UTC")
    frame["time"] = start + pd.to_timedelta(frame["time"], "D")
    return frame.sample(frac=1, random_state=seed, ignore_index=True)  # as logs are: in no order


@hookimpl
def register_domains() -> list[Domain]:
    return [Reading()]
