"""Train a shipped model: pictures in, weights out.

    python -m deepfield_medical_imaging.recipes.training brain-mri --data DIR --start WEIGHTS \\
        --work runs/brain-mri

Runs on a CPU or on CUDA; a run that was stopped goes on from its last epoch when the same command
is given again. ``--size``, ``--epochs`` and ``--architecture`` make it larger.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import click
import numpy as np
import pandas as pd
import timm
import torch
from safetensors.torch import load_file
from scipy.special import softmax
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

from deepfield.evaluation import class_figures
from deepfield.images import open_picture, read_picture
from deepfield.neural.engines import TorchEngine
from deepfield.neural.training import Schedule, chosen_device, spoken, train
from deepfield.neural.weights import average_weights
from deepfield_medical_imaging.network import ImageClassifier, NetworkConfig
from deepfield_medical_imaging.recipes.augmentation import CORRUPTIONS, Strength, training_transform
from deepfield_medical_imaging.recipes.studies import STUDIES

__all__ = ["Pictures", "balanced_batches", "class_loss", "corrupted_pictures", "validator"]

STORED = 224
"""Pixels a side at which pictures wait in memory to be changed at random."""


class Pictures(Dataset):
    """Pictures decoded once, changed at random each time that one is asked for."""

    def __init__(
        self, pixels: np.ndarray, targets: np.ndarray, size: int, strength: Strength
    ) -> None:
        """Hold uint8 (n, H, W) and their classes (n,)."""
        self.pixels = torch.from_numpy(pixels).unsqueeze(1)
        self.targets = torch.tensor(targets)
        self.transform = training_transform(size, strength)

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.transform(self.pixels[index])[0], self.targets[index]


def corrupted_pictures(rows: pd.DataFrame, size: int, names: list[list[str]]) -> np.ndarray:
    """Return uint8 (rows × names each, size, size): every picture under each of its corruptions.

    Pictures are corrupted at 224 pixels, at which the sources give them, and then read as the
    predictor reads a picture.
    """
    out = []
    for path, own in zip(rows["image"], names, strict=True):
        picture = open_picture(path, "L")
        for name in own:
            changed = CORRUPTIONS[name](picture) if name else picture
            out.append(read_picture(changed, "L", (size, size)))
    return np.stack(out)


def class_loss(smoothing: float) -> Callable[[nn.Module, Tensor, Tensor], Tensor]:
    """Return cross-entropy; batches are drawn with the classes in balance."""

    def loss(network: nn.Module, pixels: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.cross_entropy(network(pixels)[0], targets, label_smoothing=smoothing)

    return loss


def balanced_batches(
    dataset: Pictures, batch: int, seed: int, workers: int = 0
) -> Callable[[int], DataLoader]:
    """Return what gives the batches of an epoch, every class drawn equally often."""
    weights = 1.0 / torch.bincount(dataset.targets)[dataset.targets].double()

    def batches(epoch: int) -> DataLoader:
        generator = torch.Generator().manual_seed(seed * 10_007 + epoch)
        sampler = WeightedRandomSampler(weights.tolist(), len(dataset), generator=generator)
        return DataLoader(
            dataset,
            batch,
            sampler=sampler,
            drop_last=len(dataset) >= batch,
            num_workers=workers,
            generator=generator,
        )

    return batches


def validator(
    pixels: np.ndarray, labels: np.ndarray, device: str, versions: int = 1
) -> Callable[[nn.Module], dict[str, float]]:
    """Return what measures a network on held-out pictures; its score is the log loss, negated.

    Args:
        pixels: (n × versions, H, W), the versions of a picture beside each other, the first clean.
        labels: (n,)
        versions: with more than one, the score is of the corrupted versions alone.
    """
    repeated = np.repeat(labels, versions)
    clean = np.arange(len(repeated)) % versions == 0

    def validate(network: nn.Module) -> dict[str, float]:
        probabilities = softmax(TorchEngine(network, device)(pixels)[0], axis=1)
        figures = class_figures(probabilities[clean], labels)
        if versions == 1:
            return {**figures, "score": -figures["log_loss"]}
        corrupted = class_figures(probabilities[~clean], repeated[~clean])
        return {
            **{f"clean_{name}": value for name, value in figures.items()},
            **corrupted,
            "score": -corrupted["log_loss"],
        }

    return validate


def photograph_weights(start: str, architecture: str) -> dict[str, Tensor]:
    """Read pretrained weights: a safetensors file, or ``hub`` for timm's own (uses the network)."""
    if start == "hub":
        return timm.create_model(architecture, pretrained=True).state_dict()
    return load_file(start)


