"""Train a shipped model: ``python -m deepfield_fraud_detection.recipes.training mlp``.

The same call fits it that fits a person's own table. Runs on a CPU or on CUDA unchanged; with a
GPU, give it more: ``--hidden 256 --members 16``.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from deepfield.neural.training import spoken
from deepfield_fraud_detection.features import EVENT_COLUMNS
from deepfield_fraud_detection.fit_options import FraudFitOptions, UnusualFitOptions
from deepfield_fraud_detection.recipes.simulated import PARTS, part
from deepfield_fraud_detection.training import fit_table
from deepfield_fraud_detection.unusual_training import fit_unusual

__all__ = ["main"]

MODELS = Path(__file__).parents[1] / "models"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=["mlp", "gru", "autoencoder"])
    parser.add_argument("--output", type=Path, help="a folder [default: the shipped model's]")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    asked = parser.parse_args()
    folder = asked.output or MODELS / asked.model
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    training, validation = part("training"), part("validation")
    print(f"features of {len(training) + len(validation):,} rows", time.monotonic() - started)
    if asked.model != "gru":
        drop = list(EVENT_COLUMNS)
        training, validation = training.drop(columns=drop), validation.drop(columns=drop)
    report = spoken(lambda line: print(line, flush=True))
    if asked.model == "autoencoder":
        options = UnusualFitOptions.model_validate({"epochs": asked.epochs, "seed": asked.seed})
        fit_unusual(training, validation, folder, options, report, asked.device, dated=False)
    else:
        names = ("epochs", "hidden", "members", "seed")
        chosen = FraudFitOptions.model_validate({name: getattr(asked, name) for name in names})
        histories = 2 if asked.model == "gru" else 0
        fit_table(
            training, validation, folder, histories, chosen, report, asked.device, dated=False
        )
    file = folder / "config.json"
    config = json.loads(file.read_text())
    config["trained"] = {
        "command": f"python -m deepfield_fraud_detection.recipes.training {asked.model}"
        f" --epochs {asked.epochs} --hidden {asked.hidden} --members {asked.members}"
        f" --seed {asked.seed}",
        "parts": {name: PARTS[name] for name in ("training", "validation")},
        "seconds": round(time.monotonic() - started),
    }
    file.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
