"""Fraud detection: which of these transactions are fraud, what is at risk, and why?"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import Field

from deepfield.domain import Domain, ModelSpec, Options
from deepfield.fields import Boolean, Category, Key, Label, Number, Probability, Text, Timestamp
from deepfield.hookspecs import hookimpl
from deepfield.table import Table
from deepfield.views import View

__all__ = [
    "DECISIONS",
    "VERDICTS",
    "FraudDetection",
    "FraudOptions",
    "register_domains",
    "register_views",
]

VERDICTS = ("genuine", "fraud")
DECISIONS = ("approve", "review", "decline")


class FraudOptions(Options):
    """What a fraud desk may set."""

    review_cost: float = Field(
        5.0,
        ge=0,
        title="Cost of a review (€)",
        description="EUR that looking at one transaction costs; it is reviewed where more than "
        "that is at risk",
    )
    false_alarm_cost: float = Field(
        50.0,
        ge=0,
        title="Cost of a wrong decline (€)",
        description="EUR lost with a customer whose genuine transaction is declined",
    )
    cards_a_day: int = Field(
        0,
        ge=0,
        le=1_000_000,
        title="Cards reviewed a day",
        description="a budget: each day (UTC) the cards with most at risk are reviewed, no others; "
        "0 leaves it to the costs",
    )
    label_delay_days: float = Field(
        7.0,
        ge=0,
        le=90,
        title="Days until a fraud is known",
        description="labels of rows younger than this are not looked at, as they would not yet be "
        "known",
    )
    usual_amount: float = Field(
        100.0,
        ge=0,
        title="Loss where no amount is known (€)",
        description="EUR that a missed fraud costs, for fitted tables that have no amounts",
    )
    reasons: Literal["alerts", "all", "none"] = Field(
        "alerts",
        title="Reasons",
        description="write them out for alerts (review and decline), for every row or for none",
    )
    max_error: float = Field(
        0.05,
        ge=0.005,
        le=0.4,
        title="Accepted error rate",
        description="mark answers unsure whose calibrated probability of being wrong is larger",
    )


class FraudDetection(Domain):
    name = "fraud-detection"
    title = "Fraud detection"
    question = "Which of these card transactions are fraud, how much is at risk, and why?"
    icon = ":material/credit_card_off:"
    notice = (
        "The shipped models know the habits of simulated cards. Fit one to your own transactions "
        "before you decline anybody's."
    )
    example = (
        "The built-in example is four weeks of transactions of a few cards and terminals from our "
        "simulator: nobody's payments."
    )
    inputs = Table(
        Timestamp(
            "time",
            help="when it was made; without an offset it is taken as UTC",
            future=False,
            aliases=(
                "tx_datetime", "datetime", "timestamp", "date", "transaction_time",
                "transaction_date", "transaction_datetime", "tx_time", "trans_date_trans_time",
            ),
        ),
        Number(
            "amount",
            unit="EUR",
            least=0,
            help="what was paid",
            aliases=("tx_amount", "amt", "value", "transaction_amount", "transactionamt", "price"),
        ),
        Key(
            "card_id",
            help="the card or customer that paid",
            aliases=(
                "customer_id", "card", "customer", "card_number", "cc_num", "account",
                "account_id", "client_id", "user_id",
            ),
        ),
        Key(
            "terminal_id",
            help="the terminal or merchant that was paid",
            aliases=("terminal", "merchant_id", "merchant", "shop_id", "pos_id"),
        ),
        Key(
            "transaction_id",
            help="the transaction's own number; one that comes twice is set aside",
            required=False,
            unique=True,
            aliases=("tx_id", "id", "trans_id", "trans_num", "transaction"),
        ),
        Category(
            "currency",
            help="ISO 4217; another than the model was trained in is unfamiliar",
            required=False,
            aliases=("currency_code", "ccy"),
        ),
        Boolean(
            "is_fraud",
            help="what came out of older transactions, where it is known",
            required=False,
            aliases=("tx_fraud", "fraud", "fraud_label"),
        ),
        group_by=("card_id", "terminal_id"),
        order_by="time",
    )  # fmt: skip
    outputs = Table(
        Probability("fraud", help="calibrated: of the rows given 0.2, one in five is fraud"),
        Label("verdict", values=VERDICTS, help="fraud from a probability of a half"),
        Label("decision", values=DECISIONS, help="the cheapest, by your costs or your budget"),
        Number("at_risk", unit="EUR", least=0, help="probability times amount: the expected loss"),
        Text("reasons", help="what spoke most for fraud"),
    )
    Options = FraudOptions
    truth = "is_fraud"
    models = (
        ModelSpec(
            "mlp",
            technique="ANN",
            predictor="deepfield_fraud_detection.classifier:FraudClassifier",
            title="Perceptrons on windows",
            summary="an ensemble of perceptrons on what card and terminal did in 1, 7 and 30 days",
        ),
        ModelSpec(
            "gru",
            technique="RNN",
            predictor="deepfield_fraud_detection.classifier:FraudClassifier",
            title="GRU on sequences",
            summary="adds recurrent units with attention over the latest transactions of card and "
            "terminal",
        ),
        ModelSpec(
            "autoencoder",
            technique="ANN",
            predictor="deepfield_fraud_detection.autoencoder:UnusualRows",
            title="Autoencoder, no labels",
            summary="knows what is usual and scores what is unlike it; fits to any table without "
            "labels",
        ),
    )

    def samples(self) -> pd.DataFrame:
        frame = pd.read_csv(Path(__file__).with_name("samples") / "transactions.csv")
        return frame.assign(time=pd.to_datetime(frame["time"], utc=True, format="ISO8601"))


@hookimpl
def register_domains() -> list[Domain]:
    return [FraudDetection()]


@hookimpl
def register_views() -> list[View]:
    return [
        View(
            "alerts",
            FraudDetection.name,
            "Alerts",
            "deepfield_fraud_detection.dashboard:show",
            icon=":material/notification_important:",
        )
    ]