@click.command(help=__doc__)
@click.argument("model", type=click.Choice(sorted(STUDIES)))
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--start", required=True, help="safetensors of ImageNet weights, or 'hub'")
@click.option(
    "--resume-from",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="best.pt of earlier stages, or checkpoint.pt for their last epoch; several are averaged",
)
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--architecture", default="mobilenetv2_100", show_default=True)
@click.option("--size", default=160, show_default=True)
@click.option("--epochs", default=12, show_default=True)
@click.option("--rate", default=3e-4, show_default=True)
@click.option("--batch", default=32, show_default=True)
@click.option("--smoothing", default=0.05, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option(
    "--augmentation",
    type=click.Choice(get_args(Strength)),
    help="how far pictures are changed at random [default: the study's]",
)
@click.option("--threads", default=2, show_default=True)
@click.option("--workers", default=1, show_default=True)
@click.option("--limit", type=int, help="use only this many pictures (to try the recipe out)")
def main(
    model,
    data,
    start,
    resume_from,
    work,
    architecture,
    size,
    epochs,
    rate,
    batch,
    smoothing,
    seed,
    augmentation,
    threads,
    workers,
    limit,
) -> None:
    torch.set_num_threads(threads)
    device = chosen_device()
    study = STUDIES[model]
    strength = augmentation or study.augmentation
    rows = study.dataset.load(data)
    if limit:
        rows = rows.sample(limit, random_state=seed)
    held_out = study.held_out(rows)
    training, validation = rows[~held_out], rows[held_out]
    stored = np.stack([read_picture(path, "L", (STORED, STORED)) for path in training["image"]])
    targets = training["label"].map(study.classes.index).to_numpy()

    names = sorted(CORRUPTIONS)
    three = [
        ["", names[i % len(names)], names[(5 * i + 3) % len(names)]] for i in range(len(validation))
    ]
    validate = validator(
        corrupted_pictures(validation, size, three),
        validation["label"].map(study.classes.index).to_numpy(),
        device.type,
        versions=3,
    )
    network = ImageClassifier(
        NetworkConfig(study.classes, architecture, size, dropout=0.2, drop_path=0.1)
    )
    if resume_from:
        network.load_state_dict(average_weights(resume_from))
    else:
        network.load_photograph_weights(photograph_weights(start, architecture))
    stages = "".join(f" --resume-from runs/{file.parent.name}/{file.name}" for file in resume_from)
    # The command that trains these weights again, without this machine's folders.
    recipe = (
        f"python -m deepfield_medical_imaging.recipes.training {model} --data DIR --start WEIGHTS"
        f" --work runs/{work.name} --architecture {architecture} --size {size}"
        f" --epochs {epochs} --rate {rate:g} --batch {batch} --smoothing {smoothing:g}"
        f" --seed {seed} --augmentation {strength}{stages}"
    )
    train(
        network,
        balanced_batches(
            Pictures(stored, targets, size, strength),
            batch,
            seed,
            workers,
        ),
        class_loss(smoothing),
        validate,
        Schedule(epochs=epochs, learning_rate=rate, seed=seed),
        device=device,
        folder=work,
        recipe=f"{recipe} --start {start} --data {data} --limit {limit}",
        report=spoken(click.echo),
    )
    (work / "recipe.txt").write_text(recipe + "\n")


if __name__ == "__main__":
    main()
