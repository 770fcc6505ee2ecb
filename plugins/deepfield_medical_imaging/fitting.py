"""Fine-tune a shipped classifier to a person's own classes."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from deepfield.errors import UsageError
from deepfield.images import read_picture
from deepfield.models import ModelFolder
from deepfield.neural.engines import TorchEngine
from deepfield.neural.training import Schedule, chosen_device, train
from deepfield.neural.weights import save_weights
from deepfield.predictor import Report
from deepfield.trust import Calibration, MahalanobisGuard, cross_fitted
from deepfield_medical_imaging.classifier import build
from deepfield_medical_imaging.network import ImageClassifier, NetworkConfig
from deepfield_medical_imaging.recipes.training import (
    Pictures,
    balanced_batches,
    class_loss,
    validator,
)

if TYPE_CHECKING:
    from deepfield_medical_imaging import ScanFitOptions

__all__ = ["fine_tune"]

SEEN = 45_000
"""Pictures that training looks at when the number of epochs is left open: at 128 pixels, about
ten minutes of two cores."""


def fine_tune(
    training: pd.DataFrame,
    validation: pd.DataFrame,
    folder: Path,
    *,
    base: ModelFolder,
    options: ScanFitOptions,
    report: Report,
    device: str = "auto",
) -> None:
    """Train the whole network from ``base`` on; calibrate it; set its guard; write its folder."""
    where = chosen_device(device)
    classes = class_order(training["label"], options.positive)
    if options.positive and (options.positive not in classes or len(classes) != 2):
        raise UsageError(
            f"The class to look for is {options.positive!r}; it must be one of two, and the "
            f"classes are {', '.join(map(repr, sorted(classes)))}."
        )
    config = base.config
    network = ImageClassifier(
        NetworkConfig(classes, config["architecture"], options.image_size, dropout=0.2)
    )
    start = build(base).backbone.state_dict()
    network.load_backbone(start)

    size = options.image_size
    pixels, targets = stacked(training, size, classes)
    held_pixels, held_targets = stacked(validation, size, classes)
    batch = min(32, max(4, len(pixels) // 8))
    epochs = options.epochs or int(np.clip(SEEN // len(pixels), 8, 40))
    schedule = Schedule(
        epochs=epochs, learning_rate=options.learning_rate, seed=options.seed, patience=5
    )
    if where.type != "cuda":
        torch.set_num_threads(os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as work:
        trained = train(  # the average with the best score, not the network itself
            network,
            balanced_batches(
                Pictures(pixels, targets, size, options.augmentation), batch, options.seed
            ),
            class_loss(smoothing=0.05),
            validator(held_pixels, held_targets, where.type),
            schedule,
            device=where,
            folder=Path(work),
            recipe="fit",
            report=report,
        )
    save_weights(trained, folder / "model.safetensors")
    (folder / "config.json").write_text(
        json.dumps(
            {
                "technique": config["technique"],
                "architecture": config["architecture"],
                "classes": list(classes),
                "image_size": size,
            },
            indent=2,
        )
        + "\n"
    )
    forward = TorchEngine(trained, where.type)
    logits, textures = forward(held_pixels)
    calibration = Calibration.fit(logits, held_targets)
    probabilities = cross_fitted(logits, held_targets)
    right = probabilities.argmax(axis=1) == held_targets
    calibration.with_risk(probabilities.max(axis=1), right).save(folder / "calibration.json")
    guard = MahalanobisGuard.fit(forward(pixels)[1], targets, textures)
    guard.save(folder / "guard.safetensors")


def class_order(labels: pd.Series, positive: str) -> tuple[str, ...]:
    """Return the classes in the order of the alphabet, the one to look for last."""
    return tuple(sorted(labels.unique(), key=lambda name: (name == positive, name)))


def stacked(
    rows: pd.DataFrame, size: int, classes: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the pictures as uint8 (n, size, size) and their classes (n,)."""
    pixels = np.stack([read_picture(each, "L", (size, size)) for each in rows["image"]])
    return pixels, rows["label"].map(classes.index).to_numpy(dtype=np.int64)
