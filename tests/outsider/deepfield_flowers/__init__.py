"""A domain of a stranger, in one short file: which iris is it, by four lengths?"""

from __future__ import annotations

import pandas as pd
from pydantic import Field

from deepfield import Domain, ModelSpec, Options, Table, View, Writer, hookimpl
from deepfield.fields import Label, Number, Probability

SPECIES = ("setosa", "versicolor", "virginica")


class FlowersOptions(Options):
    least: float = Field(0.8, ge=0.34, le=1.0, description="confidence under which to abstain")


class Flowers(Domain):
    name = "flowers"
    title = "Flowers"
    question = "Which iris is it, by the lengths of its leaves?"
    icon = ":material/local_florist:"
    inputs = Table(
        Number("sepal_length", unit="cm", least=0, most=30),
        Number("sepal_width", unit="cm", least=0, most=30),
        Number("petal_length", unit="cm", least=0, most=30),
        Number("petal_width", unit="cm", least=0, most=30),
    )
    outputs = Table(Label("species", values=SPECIES), Probability("probability"))
    Options = FlowersOptions
    models = (
        ModelSpec("linear", technique="ANN", predictor="deepfield_flowers.linear:LinearPredictor"),
    )

    def samples(self) -> pd.DataFrame:
        rows = [(5.0, 3.4, 1.5, 0.2), (6.0, 2.8, 4.3, 1.3), (6.6, 3.0, 5.6, 2.1)]
        return pd.DataFrame(rows, columns=self.inputs.names)


@hookimpl
def register_domains() -> list[Domain]:
    return [Flowers()]


@hookimpl
def register_views() -> list[View]:
    return [
        View(
            "petals",
            domain="flowers",
            title="Petals",
            icon=":material/local_florist:",
            show="deepfield_flowers.petals:show",
        )
    ]


@hookimpl
def register_sinks() -> list[Writer]:
    return [
        Writer(
            "bouquet",
            domain="flowers",
            title="Bouquet",
            suffix=".bouquet.txt",
            open="deepfield_flowers.bouquet:Bouquet",
            mime="text/plain",
        )
    ]
