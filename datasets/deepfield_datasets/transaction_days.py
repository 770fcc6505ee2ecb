"""Simulated transactions, a day at a time, in time order.

Written from the prose of Le Borgne et al., Fraud Detection Handbook (2022), chapter 3. What is kept
from one day to the next is small, so any number of days may follow.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count

import numpy as np
import pandas as pd

from deepfield_datasets.spending import Population

__all__ = ["WITHIN_DAY", "Calendar", "Compromises", "days_of"]

NOON, SPREAD, DAY = 43_200, 20_000, 86_400
"""Seconds: transactions lie around noon; those that fall outside the day are not made."""
WITHIN_DAY = math.erf(NOON / SPREAD / 2**0.5)
"""Which share of times lies within the day."""
LARGE = 220.0
TERMINAL_DAYS, CARD_DAYS = 28, 14
CARD_SHARE, CARD_FACTOR = 1 / 3, 5.0
WEEK = (-0.5, -0.3, -0.1, 0.0, 0.6, 0.8, -0.5)
"""From Monday: how much more is bought than usual, where weekly seasons are full."""
HOLIDAYS = {(1, 1), (5, 1), (12, 25), (12, 26)}
"""(month, day)."""


@dataclass(frozen=True)
class Calendar:
    """How busy each day is; all of 0 make every day alike."""

    start: date
    weekly: float = 0.0
    yearly: float = 0.0
    holidays: float = 0.0

    def day(self, number: int) -> date:
        return self.start + timedelta(days=number)

    def busyness(self, number: int) -> float:
        """Return what rates are multiplied by on a day; about 1 in the mean of a year."""
        day = self.day(number)
        season = math.cos(
            2 * math.pi * (day.timetuple().tm_yday - 350) / 365.25
        )  # most in December
        closed = self.holidays if (day.month, day.day) in HOLIDAYS else 0.0
        week = 1 + self.weekly * WEEK[day.weekday()]
        return week * (1 + self.yearly * season) * (1 - closed)


@dataclass
class Compromises:
    """Which terminals and cards are in wrong hands, moving on by a day at a time."""

    terminals: int
    cards: int
    terminals_a_day: float
    cards_a_day: float
    phases: tuple[float, float]
    """In [0, 1): when fractions of a terminal and of a card make a whole one."""
    day: int = -1
    terminal_until: np.ndarray = field(init=False)
    """(terminals,): the first day on which each is in good hands again."""
    card_hits: np.ndarray = field(init=False)
    """(cards,): how many compromises of each are under way; they add up."""

    def __post_init__(self) -> None:
        self.terminal_until = np.zeros(self.terminals, dtype=np.int32)
        self.card_hits = np.zeros(self.cards, dtype=np.int16)
        self.under_way: deque[np.ndarray] = deque()

    def next_day(self, random: np.random.Generator) -> None:
        self.day += 1
        number = self._today(self.terminals_a_day, self.phases[0], self.terminals)
        chosen = random.choice(self.terminals, number, replace=False)
        self.terminal_until[chosen] = self.day + TERMINAL_DAYS
        number = self._today(self.cards_a_day, self.phases[1], self.cards)
        self.under_way.append(random.choice(self.cards, number, replace=False))
        self.card_hits[self.under_way[-1]] += 1
        if len(self.under_way) > CARD_DAYS:
            self.card_hits[self.under_way.popleft()] -= 1

    def terminal_taken(self, terminals: np.ndarray) -> np.ndarray:
        return self.day < self.terminal_until[terminals]

    def _today(self, rate: float, phase: float, most: int) -> int:
        """Return whole numbers whose mean is ``rate``, as evenly spread as they can be."""
        return min(most, int(rate * (self.day + 1) + phase) - int(rate * self.day + phase))


def days_of(
    population: Population, calendar: Calendar, compromises: Compromises, drift: float, seed: int
) -> Iterator[pd.DataFrame]:
    """Yield the transactions of one day after another, without end.

    Args:
        drift: how far a customer's mean amount strays in 30 days, as the standard deviation of its
            logarithm.
    """
    means, step = population.means.copy(), drift / 30**0.5
    for number in count():
        # A generator for each day: what a day holds does not depend on how many are asked for.
        random = np.random.default_rng([seed, 1, number])
        means *= np.exp(random.normal(-(step**2) / 2, step, len(means)))
        compromises.next_day(random)
        rates = population.rates * calendar.busyness(number)
        yield _day(calendar.day(number), means, rates, population, compromises, random)


def _day(
    day: date,
    means: np.ndarray,
    rates: np.ndarray,
    population: Population,
    compromises: Compromises,
    random: np.random.Generator,
) -> pd.DataFrame:
    cards = np.repeat(np.arange(len(rates), dtype=np.int32), random.poisson(rates))
    seconds = random.normal(NOON, SPREAD, len(cards)).astype(np.int32)
    made = (seconds > 0) & (seconds < DAY)
    cards, seconds = cards[made], seconds[made]
    order = np.argsort(seconds, kind="stable")
    cards, seconds = cards[order], seconds[order]

    amounts = random.normal(means[cards], means[cards] / 2)
    below = np.flatnonzero(amounts < 0)
    amounts[below] = random.uniform(0, 2 * means[cards[below]])
    amounts = amounts.round(2)
    terminals = population.choose_terminals(cards, random)

    scenario = np.where(amounts > LARGE, 1, 0).astype(np.int8)
    scenario[compromises.terminal_taken(terminals)] = 2
    hits = compromises.card_hits[cards]
    taken = np.flatnonzero(hits)
    times = random.binomial(hits[taken], CARD_SHARE)
    amounts[taken] = (amounts[taken] * CARD_FACTOR**times).round(2)
    scenario[taken[times > 0]] = 3
    return pd.DataFrame(
        {
            "time": np.datetime64(day, "us") + seconds.astype("timedelta64[s]"),
            "card_id": cards,
            "terminal_id": terminals,
            "amount": amounts,
            "is_fraud": scenario > 0,
            "scenario": scenario,
        }
    )
