"""Train the model of visits on made-up people: ``python tests/outsider/train_visits.py``."""

from pathlib import Path

import numpy as np
import pandas as pd
from deepfield_visits import Visits
from deepfield_visits.counts import FEATURES, CountsPredictor
from huggingface_hub import EvalResult, ModelCard, ModelCardData
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from deepfield.grouping import gathered
from deepfield.loading import Model
from deepfield.models import ModelFolder

FOLDER = Path(__file__).parent / "deepfield_visits" / "models" / "counts"
domain = Visits()


def made_up(people: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return visits of people of whom some like it better than others, and who came back."""
    random = np.random.default_rng(seed)
    visits = random.geometric(1 - random.beta(2, 2, people))
    person = np.repeat(np.arange(people), visits)
    number = np.arange(len(person)) - np.repeat(np.cumsum(visits) - visits, visits)
    minutes = random.integers(0, 500_000, people)[person] + 9_000 * number
    rows = pd.DataFrame(
        {
            "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(minutes, "min"),
            "spend": random.gamma(2, 8, len(person)).round(2),
            "shop": [f"s{number}" for number in random.integers(0, people // 4, len(person))],
            "person": [f"p{number}" for number in person],
        }
    )
    return rows, number + 1 < visits[person]


def features(rows: pd.DataFrame) -> np.ndarray:
    checked = domain.inputs.read(rows).rows
    complete = gathered(CountsPredictor({}), domain.inputs, checked, domain.Options())
    return np.log1p(complete[list(FEATURES)].to_numpy(dtype=float))


train, wanted = made_up(2000, seed=1)
test, truth = made_up(2000, seed=2)
network = LogisticRegression(max_iter=1000).fit(features(train), wanted)
save_file(
    {"kernel": np.ascontiguousarray(network.coef_[0]), "bias": network.intercept_},
    FOLDER / "model.safetensors",
)
(FOLDER / "config.json").write_text('{"domain": "visits", "model": "counts"}\n')
auc = float(roc_auc_score(truth, network.predict_proba(features(test))[:, 1]))
data = ModelCardData(
    license="apache-2.0",
    model_name="Visits, counts",
    eval_results=[
        EvalResult(
            task_type="tabular-classification",
            dataset_type="made-up-visits",
            dataset_name=f"{len(test):,} made-up visits of other people",
            metric_type="roc_auc",
            metric_value=round(auc, 4),
        )
    ],
)
words = (
    "One linear layer over how often a person and a shop were there before, and for how much. "
    f"AUC on visits of people that it was not fitted to: {auc:.3f}. Everything is made up."
)
ModelCard(f"---\n{data.to_yaml()}\n---\n\n# Visits, counts\n\n{words}\n").save(FOLDER / "README.md")
folder = ModelFolder(FOLDER)
model = Model(domain, domain.models[0], folder, CountsPredictor.load(folder))
folder.write_golden(domain.samples(), model.predict(domain.samples()))
