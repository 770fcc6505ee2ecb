"""A stranger's domain of rows that have a history: will this visitor come back?"""

from __future__ import annotations

import pandas as pd
from pydantic import Field

from deepfield import Domain, ModelSpec, Options, Table, hookimpl
from deepfield.fields import Key, Label, Number, Probability, Timestamp


class VisitsOptions(Options):
    letters_a_day: int = Field(0, ge=0, description="letters that can be written; 0: to all")


class Visits(Domain):
    name = "visits"
    title = "Visits"
    question = "Will this visitor come back to one of our shops?"
    icon = ":material/storefront:"
    inputs = Table(
        Timestamp("time"),
        Number("spend", unit="EUR", least=0),
        Key("shop"),
        Key("person"),
        Key("receipt", required=False, unique=True),
        # Every row reaches `gather` once for each key, with all rows of its shop, then its person.
        group_by=("shop", "person"),
        order_by="time",
    )
    outputs = Table(Probability("returns"), Label("action", values=("none", "letter")))
    Options = VisitsOptions
    models = (
        ModelSpec("counts", technique="ANN", predictor="deepfield_visits.counts:CountsPredictor"),
    )

    def samples(self) -> pd.DataFrame:
        return pd.DataFrame(
            [
                ("2026-03-02 09:30", 12.5, "north", "ada", "r1"),
                ("2026-03-02 10:15", 7.0, "south", "ben", "r2"),
                ("2026-03-03 17:40", 30.0, "north", "ada", "r3"),
                ("2026-03-05 12:00", 4.2, "north", "ben", "r4"),
                ("2026-03-09 11:20", 55.0, "south", "ada", "r5"),
                ("2026-03-09 18:05", 9.9, "north", "eve", "r6"),
            ],
            columns=self.inputs.names,
        )


@hookimpl
def register_domains() -> list[Domain]:
    return [Visits()]
