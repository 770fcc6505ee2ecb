"""Measure a shipped model: ``python -m deepfield_fraud_detection.recipes.assessment mlp``.

On two simulated towns that it never saw, one whose older frauds are known and one where none is,
beside the simplest baselines and LightGBM on the same rows; on the Handbook's file if ``--data``
names its folder, as it is, without learning from it. Writes ``figures.json`` and the card.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from deepfield.evaluation.figures import expected_calibration_error
from deepfield.loading import Model, load_model
from deepfield_datasets.card_transactions import CardTransactions
from deepfield_datasets.prequential import TEST_FOLDS
from deepfield_fraud_detection import VERDICTS, FraudDetection, FraudOptions
from deepfield_fraud_detection.features import BY_CARD, BY_TERMINAL, MOMENT, moment
from deepfield_fraud_detection.fraud_predictor import FraudPredictor
from deepfield_fraud_detection.metrics import card_precision_at_k
from deepfield_fraud_detection.recipes.card import write_card
from deepfield_fraud_detection.recipes.simulated import gathered, part

__all__ = ["main", "measure"]

FEATURES = ["amount", *MOMENT, *BY_CARD, *BY_TERMINAL]
EXPLAINED = 2000
"""Rows whose contributions are checked to add up."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=[spec.name for spec in FraudDetection.models])
    parser.add_argument("--data", type=Path, help="the folder of the Handbook's file")
    asked = parser.parse_args()
    model = load_model(FraudDetection(), asked.model)
    towns = {"test": part("test"), "test without labels": part("test without labels")}
    figures: dict[str, Any] = {"model": asked.model, "towns": {}}
    peers = fitted_peers(part("training"))
    for name, rows in towns.items():
        found = {"this model": answers(model, rows), **{n: p(rows) for n, p in peers.items()}}
        figures["towns"][name] = {who: measure(rows, score) for who, score in found.items()}
        figures["towns"][name]["rows"] = {"rows": len(rows), "frauds": int(frauds(rows).sum())}
    figures["contributions"] = completeness(model, towns["test"])
    figures["guard"] = guarded(model, towns["test"])
    if asked.data:
        figures["handbook"] = on_handbook(model, asked.data)
    elif (model.folder.path / "figures.json").is_file():
        before = model.folder.read_json("figures.json")
        figures |= {name: before[name] for name in ("handbook",) if name in before}
    text = json.dumps(figures, indent=2) + "\n"
    (model.folder.path / "figures.json").write_text(text, encoding="utf-8")
    samples = FraudDetection().samples()
    model.folder.write_golden(samples, model.predict(samples))
    write_card(model.folder, model.spec, figures)
    print(text)


def frauds(rows: pd.DataFrame) -> np.ndarray:
    return (rows["label"] == VERDICTS[1]).to_numpy()


def answers(model: Model, rows: pd.DataFrame) -> np.ndarray:
    """Return the probability of fraud of rows with what was gathered for them."""
    options = FraudOptions.model_validate({"reasons": "none"})
    return model.predictor.predict(rows, options)["fraud"].to_numpy(dtype=float)


def measure(rows: pd.DataFrame, probability: np.ndarray) -> dict[str, float]:
    """Return the figures of probabilities on labelled rows."""
    fraud = frauds(rows)
    confidence, right = np.maximum(probability, 1 - probability), (probability >= 0.5) == fraud
    return {
        "auc": float(roc_auc_score(fraud, probability)),
        "average_precision": float(average_precision_score(fraud, probability)),
        "card_precision_at_100": card_precision_at_k(
            rows[["time", "card_id"]].assign(is_fraud=fraud, fraud=probability)
        ),
        "ece": expected_calibration_error(confidence, right),
        "ece_of_fraud": expected_calibration_error(probability, fraud),
        "brier": float(brier_score_loss(fraud, probability)),
    }


def fitted_peers(training: pd.DataFrame) -> dict[str, Any]:
    """Return the simplest baseline and the strongest peer, fitted to the same rows."""
    from lightgbm import LGBMClassifier
    from sklearn.linear_model import LogisticRegression

    def array(rows: pd.DataFrame) -> pd.DataFrame:
        when = pd.DataFrame(moment(rows["time"]), rows.index, list(MOMENT))
        return rows.join(when)[FEATURES].astype("float32")

    amount = LogisticRegression().fit(training[["amount"]], frauds(training))
    trees = LGBMClassifier(n_jobs=2, verbose=-1, random_state=0)
    trees.fit(array(training), frauds(training))
    found = {
        "logistic regression on the amount": lambda rows: amount.predict_proba(rows[["amount"]]),
        "LightGBM on the same features": lambda rows: trees.predict_proba(array(rows)),
    }
    return {name: lambda rows, of=of: np.asarray(of(rows))[:, 1] for name, of in found.items()}


def completeness(model: Model, rows: pd.DataFrame) -> dict[str, float]:
    """Return by how much the contributions of rows miss their log-odds."""
    options = FraudOptions.model_validate({})
    fraud = rows[frauds(rows)].head(EXPLAINED // 2)
    chosen = pd.concat([fraud, rows.head(EXPLAINED // 2)])
    told = model.predictor.explain(chosen, options)
    parts = [each.contributions for each in told if each.contributions]
    sums = np.array([each.base + sum(each.values.values()) for each in parts])
    probability = answers(model, chosen)
    certain = float(logit(1 - 1e-9))  # beyond it a probability is 1 to all that counts
    odds = logit(probability).clip(-certain, certain)
    misses = np.abs(sums.clip(-certain, certain) - odds)
    moved = np.abs(expit(sums) - probability)
    return {
        "rows": len(chosen),
        "median_miss": float(np.median(misses)),
        "largest_miss": float(misses.max()),
        "largest_miss_of_probability": float(moved.max()),
    }


def guarded(model: Model, rows: pd.DataFrame) -> dict[str, float]:
    """Return the share of rows called unfamiliar: of the model's kind, and of foreign kinds."""
    own = rows.head(100_000)
    inputs = own[["time", "amount", "card_id", "terminal_id", "currency", "is_fraud"]]
    kinds = {
        "own": own,
        "amounts in cents": gathered(inputs.assign(amount=inputs["amount"] * 100)),
        "another currency": own.assign(currency="USD"),
    }
    predictor = model.predictor
    assert isinstance(predictor, FraudPredictor)
    options = FraudOptions.model_validate({"reasons": "none"})
    return {
        name: float((predictor.predict(each, options)["trust"] == "unfamiliar").mean())
        for name, each in kinds.items()
    }


def on_handbook(model: Model, folder: Path) -> dict[str, float]:
    """Return the mean figures of the four test weeks, the model as it is."""
    frame = CardTransactions().load(folder)
    labels = frame["is_fraud"].map({False: VERDICTS[0], True: VERDICTS[1]})
    rows = gathered(frame.drop(columns="scenario")).assign(label=labels)
    weeks = []
    for fold in TEST_FOLDS:
        week = rows[fold.test(frame)]
        weeks.append(measure(week, answers(model, week)))
    return {str(name): float(value) for name, value in pd.DataFrame(weeks).mean().items()}


if __name__ == "__main__":
    main()
