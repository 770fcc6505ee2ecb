"""Fit the two models of events to made-up ones: ``python tests/outsider/train_events.py``."""

from pathlib import Path

from deepfield_events import VERDICTS, Events, simulate
from deepfield_events.distance import Distance, DistanceFitOptions
from deepfield_events.logistic import Logistic, LogisticFitOptions

from deepfield.grouping import gathered

FOLDER = Path(__file__).parent / "deepfield_events" / "models"

rows = Events.inputs.read(simulate(4000, seed=7)).rows
empty = Logistic(("load", "past_share"), {})
complete = gathered(empty, Events.inputs, rows, None).drop(columns="was_fault")
labelled = complete.assign(label=rows["was_fault"].map(lambda each: VERDICTS[each]))
for kind, options, name in (
    (Logistic, LogisticFitOptions(), "logistic"),
    (Distance, DistanceFitOptions(), "distance"),
):
    (FOLDER / name).mkdir(parents=True, exist_ok=True)
    kind.fit(
        labelled[:3000],
        labelled[3000:],
        FOLDER / name,
        base=None,
        options=options,
        report=lambda done, figures=None: None,
    )
