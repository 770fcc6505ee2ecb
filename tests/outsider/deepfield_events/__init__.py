"""A stranger's domain whose rows have a history: which events of a machine are faults?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepfield import Domain, ModelSpec, Table, hookimpl
from deepfield.fields import Boolean, Key, Label, Number, Probability, Timestamp

VERDICTS = ("fine", "fault")


class Events(Domain):
    name = "events"
    title = "Events"
    question = "Which events of a machine are faults?"
    inputs = Table(
        Timestamp("time"),
        Number("load", least=0),
        Key("machine"),
        Boolean("was_fault", required=False),
        group_by="machine",
        order_by="time",
    )
    outputs = Table(Label("verdict", values=VERDICTS), Probability("fault"))
    truth = "was_fault"
    models = (
        ModelSpec("logistic", technique="ANN", predictor="deepfield_events.logistic:Logistic"),
        ModelSpec("distance", technique="ANN", predictor="deepfield_events.distance:Distance"),
    )

    def samples(self) -> pd.DataFrame:
        return simulate(40, seed=1)[self.inputs.names]


def simulate(rows: int, seed: int = 0, machines: int = 20) -> pd.DataFrame:
    """Return events in no order: a machine that had faults has more of them, as has a hot one."""
    generator = np.random.default_rng(seed)
    machine = generator.integers(0, machines, rows)
    load, heat = generator.gamma(4, 10, rows), generator.normal(20, 5, rows)
    worn = machine % 4 == 0
    logits = -6 + 3.5 * worn + 0.03 * load + 0.12 * (heat - 20)
    minutes = generator.permutation(rows) * 7
    return pd.DataFrame(
        {
            "time": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(minutes, unit="min"),
            "load": load.round(2),
            "machine": np.char.add("m", machine.astype(str)),
            "was_fault": generator.random(rows) < 1 / (1 + np.exp(-logits)),
            "heat": heat.round(2),
        }
    )


@hookimpl
def register_domains() -> list[Domain]:
    return [Events()]
