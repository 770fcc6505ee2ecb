"""Our networks and trees on the Handbook's transactions, by its protocol, all in one run.

    python benchmarks/handbook.py --data DIR                  # the four test weeks
    python benchmarks/handbook.py --data DIR --folds validation --only mlp

Every model learns from one training week alone: 7 days, then 7 days in which labels arrive, then
the test week, without the cards known as compromised. Features of earlier rows use only labels
that were known by then. Trees are given the same features as our networks and, once more, the
Handbook's own. Means over the four weeks are printed, with each week beside them.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepfield_datasets.card_transactions import CardTransactions
from deepfield_datasets.prequential import TEST_FOLDS, VALIDATION_FOLDS
from deepfield_fraud_detection.features import (
    BY_CARD,
    BY_TERMINAL,
    MOMENT,
    by_card,
    by_terminal,
    moment,
)
from deepfield_fraud_detection.metrics import card_precision_at_k

DELAY = 7.0
HANDBOOK = (
    "amount", "night", "weekend",
    *(f"card_{what}_{days}d" for what in ("count", "mean") for days in (1, 7, 30)),
    *(f"terminal_{what}_{days}d" for what in ("known", "share") for days in (1, 7, 30)),
)  # fmt: skip
OURS = ("amount", *MOMENT, *BY_CARD, *BY_TERMINAL)

Scores = Callable[[pd.DataFrame, pd.DataFrame, int], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of transactions.parquet")
    parser.add_argument("--folds", choices=["test", "validation"], default="test")
    parser.add_argument("--only", nargs="*", help="names of models")
    parser.add_argument("--seeds", type=int, default=3, help="fits of a network that are averaged")
    parser.add_argument("--output", type=Path, help="a .json file for the figures")
    asked = parser.parse_args()
    frame = with_features(CardTransactions().load(asked.data))
    folds = TEST_FOLDS if asked.folds == "test" else VALIDATION_FOLDS
    models: dict[str, Scores] = {
        "mlp": network(histories=0),
        "gru": network(histories=2),
        "LightGBM": trees("lightgbm", OURS),
        "XGBoost": trees("xgboost", OURS),
        "random forest": trees("forest", OURS),
        "logistic regression": linear(OURS),
        "LightGBM, Handbook's features": trees("lightgbm", HANDBOOK),
        "XGBoost, Handbook's features": trees("xgboost", HANDBOOK),
        "random forest, Handbook's features": trees("forest", HANDBOOK),
    }
    chosen = {name: each for name, each in models.items() if not asked.only or name in asked.only}
    found: dict[str, list[dict[str, float]]] = {}
    for fold in folds:
        training, test = (frame[mask] for mask in (fold.training(frame), fold.test(frame)))
        scores: dict[str, np.ndarray] = {}
        for name, model in chosen.items():
            started = time.monotonic()
            scores[name] = model(training, test, asked.seeds)
            figures = measure(test, scores[name]) | {"seconds": time.monotonic() - started}
            found.setdefault(name, []).append(figures)
            print(f"{fold.start} {name}: {line(figures)}", file=sys.stderr, flush=True)
        if {"mlp", "gru"} <= scores.keys():
            both = (scores["mlp"] + scores["gru"]) / 2
            found.setdefault("mlp and gru", []).append(measure(test, both) | {"seconds": np.nan})
    means = {name: pd.DataFrame(each).mean().to_dict() for name, each in found.items()}
    print(
        f"| model | AUC | average precision | card precision@100 | seconds a week |\n{'|---' * 5}|"
    )
    for name, each in means.items():
        print(f"| {name} | {line(each).replace('  ', ' | ')} |")
    if asked.output:
        asked.output.write_text(json.dumps({"means": means, "weeks": found}, indent=2) + "\n")


def with_features(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows in order of time with all features, each from rows and labels before it."""
    ordered = frame.sort_values(["card_id", "time"], kind="stable")
    frame = frame.join(by_card(ordered, DELAY, events=True))
    ordered = frame.sort_values(["terminal_id", "time"], kind="stable")
    frame = frame.join(by_terminal(ordered, DELAY, events=True))
    return frame.join(pd.DataFrame(moment(frame["time"]), frame.index, list(MOMENT)))


def measure(test: pd.DataFrame, score: np.ndarray) -> dict[str, float]:
    return {
        "auc": float(roc_auc_score(test["is_fraud"], score)),
        "average_precision": float(average_precision_score(test["is_fraud"], score)),
        "card_precision": card_precision_at_k(test.assign(fraud=score)),
    }


def line(figures: dict[str, float]) -> str:
    shown = [f"{figures[name]:.3f}" for name in ("auc", "average_precision", "card_precision")]
    return "  ".join([*shown, f"{figures['seconds']:.0f}"])


def network(histories: int) -> Scores:
    def scores(training: pd.DataFrame, test: pd.DataFrame, seeds: int) -> np.ndarray:
        from deepfield.neural.training import spoken
        from deepfield_fraud_detection.encoding import Columns
        from deepfield_fraud_detection.fit_options import FraudFitOptions
        from deepfield_fraud_detection.training import encoded, fit_network, log_odds

        columns = Columns(OURS, {})
        array = encoded(training, columns, bool(histories))
        fraud = training["is_fraud"].to_numpy()
        total = np.zeros(len(test))
        for seed in range(seeds):
            # No rows are held out: every epoch is run, and the last one's weights are kept.
            fitted = fit_network(
                array, fraud, None, None, columns, histories,
                FraudFitOptions.model_validate({"seed": seed, "epochs": 12}), spoken(str),
            )  # fmt: skip
            total += log_odds(fitted, encoded(test, columns, bool(histories)))
        return total / seeds

    return scores


def trees(kind: str, names: tuple[str, ...]) -> Scores:
    """Return a peer with parameters like those that the Handbook's grids chose."""

    def scores(training: pd.DataFrame, test: pd.DataFrame, seeds: int) -> np.ndarray:
        if kind == "lightgbm":
            from lightgbm import LGBMClassifier

            model = LGBMClassifier(
                n_estimators=200, learning_rate=0.03, num_leaves=15, subsample=0.8,
                subsample_freq=1, colsample_bytree=0.5, reg_lambda=5, verbose=-1, random_state=0,
            )  # fmt: skip
        elif kind == "xgboost":
            from xgboost import XGBClassifier

            model = XGBClassifier(
                n_estimators=100, learning_rate=0.1, max_depth=3, random_state=0, n_jobs=2
            )
        else:
            model = RandomForestClassifier(100, max_depth=10, random_state=0, n_jobs=2)
        missing = -1.0 if kind == "forest" else np.nan
        arrays = [part[list(names)].astype("float32").fillna(missing) for part in (training, test)]
        model.fit(arrays[0], training["is_fraud"])
        return model.predict_proba(arrays[1])[:, 1]

    return scores


def linear(names: tuple[str, ...]) -> Scores:
    def scores(training: pd.DataFrame, test: pd.DataFrame, seeds: int) -> np.ndarray:
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        middle = training[list(names)].median()
        model.fit(training[list(names)].fillna(middle), training["is_fraud"])
        return model.predict_proba(test[list(names)].fillna(middle))[:, 1]

    return scores


if __name__ == "__main__":
    main()
