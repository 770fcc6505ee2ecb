"""Make a shipped model: ``python -m deepfield_recommendations.recipes.training sasrec --data DIR``.

DIR is the folder of the dataset `online-retail`. Three times the same is learned, each time from
more of the log: up to two months before its end, to choose the number of epochs and to learn what
scores are worth from the orders of the month after; up to the last month, to measure on it; and
from all of it, which is what ships. Runs on a CPU or on CUDA unchanged.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch

from deepfield.loading import load_model
from deepfield_recommendations import Recommendations
from deepfield_recommendations.calibrating import calibrate
from deepfield_recommendations.recipes.assessment import assess
from deepfield_recommendations.recipes.card import write_card
from deepfield_recommendations.recipes.learners import SETTINGS, Learn, counting, networking
from deepfield_recommendations.recipes.retail import MONTH, cut, read_log

__all__ = ["main"]

MODELS = Path(__file__).parents[1] / "models"
PEERS = {
    "popularity": "popularity of 30 days",
    "buy-again": "buy again",
    "item-neighbours": "item neighbours",
    "markov": "Markov",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=[spec.name for spec in Recommendations.models])
    parser.add_argument("--data", type=Path, required=True, help="the folder of online-retail")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="for checkpoints")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    started = time.monotonic()
    vocabulary, log = read_log(asked.data)
    items, end = len(vocabulary), int(log.seconds.max()) + 1
    choosing, testing = cut(log, end - 2 * MONTH), cut(log, end - MONTH)
    learn: Learn = (
        counting(asked.model, items)
        if asked.model in SETTINGS
        else networking(asked.model, vocabulary, asked.runs, torch.device(asked.device), asked.seed)
    )
    first = learn(choosing.before, choosing, None)
    likelihood = calibrate(first.scores, choosing.histories, choosing.wanted, items, again=True)
    second = learn(testing.before, None, first)
    figures = assess(second.scores, likelihood, testing, items, PEERS.get(asked.model, ""))
    print(json.dumps(figures, indent=2))
    likelihood = calibrate(second.scores, testing.histories, testing.wanted, items, again=True)
    folder = MODELS / asked.model
    folder.mkdir(parents=True, exist_ok=True)
    learn(log, None, first).save(folder)
    vocabulary.save(folder)
    likelihood.save(folder)
    figures |= {
        "chosen": first.facts,
        "command": f"python -m deepfield_recommendations.recipes.training {asked.model}"
        f" --data DIR --seed {asked.seed}",
        "minutes": round((time.monotonic() - started) / 60, 1),
        "log": {"orders": int(log.baskets[-1]) + 1, "lines": len(log.items), "users": len(log)},
    }
    (folder / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    finish(asked.model, figures)


def finish(name: str, figures: dict[str, Any]) -> None:
    """Write golden rows and the card."""
    model = load_model(Recommendations(), name)
    samples = Recommendations().samples()
    model.folder.write_golden(samples, model.predict(samples))
    write_card(model.folder, model.spec, figures)


if __name__ == "__main__":
    main()
