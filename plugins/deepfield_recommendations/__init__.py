"""Recommendations: what next for each of these people, and because of what?"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import pandas as pd
from pydantic import Field, field_validator, model_validator

from deepfield.domain import Domain, ModelSpec, Options
from deepfield.fields import Category, Key, Number, Ranking, Text, Timestamp
from deepfield.hookspecs import hookimpl
from deepfield.table import Table
from deepfield.views import View

__all__ = [
    "RANKING",
    "RecommendationOptions",
    "Recommendations",
    "register_domains",
    "register_views",
]


RANKING = Ranking(
    "recommended",
    of="item_id",
    help="the best first: item, title, score, the calibrated probability that it is among what is "
    "taken next, and because of what",
)


class RecommendationOptions(Options):
    """What a person may ask for."""

    how_many: int = Field(
        10, ge=1, le=100, title="How many", description="items in each person's list"
    )
    question: Literal["next", "similar"] = Field(
        "next",
        title="Question",
        description="next: what each person takes next; similar: what is like the item that each "
        "took last (give every item a user_id of its own to ask for a list of items)",
    )
    bought: Literal["auto", "keep", "leave out"] = Field(
        "auto",
        title="What was taken before",
        description="keep it in the lists or leave it out; auto: as people did in the log that the "
        "model learned from, who take the same again or hardly ever do",
    )
    categories: str = Field(
        "",
        max_length=2000,
        title="Only these categories",
        description="names, parted by commas; empty: all",
    )
    least_price: float = Field(0.0, ge=0, title="Price from", description="0: from any")
    most_price: float = Field(0.0, ge=0, title="Price up to", description="0: any")
    diversity: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Diversity",
        description="how much an item loses for being like those above it in the list: maximal "
        "marginal relevance (Carbonell and Goldstein 1998)",
    )
    popularity_damping: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Popularity damping",
        description="how much an item loses for being taken often: 0 nothing, 1 all that its "
        "popularity alone explains",
    )
    reasons: bool = Field(
        True,
        title="Because of what",
        description="name what in a history carried each item; it takes a score for every item of "
        "the history",
    )
    asked_on: str = Field(
        "",
        title="Asked on",
        description="the day (2026-11-26) for which is asked; empty: the last of each person's "
        "rows, or the last day that the model learned from if that is later",
    )

    @field_validator("asked_on")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        if value:
            date.fromisoformat(value)
        return value

    @model_validator(mode="after")
    def _prices_in_order(self) -> RecommendationOptions:
        if self.most_price and self.most_price < self.least_price:
            raise ValueError("the price up to which is asked lies below the price from which")
        return self


def neural(
    name: str, technique: str, title: str, summary: str, kind: str = "NetworkRecommender"
) -> ModelSpec:
    predictor = f"deepfield_recommendations.networks:{kind}"
    return ModelSpec(name, technique, predictor, title, summary)


def counted(name: str, title: str, summary: str) -> ModelSpec:
    predictor = "deepfield_recommendations.counts:CountRecommender"
    return ModelSpec(name, "counting", predictor, title, summary)


class Recommendations(Domain):
    name = "recommendations"
    title = "Recommendations"
    question = "What will each of these people take next, and because of what?"
    icon = ":material/recommend:"
    notice = (
        "The shipped models know the catalogue of one gift wholesaler. Fit one to your own log of "
        "purchases, plays or clicks: nothing but who took what is needed."
    )
    example = (
        "The built-in example is a few invented shops, each with a taste, that order from the "
        "wholesaler's catalogue: nobody's purchases."
    )
    inputs = Table(
        Key(
            "user_id",
            help="who took it: a customer, a reader, a session",
            aliases=(
                "customer_id", "user", "customer", "userid", "customerid", "visitor_id",
                "session_id", "reviewer_id", "member_id", "account_id", "uid", "reader",
                "customer_no", "customer_number", "client_id", "buyer_id", "shopper_id",
            ),
        ),
        Key(
            "item_id",
            help="what was taken: a product, a film, an article",
            aliases=(
                "product_id", "item", "product", "itemid", "stock_code", "sku", "movie_id",
                "article_id", "asin", "parent_asin", "isbn", "track_id", "iid",
            ),
        ),
        Timestamp(
            "time",
            help="when; without such a column the rows stand in order. Bare numbers are seconds "
            "since 1970",
            required=False,
            unix=True,
            aliases=(
                "timestamp", "datetime", "date", "invoice_date", "order_date", "purchase_date",
                "unix_review_time", "event_time", "created_at", "ts",
            ),
        ),
        Key(
            "basket_id",
            help="what was taken at once: an order, an invoice; else what has one time",
            required=False,
            aliases=("order_id", "invoice", "invoice_no", "basket", "order", "receipt"),
        ),
        Number(
            "quantity",
            help="how many; below nothing is a return, which takes back what was taken",
            required=False,
            aliases=("qty", "units"),
        ),
        Number("rating", help="travels along", required=False, aliases=("stars", "overall")),
        Text(
            "title",
            help="what people call the item",
            required=False,
            aliases=("description", "item_name", "product_name", "item_title"),
        ),
        Category(
            "category",
            help="of the item",
            required=False,
            aliases=("genre", "genres", "department", "product_category"),
        ),
        Number(
            "price",
            help="of one item, in any one currency",
            required=False,
            aliases=("unit_price", "item_price"),
        ),
        answer_per="user_id",
        order_by="time",
    )  # fmt: skip
    outputs = Table(
        RANKING,
        Text("history", help="what the lists were made from, in a few words"),
    )
    Options = RecommendationOptions
    when_measured = MappingProxyType({"reasons": False})
    models = (
        neural(
            "sasrec",
            "transformer",
            "Self-attention",
            "self-attention over what was taken, and a term for what is taken again",
        ),
        neural(
            "gru4rec",
            "RNN",
            "Recurrent",
            "gated recurrent units over what was taken, and a term for what is taken again",
        ),
        neural(
            "two-tower",
            "ANN",
            "Two towers",
            "vectors of items from their names, prices and categories, for those never sold before",
            "TowerRecommender",
        ),
        counted("buy-again", "Buy again", "what each took before, often and lately"),
        counted("item-neighbours", "Item neighbours", "what the same people took, by cosine"),
        counted("markov", "What followed", "what followed the latest basket elsewhere"),
        counted("popularity", "Popularity", "what most people took of late, the same for all"),
    )

    def samples(self) -> pd.DataFrame:
        frame = pd.read_csv(
            Path(__file__).with_name("samples") / "orders.csv",
            dtype={"user_id": "str", "item_id": "str"},
        )
        return frame.assign(time=pd.to_datetime(frame["time"], utc=True, format="ISO8601"))


@hookimpl
def register_domains() -> list[Domain]:
    return [Recommendations()]


@hookimpl
def register_views() -> list[View]:
    pages = "deepfield_recommendations.dashboard"
    name = Recommendations.name
    return [
        View("people", name, "For each person", f"{pages}.people:show", ":material/person:"),
        View("overview", name, "Overview", f"{pages}.overview:show", ":material/monitoring:"),
        View(
            "basket",
            name,
            "Build a basket",
            f"{pages}.basket:show",
            ":material/shopping_basket:",
            of="model",
        ),
    ]
