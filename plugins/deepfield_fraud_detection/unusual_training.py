"""Fit an autoencoder to a table, with or without labels."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from deepfield.models import ModelFolder
from deepfield.neural.training import Schedule, chosen_device, train
from deepfield.neural.weights import load_weights, save_weights
from deepfield.predictor import Report
from deepfield.trust import Calibration
from deepfield_fraud_detection import VERDICTS
from deepfield_fraud_detection.autoencoder import surprise_at
from deepfield_fraud_detection.fit_options import UnusualFitOptions
from deepfield_fraud_detection.own_tables import write_inputs
from deepfield_fraud_detection.reconstruction import Autoencoder, AutoencoderConfig
from deepfield_fraud_detection.training import batches_of, columns_of, guard_of, inputs_seen

__all__ = ["build", "fit_unusual"]

HIDDEN = 0.3
"""Share of the cells that is hidden while learning."""


def fit_unusual(
    training: pd.DataFrame,
    validation: pd.DataFrame,
    folder: Path,
    options: UnusualFitOptions,
    report: Report,
    device: str = "auto",
    dated: bool = True,
) -> None:
    """Learn what is usual from rows without looking at their labels, and write a model folder.

    Args:
        dated: whether rows of other years are foreign to what it learned.
    """
    columns = columns_of(training)
    arrays = [columns.encode(frame) for frame in (training, validation)]
    network = fit_autoencoder(arrays[0], arrays[1], columns.sizes, options, report, device)
    save_weights(network, folder / "model.safetensors")
    with torch.inference_mode():
        held = network(torch.from_numpy(arrays[1])).double().numpy().mean(axis=1)
    scores, surprise = surprise_of(held)
    labels = validation["label"].dropna() if "label" in validation else pd.Series(dtype=object)
    if labels.nunique() == 2:
        at = validation.index.get_indexer(labels.index)
        odds = surprise_at(held[at], scores, surprise)
        logits = np.stack([np.zeros(len(odds)), odds], axis=1)
        fraud = (labels == VERDICTS[1]).to_numpy(dtype=int)
        calibration = Calibration.fit(logits, fraud, balanced=False)
    else:
        calibration = Calibration(1.0, [0.0, float(np.log(options.fraud_share))], [])
    calibration.save(folder / "calibration.json")
    config = {
        "technique": "ANN",
        "columns": columns.to_json(),
        "autoencoder": asdict(network.config),
        "width": arrays[0].shape[1],
        "inputs": write_inputs(inputs_seen(training)),
        "scores": scores.tolist(),
        "surprise": surprise.tolist(),
    }
    text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")
    guard_of(arrays[0], columns, training, dated).save(folder / "guard.json")


def fit_autoencoder(
    training: np.ndarray,
    validation: np.ndarray,
    categories: tuple[int, ...],
    options: UnusualFitOptions,
    report: Report,
    device: str = "auto",
) -> Autoencoder:
    """Train an autoencoder on encoded rows, keeping the epoch of least held-out error."""
    where = chosen_device(device)
    torch.manual_seed(options.seed)
    numbers = training.shape[1] - len(categories)
    network = Autoencoder(
        AutoencoderConfig(numbers, categories, code=int(np.clip(training.shape[1] // 3, 1, 16)))
    )
    with torch.no_grad():
        median, spread = middle_of(training[:, :numbers])
        network.median.copy_(torch.from_numpy(median))
        network.spread.copy_(torch.from_numpy(spread))
    batch = int(np.clip(2 ** round(np.log2(len(training) / 128)), 32, 1024))
    epochs = options.epochs or int(np.clip(20 * (67_000 / len(training)) ** 0.4, 5, 120))
    rows = torch.from_numpy(validation)

    def loss(network: nn.Module, rows: Tensor, _: Tensor) -> Tensor:
        # The root lets a few rows, which may be fraud, not rule what is learned to be usual.
        return (network.errors(rows, HIDDEN) + 1e-6).sqrt().mean()  # type: ignore[operator]

    def validate(network: nn.Module) -> dict[str, float]:
        with torch.inference_mode():
            errors = network.errors(rows.to(where))  # type: ignore[operator]
        error = float((errors + 1e-6).sqrt().mean())
        return {"score": -error, "error": error}

    with tempfile.TemporaryDirectory() as work:
        trained = train(
            network,
            batches_of(training, np.zeros(len(training), bool), batch, options.seed),
            loss,
            validate,
            Schedule(
                epochs=epochs,
                learning_rate=options.learning_rate,
                ema_decay=0.99,
                clip_norm=1.0,
                seed=options.seed,
                patience=max(5, epochs // 4),
            ),
            device=where,
            folder=Path(work),
            recipe="fit",
            report=report,
        )
    assert isinstance(trained, Autoencoder)
    trained = trained.cpu()
    with torch.inference_mode():
        errors = trained.errors(rows)
        # The middle nine tenths: what is unusual must not widen what counts as usual.
        least = (
            errors.quantile(0.9, dim=0).clamp_min(1e-4) if len(errors) < 2**23 else errors.mean(0)
        )
    trained.error.copy_(least)
    return trained


def middle_of(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return median and half the spread of the middle 80 % of each column, for (n, columns)."""
    median, spread = np.zeros(numbers.shape[1]), np.ones(numbers.shape[1])
    for place in range(numbers.shape[1]):
        there = numbers[np.isfinite(numbers[:, place]), place].astype(np.float64)
        if len(there):
            low, median[place], high = np.quantile(there, [0.1, 0.5, 0.9])
            spread[place] = (high - low) / 2 or there.std() or 1.0
    return median.astype(np.float32), spread.astype(np.float32)


def surprise_of(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return scores, rising, and -log of the share of rows of at least each."""
    rows = len(scores)
    shares = np.geomspace(1.0, max(1.0 / rows, 1e-6), 100)
    at = np.quantile(scores, 1 - shares)
    at, first = np.unique(at, return_index=True)
    if len(at) < 3:  # all rows are alike
        at, first = np.append(at, at[-1] + np.array([1.0, 2.0])), np.append(first, [98, 99])
    return at, -np.log(shares[first])


def build(folder: ModelFolder) -> Autoencoder:
    """Return the autoencoder of a folder with its weights."""
    config = folder.config["autoencoder"]
    network = Autoencoder(
        AutoencoderConfig(**{**config, "categories": tuple(config["categories"])})
    )
    load_weights(network, folder.weights)
    return network.eval().requires_grad_(False)
