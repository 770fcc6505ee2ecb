"""A domain with the columns of fraud detection and a rule for a model, to look at its page with."""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepfield import Domain, ModelSpec, Options, Table, View, hookimpl
from deepfield.fields import Boolean, Key, Label, Number, Probability, Text, Timestamp

START = pd.Timestamp("2030-03-01", tz="UTC")


class ToyOptions(Options):
    review_cost: float = 5.0
    decline_from: float = 0.8


class ToyFraud(Domain):
    name = "toy-fraud"
    title = "Toy fraud"
    question = "Which of these transactions are fraud?"
    icon = ":material/credit_card:"
    inputs = Table(
        Timestamp("time"),
        Number("amount", unit="EUR", least=0),
        Key("card_id"),
        Key("terminal_id"),
        Boolean("is_fraud", required=False),
        group_by=("terminal_id", "card_id"),
        order_by="time",
    )
    outputs = Table(
        Probability("fraud"),
        Label("verdict", values=("genuine", "fraud")),
        Label("decision", values=("approve", "review", "decline")),
        Number("at_risk", unit="EUR"),
        Text("reasons"),
    )
    Options = ToyOptions
    models = (ModelSpec("rule", technique="rule", predictor="toy_fraud.rule:RulePredictor"),)

    def samples(self) -> pd.DataFrame:
        return transactions(400)


def transactions(rows: int, days: int = 45, seed: int = 0) -> pd.DataFrame:
    """Return made-up transactions: some terminals are bad for a while, some cards are stolen."""
    draw = np.random.default_rng(seed)
    cards, terminals = max(rows // 60, 3), max(rows // 90, 4)
    usual = draw.gamma(4, 12, cards)
    card, terminal = draw.integers(0, cards, rows), draw.integers(0, terminals, rows)
    day = np.sort(draw.uniform(0, days, rows))
    amount = np.round(usual[card] * draw.gamma(6, 1 / 6, rows) + 0.5, 2)
    bad = draw.uniform(0, days, terminals)
    skimmed = (terminal % 7 == 0) & (day > bad[terminal]) & (day < bad[terminal] + 12)
    stolen = draw.uniform(0, days, cards)
    spree = (card % 5 == 0) & (day > stolen[card]) & (day < stolen[card] + 4)
    spree &= draw.random(rows) < 0.5
    amount = np.round(np.where(spree, amount * 5, amount), 2)
    return pd.DataFrame(
        {
            "time": START + pd.to_timedelta(day * 86_400 // 1, unit="s"),
            "amount": amount,
            "card_id": [f"C{number:04}" for number in card],
            "terminal_id": [f"T{number:03}" for number in terminal],
            "is_fraud": skimmed & (draw.random(rows) < 0.8) | spree,
        }
    )


@hookimpl
def register_domains() -> list[Domain]:
    return [ToyFraud()]


@hookimpl
def register_views() -> list[View]:
    return [
        View(
            "alerts",
            domain="toy-fraud",
            title="Alerts and costs",
            icon=":material/notifications_active:",
            show="deepfield_fraud_detection.dashboard:show",
        )
    ]
