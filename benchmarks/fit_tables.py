"""Our networks fitted to tables of all kinds, beside LightGBM with its defaults, in one run.

    python benchmarks/fit_tables.py                       # about ten minutes on two cores
    python benchmarks/fit_tables.py --splits 1 --only digits

Each table is split at random several times (transactions: by time), 70 % to learn from, 15 % to
stop and calibrate by, 15 % to measure average precision on. LightGBM is given both former parts to
learn from. What is fitted is what ``deepfield fit fraud-detection`` fits, all options at their
defaults.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.datasets import load_breast_cancer, load_digits, make_classification
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split

from deepfield.models import ModelFolder
from deepfield.neural.training import spoken
from deepfield_datasets.synthetic_transactions import SyntheticTransactions
from deepfield_fraud_detection import VERDICTS, FraudDetection, FraudOptions
from deepfield_fraud_detection.classifier import FraudClassifier
from deepfield_fraud_detection.features import EVENT_COLUMNS
from deepfield_fraud_detection.fit_options import FraudFitOptions
from deepfield_fraud_detection.own_tables import inputs_of
from deepfield_fraud_detection.recipes.simulated import gathered
from deepfield_fraud_detection.training import columns_of, fit_table

Tables = dict[str, Callable[[], tuple[pd.DataFrame, np.ndarray]]]


def breast() -> tuple[pd.DataFrame, np.ndarray]:
    found = load_breast_cancer(as_frame=True)
    return found.data, found.target.to_numpy() == 0


def digits() -> tuple[pd.DataFrame, np.ndarray]:
    found = load_digits(as_frame=True)
    return found.data, found.target.to_numpy() == 8


def blobs() -> tuple[pd.DataFrame, np.ndarray]:
    rows, labels = make_classification(
        20_000, 20, n_informative=8, n_clusters_per_class=4, weights=[0.98], random_state=0
    )
    return pd.DataFrame(rows).add_prefix("x"), labels == 1


def shops() -> tuple[pd.DataFrame, np.ndarray]:
    """Return rows of three categories of many values, each with an effect of its own."""
    draw = np.random.default_rng(0)
    rows, odds = {}, np.full(20_000, -4.5)
    for name, values in (("shop", 300), ("device", 60), ("country", 40)):
        codes = draw.zipf(1.3, 20_000) % values
        rows[name] = np.char.add(name[0], codes.astype(str))
        odds += draw.normal(0, 1.0, values)[codes]
    spend = draw.lognormal(3, 1, 20_000)
    odds += 0.8 * np.abs(np.log(spend) - 3) * draw.integers(0, 2, 20_000)
    return pd.DataFrame(rows).assign(spend=spend), draw.random(20_000) < 1 / (1 + np.exp(-odds))


def transactions() -> tuple[pd.DataFrame, np.ndarray]:
    """Return simulated payments with what is gathered for them, in order of time."""
    made = SyntheticTransactions().generate(100_000, 11).drop(columns=["scenario"])
    rows = gathered(made.drop(columns="transaction_id")).drop(columns=list(EVENT_COLUMNS))
    return rows, made["is_fraud"].to_numpy(dtype=bool)


TABLES: Tables = {
    "breast cancer, malignant": breast,
    "digits, an eight": digits,
    "made-up clusters, 2 % positive": blobs,
    "made-up shops, categories": shops,
    "simulated transactions": transactions,
}


@click.command(help=__doc__)
@click.option("--splits", default=3, show_default=True, help="random splits that are averaged")
@click.option("--only", help="tables whose name contains this")
def main(splits: int, only: str | None) -> None:
    print("| table | rows | positive | Deepfield mlp | LightGBM | difference |")
    print("|---|---|---|---|---|---|")
    for name, load in TABLES.items():
        if only and only not in name:
            continue
        rows, labels = load()
        rows = rows.reset_index(drop=True)
        found = [
            (network(rows, labels, *parts, seed), trees(rows, labels, *parts))
            for seed, parts in enumerate(split(rows, labels, splits))
        ]
        ours, theirs = np.mean(found, axis=0)
        print(
            f"| {name} | {len(rows):,} | {labels.mean():.1%} | {ours:.3f} | {theirs:.3f} | "
            f"{ours - theirs:+.3f} |",
            flush=True,
        )


def split(
    rows: pd.DataFrame, labels: np.ndarray, splits: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    places = np.arange(len(rows))
    if "time" in rows:
        cuts = [int(0.7 * len(rows)), int(0.85 * len(rows))]
        yield tuple(np.split(places, cuts))
        return
    for seed in range(splits):
        learn, others = train_test_split(places, test_size=0.3, stratify=labels, random_state=seed)
        choose, measure = train_test_split(
            others, test_size=0.5, stratify=labels[others], random_state=seed
        )
        yield learn, choose, measure


def network(
    rows: pd.DataFrame,
    labels: np.ndarray,
    learn: np.ndarray,
    choose: np.ndarray,
    measure: np.ndarray,
    seed: int,
) -> float:
    table = rows if "time" in rows else inputs_of(FraudDetection.inputs, rows).read(rows).rows
    told = table.assign(label=np.array(VERDICTS, dtype=object)[labels.astype(int)])
    options = FraudFitOptions.model_validate({"seed": seed})
    with tempfile.TemporaryDirectory() as folder:
        fit_table(told.iloc[learn], told.iloc[choose], Path(folder), 0, options, spoken(str), "cpu")
        model = FraudClassifier.load(ModelFolder(Path(folder)), "cpu")
        plain = FraudOptions.model_validate({"reasons": "none"})
        chance = model.predict(table.iloc[measure], plain)["fraud"]
    return float(average_precision_score(labels[measure], chance))


def trees(
    rows: pd.DataFrame,
    labels: np.ndarray,
    learn: np.ndarray,
    choose: np.ndarray,
    measure: np.ndarray,
) -> float:
    if "time" in rows:
        columns = columns_of(rows)
        rows = pd.DataFrame(columns.encode(rows), columns=columns.names)
    rows = rows.astype({name: "category" for name in rows if rows[name].dtype.kind not in "fiub"})
    both = np.concatenate([learn, choose])
    model = LGBMClassifier(n_jobs=2, verbose=-1, random_state=0)
    model.fit(rows.iloc[both], labels[both])
    chance = np.asarray(model.predict_proba(rows.iloc[measure]))[:, 1]
    return float(average_precision_score(labels[measure], chance))


if __name__ == "__main__":
    main()
