"""What a threshold would have done: alerts, fraud caught and missed, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from deepfield_fraud_detection.scored import Scored

__all__ = ["POINTS", "Consequences", "Costs", "Sweep", "cost_curve", "log_odds", "precision_recall"]

POINTS = 200
"""Points of a curve that are kept: more cannot be seen."""
LIMIT = 1e-6
"""Probabilities are drawn no closer to 0 and 1 than this."""


@dataclass(frozen=True)
class Costs:
    """What alerts cost, beside the amounts of fraud that is missed. In EUR."""

    review: float = 5.0
    """Of each alert: somebody looks at it."""
    false_alarm: float = 0.0
    """Of each alert that was no fraud: a customer who is disturbed."""
    stopped: float = 0.0
    """Of an alert that was no fraud, as a share of its amount: business that is lost."""


@dataclass(frozen=True)
class Consequences:
    """What alerts would have brought, amounts in EUR; what is expected comes in fractions."""

    threshold: float | None
    """The least probability that is an alert; infinity for no alerts, None for no one threshold."""
    alerts: float
    alerts_a_day: float
    caught: float
    caught_amount: float
    missed: float
    missed_amount: float
    cost: float

    @property
    def false_alarms(self) -> float:
        return self.alerts - self.caught

    @property
    def precision(self) -> float:
        return self.caught / self.alerts if self.alerts else float("nan")

    @property
    def recall(self) -> float:
        frauds = self.caught + self.missed
        return self.caught / frauds if frauds else float("nan")

    @property
    def recall_of_money(self) -> float:
        amount = self.caught_amount + self.missed_amount
        return self.caught_amount / amount if amount else float("nan")


class Sums(NamedTuple):
    """What is an alert, summed: numbers, or arrays with an entry for each threshold."""

    alerts: Any
    caught: Any
    caught_amount: Any
    genuine_amount: Any


@dataclass(frozen=True)
class Sweep:
    """Every threshold there is, from the highest, and what would be an alert at or above it.

    The first entry of each array is for no alert at all, the last for an alert on everything.
    """

    threshold: np.ndarray
    sums: Sums
    decided: Sums
    """Of the run's own decisions."""
    days: int
    expected: bool
    """Whether fraud is what the probabilities promise, for want of any that is known."""

    @classmethod
    def of(cls, scored: Scored) -> Sweep:
        """Return the sweep over what is labelled; if no fraud is known, over what is expected."""
        expected = not (scored.fraud == 1).any()
        kept = scored if expected else scored.only(scored.known)
        fraud = kept.probability if expected else kept.fraud
        order = np.argsort(-kept.probability, kind="stable")
        ordered = kept.probability[order]
        last = np.flatnonzero(np.append(np.diff(ordered) != 0, True))  # of those of one probability
        parts = [np.ones(len(kept)), fraud, fraud * kept.amount, (1 - fraud) * kept.amount]
        return cls(
            np.concatenate([[np.inf], ordered[last]]),
            Sums(*(np.concatenate([[0.0], np.cumsum(part[order])[last]]) for part in parts)),
            Sums(*(float(part[kept.alert].sum()) for part in parts)),
            kept.days,
            expected,
        )

    @property
    def average_precision(self) -> float:
        """Return the area under the precision-recall curve, as scikit-learn sums it."""
        gained = np.diff(self.sums.caught) / self.sums.caught[-1]
        return float(np.sum(gained * self.sums.caught[1:] / self.sums.alerts[1:]))

    def cost(self, costs: Costs) -> np.ndarray:
        """Return what each threshold costs, in EUR."""
        return self._cost(self.sums, costs)

    def at(self, threshold: float, costs: Costs) -> Consequences:
        """Return what an alert on every probability at or above ``threshold`` would have done."""
        place = int(np.searchsorted(-self.threshold, -threshold, side="right")) - 1
        return self._consequences(threshold, self._sums(place), costs)

    def cheapest(self, costs: Costs) -> Consequences:
        """Return what the threshold of the least cost would have done."""
        place = int(np.argmin(self.cost(costs)))
        return self._consequences(float(self.threshold[place]), self._sums(place), costs)

    def as_decided(self, costs: Costs) -> Consequences:
        """Return what the run's own decisions did."""
        return self._consequences(None, self.decided, costs)

    def _sums(self, place: int) -> Sums:
        return Sums(*(float(each[place]) for each in self.sums))

    def _consequences(self, threshold: float | None, sums: Sums, costs: Costs) -> Consequences:
        return Consequences(
            threshold=threshold,
            alerts=sums.alerts,
            alerts_a_day=sums.alerts / self.days,
            caught=sums.caught,
            caught_amount=sums.caught_amount,
            missed=float(self.sums.caught[-1]) - sums.caught,
            missed_amount=float(self.sums.caught_amount[-1]) - sums.caught_amount,
            cost=float(self._cost(sums, costs)),
        )

    def _cost(self, sums: Sums, costs: Costs) -> Any:
        missed_amount = self.sums.caught_amount[-1] - sums.caught_amount
        alarms = costs.review * sums.alerts + costs.false_alarm * (sums.alerts - sums.caught)
        return alarms + costs.stopped * sums.genuine_amount + missed_amount


def precision_recall(sweep: Sweep) -> pd.DataFrame:
    """Return recall, precision and threshold, from the highest threshold, at most 200 points."""
    sums = sweep.sums
    frame = pd.DataFrame(
        {
            "recall": sums.caught[1:] / sums.caught[-1],
            "precision": sums.caught[1:] / sums.alerts[1:],
            "threshold": sweep.threshold[1:],
            "alerts_a_day": sums.alerts[1:] / sweep.days,
        }
    )
    return frame.iloc[_spread(frame["recall"].to_numpy())].reset_index(drop=True)


def cost_curve(sweep: Sweep, costs: Costs) -> pd.DataFrame:
    """Return threshold, its log-odds and cost, at most 200 points and the cheapest among them."""
    cost = sweep.cost(costs)[1:]
    threshold = sweep.threshold[1:]
    frame = pd.DataFrame(
        {
            "threshold": threshold,
            "log_odds": log_odds(threshold),
            "cost": cost,
            "alerts_a_day": sweep.sums.alerts[1:] / sweep.days,
        }
    )
    places = _spread(-frame["log_odds"].to_numpy())
    return frame.iloc[np.union1d(places, [int(np.argmin(cost))])].reset_index(drop=True)


def log_odds(probability: np.ndarray | float) -> np.ndarray:
    """Return log-odds, of probabilities that are kept a little away from 0 and 1."""
    safe = np.clip(probability, LIMIT, 1 - LIMIT)
    return np.log(safe / (1 - safe))


def _spread(rising: np.ndarray) -> np.ndarray:
    """Return the places of at most ``POINTS`` values that lie about evenly, both ends included."""
    if len(rising) <= POINTS:
        return np.arange(len(rising))
    wanted = np.linspace(rising[0], rising[-1], POINTS - 1)
    return np.unique([0, *np.searchsorted(rising, wanted).clip(max=len(rising) - 1)])
