"""Card transactions that nobody made: simulated as the Fraud Detection Handbook describes.

Rows, in time order: ``transaction_id``, ``time`` (UTC), ``card_id``, ``terminal_id``, ``amount``
(EUR), ``is_fraud`` and ``scenario``: 0 genuine, 1 an amount over 220, 2 a terminal in wrong hands
for 28 days, 3 a card in wrong hands for 14 days, a third of its amounts multiplied by 5. The
scenario says the answer: it is for analysis and never a feature.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel, Field, field_validator

from deepfield.dataset import DatasetCard, SimulatedDataset
from deepfield.domain import Options
from deepfield.errors import InputError
from deepfield.sinks import open_sink
from deepfield_datasets.spending import Population, settle
from deepfield_datasets.transaction_days import WITHIN_DAY, Calendar, Compromises, days_of

__all__ = ["SyntheticTransactions", "TransactionOptions"]

CHUNK = 131_072
TERMINALS_A_CUSTOMER = 2


class TransactionOptions(Options):
    """By default all is as the Handbook has it, with as many customers as the rows ask for."""

    start: date = Field(default=date(2024, 4, 1), description="the first day")
    days: int = Field(default=183, ge=1, description="about how many days the transactions take")
    customers: int = Field(default=0, ge=0, description="0: as many as make the rows in those days")
    terminals: int = Field(default=0, ge=0, description="0: two for each customer")
    radius: float = Field(
        default=5.0, ge=0.1, description="how far a customer goes; on each 1 × 1 stands a terminal"
    )
    compromised_terminals: float = Field(
        default=2.0, ge=0, description="how many fall into wrong hands a day, of each 10,000"
    )
    compromised_cards: float = Field(
        default=3.0, ge=0, description="how many fall into wrong hands a day, of each 5,000"
    )
    drift: float = Field(
        default=0.0, ge=0, le=1, description="how far usual amounts stray in a month; 0: not"
    )
    weekly: float = Field(
        default=0.0, ge=0, le=1, description="how much busier weekends are; 0: no difference"
    )
    yearly: float = Field(
        default=0.0, ge=0, le=0.9, description="how much busier December is; 0: no difference"
    )
    holidays: float = Field(
        default=0.0, ge=0, le=0.9, description="which share of transactions holidays lack"
    )
    currency: str = Field(default="", description="a code such as EUR adds a column that holds it")

    @field_validator("currency")
    @classmethod
    def check_currency(cls, code: str) -> str:
        if code and not re.fullmatch("[A-Z]{3}", code):
            raise ValueError("expected three capital letters, such as EUR, or nothing")
        return code


class SyntheticTransactions(SimulatedDataset):
    name = "synthetic-transactions"
    domain = "fraud-detection"
    Options = TransactionOptions
    usual_rows = 10_000
    most_rows = 200_000
    card = DatasetCard(
        title="Synthetic card transactions",
        summary="Card payments of simulated customers at terminals near them, 0.8 % of them fraud "
        "in three scenarios. Nobody's purchases.",
        license="Apache-2.0",
        source="deepfield_datasets.synthetic_transactions",
        citation="Written from the description in Le Borgne et al., Reproducible Machine Learning "
        "for Credit Card Fraud Detection: Practical Handbook (2022)",
        traps=(
            "The column scenario says the answer: it is for analysis and never a feature.",
            "Fraud comes in runs, of one terminal or one card: few rows may hold none, or many.",
            "The first 28 days hold less fraud than the rest: no compromise began before them.",
        ),
    )

    def generate(self, rows: int, seed: int = 0, options: BaseModel | None = None) -> pd.DataFrame:
        return pd.concat(self.chunks(rows, seed, options), ignore_index=True)

    def chunks(
        self, rows: int, seed: int = 0, options: BaseModel | None = None
    ) -> Iterator[pd.DataFrame]:
        chosen = options if isinstance(options, TransactionOptions) else TransactionOptions()
        calendar = Calendar(chosen.start, chosen.weekly, chosen.yearly, chosen.holidays)
        random = np.random.default_rng([seed, 0])
        population = populate(rows, chosen, calendar, random)
        compromises = Compromises(
            len(population.terminals),
            len(population.customers),
            chosen.compromised_terminals * len(population.terminals) / 10_000,
            chosen.compromised_cards * len(population.customers) / 5_000,
            (random.random(), random.random()),
        )
        done, waiting = 0, []
        for day in days_of(population, calendar, compromises, chosen.drift, seed):
            waiting.append(day)
            ready = sum(len(each) for each in waiting)
            if ready >= min(CHUNK, rows - done):
                frame = pd.concat(waiting, ignore_index=True).iloc[: rows - done]
                yield finished(frame, done, chosen.currency)
                done, waiting = done + len(frame), []
            if done == rows:
                return

    def write(self, path: Path, rows: int, seed: int = 0, options: BaseModel | None = None) -> None:
        """Write rows to a file of the kind that its ending names, in little memory."""
        with open_sink(path) as sink:
            for chunk in self.chunks(rows, seed, options):
                sink.write(chunk)


def populate(
    rows: int, options: TransactionOptions, calendar: Calendar, random: np.random.Generator
) -> Population:
    """Return customers enough for ``rows`` transactions, and terminals for them.

    Raises:
        InputError: if that many customers as a person asks for do not make so many transactions.
    """
    busy = WITHIN_DAY * sum(calendar.busyness(day) for day in range(options.days))
    if options.customers:
        rates = random.uniform(0, 4, options.customers)
        expected = int(busy * rates.sum())
        if expected < rows:
            raise InputError(
                f"{options.customers:,} customers make about {expected:,} transactions in "
                f"{options.days:,} days, and {rows:,} are to be made. Make fewer, or set "
                "customers to 0."
            )
    else:
        # Enough that the days suffice but for chance; then a few more days follow.
        wanted = (rows + 2 * rows**0.5) / busy
        rates = random.uniform(0, 4, int(wanted) + 16)
        rates = rates[: np.searchsorted(rates.cumsum(), wanted) + 1]
    terminals = options.terminals or TERMINALS_A_CUSTOMER * len(rates)
    return settle(rates, terminals, options.radius, random)


def finished(frame: pd.DataFrame, first: int, currency: str) -> pd.DataFrame:
    """Return rows as people get them, numbered from ``first``."""
    frame = frame.reset_index(drop=True)
    frame["time"] = frame["time"].dt.tz_localize("UTC")
    frame.insert(0, "transaction_id", np.arange(first, first + len(frame)))
    if currency:
        frame.insert(5, "currency", currency)
    return frame
