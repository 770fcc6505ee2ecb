"""Train the chest X-ray model: films in, a model folder with its card out.

    python -m deepfield_medical_imaging.training --data DIR --start WEIGHTS --work runs/chest-xray

Runs on a CPU or on CUDA; a run that was stopped goes on from its last epoch when the same command
is given again. ``--size``, ``--epochs`` and ``--architecture`` make it larger.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import pandas as pd
import timm
import torch
from safetensors.torch import load_file
from scipy.special import expit
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

from deepfield.evaluation import binary_figures
from deepfield.images import open_picture, read_picture
from deepfield.neural.engines import TorchEngine
from deepfield.neural.training import Schedule, train
from deepfield.neural.weights import average_weights
from deepfield_datasets.chest_xray import ChestXray
from deepfield_medical_imaging.augmentation import CORRUPTIONS, training_transform
from deepfield_medical_imaging.network import ImageClassifier, NetworkConfig

__all__ = ["CLASSES", "split_by_patient"]

CLASSES = ("normal", "pneumonia")


def split_by_patient(films: pd.DataFrame, share: float = 0.15, seed: int = 0) -> pd.Series:
    """Return True for the films of validation patients.

    Half of the validation share of each series of normal films are its lowest-numbered patients:
    the official test films carry the numbers just below, so this block is as near to them as
    training data comes. The other half, and all of the pneumonia patients, are drawn at random.
    """
    generator = np.random.default_rng(seed)
    chosen: set[str] = set()
    for (label, _), group in films.groupby(["label", "series"]):
        patients = group.sort_values("number")["patient"].unique()
        count = round(share * len(patients))
        first = count // 2 if label == "normal" else 0
        chosen.update(patients[:first])
        chosen.update(generator.permutation(patients[first:])[: count - first])
    return films["patient"].isin(chosen)


class Films(Dataset):
    """Films decoded once, changed at random each time that one is asked for."""

    def __init__(self, films: pd.DataFrame, size: int) -> None:
        pixels = [read_picture(path, "L", (224, 224)) for path in films["image"]]
        self.pixels = torch.from_numpy(np.stack(pixels)).unsqueeze(1)
        self.targets = torch.tensor([CLASSES.index(label) for label in films["label"]])
        self.transform = training_transform(size)

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.transform(self.pixels[index])[0], self.targets[index]


def corrupted_films(films: pd.DataFrame, size: int, names: list[list[str]]) -> np.ndarray:
    """Return uint8 (films × names each, size, size): every film under each of its corruptions.

    Films are corrupted at 224 pixels, the size in which the source gives them, and then read as
    the predictor reads a picture.
    """
    out = []
    for path, own in zip(films["image"], names, strict=True):
        film = open_picture(path, "L")
        for name in own:
            changed = CORRUPTIONS[name](film) if name else film
            out.append(read_picture(changed, "L", (size, size)))
    return np.stack(out)


def class_loss(smoothing: float):
    """Return cross-entropy; batches are drawn with the classes in balance (see ``batches``)."""

    def loss(network: nn.Module, pixels: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.cross_entropy(network(pixels)[0], targets, label_smoothing=smoothing)

    return loss


def photograph_weights(start: str, architecture: str) -> dict[str, Tensor]:
    """Read pretrained weights: a safetensors file, or ``hub`` for timm's own (uses the network)."""
    if start == "hub":
        return timm.create_model(architecture, pretrained=True).state_dict()
    return load_file(start)


def recipe_of(
    work: Path,
    architecture: str,
    size: int,
    epochs: int,
    rate: float,
    batch: int,
    smoothing: float,
    seed: int,
    resume_from: tuple[Path, ...],
) -> str:
    """Return the command that trains these weights again, without this machine's folders."""
    stages = "".join(f" --resume-from runs/{file.parent.name}/{file.name}" for file in resume_from)
    return (
        "python -m deepfield_medical_imaging.training --data DIR --start WEIGHTS"
        f" --work runs/{work.name} --architecture {architecture} --size {size}"
        f" --epochs {epochs} --rate {rate:g} --batch {batch} --smoothing {smoothing:g}"
        f" --seed {seed}{stages}"
    )


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--start", required=True, help="safetensors of ImageNet weights, or 'hub'")
@click.option(
    "--resume-from",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="best.pt of earlier stages; several are averaged",
)
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--architecture", default="mobilenetv2_100", show_default=True)
@click.option("--size", default=160, show_default=True)
@click.option("--epochs", default=12, show_default=True)
@click.option("--rate", default=3e-4, show_default=True)
@click.option("--batch", default=32, show_default=True)
@click.option("--smoothing", default=0.05, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--threads", default=2, show_default=True)
@click.option("--workers", default=1, show_default=True)
@click.option("--limit", type=int, help="use only this many films (to try the recipe out)")
def main(
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
    threads,
    workers,
    limit,
) -> None:
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    films = ChestXray().load(data)
    if limit:
        films = films.sample(limit, random_state=seed)
    held_out = split_by_patient(films)
    training, validation = films[~held_out], films[held_out]
    dataset = Films(training, size)

    names = sorted(CORRUPTIONS)
    two = [
        ["", names[i % len(names)], names[(5 * i + 3) % len(names)]] for i in range(len(validation))
    ]
    pixels = corrupted_films(validation, size, two)
    labels = np.repeat([CLASSES.index(label) for label in validation["label"]], 3)

    def validate(network: nn.Module) -> dict[str, float]:
        logits, _ = TorchEngine(network, device.type)(pixels)
        clean = np.arange(len(logits)) % 3 == 0
        probability = expit(logits[:, 1] - logits[:, 0])
        first = binary_figures(probability[clean], labels[clean])
        figures = binary_figures(probability[~clean], labels[~clean])
        return {
            **{f"clean_{name}": value for name, value in first.items()},
            **figures,
            "score": -figures["log_loss"],
        }

    balance = dataset.targets.double().mean()
    weights = torch.where(dataset.targets == 1, 0.5 / balance, 0.5 / (1 - balance))

    def batches(epoch: int) -> DataLoader:
        generator = torch.Generator().manual_seed(seed * 10_007 + epoch)
        sampler = WeightedRandomSampler(weights.tolist(), len(dataset), generator=generator)
        return DataLoader(
            dataset,
            batch,
            sampler=sampler,
            drop_last=True,
            num_workers=workers,
            generator=generator,
        )

    network = ImageClassifier(
        NetworkConfig(CLASSES, architecture, size, dropout=0.2, drop_path=0.1)
    )
    if resume_from:
        network.load_state_dict(average_weights(resume_from))
    else:
        network.load_photograph_weights(photograph_weights(start, architecture))
    recipe = recipe_of(work, architecture, size, epochs, rate, batch, smoothing, seed, resume_from)
    schedule = Schedule(epochs=epochs, learning_rate=rate, seed=seed)
    train(
        network,
        batches,
        class_loss(smoothing),
        validate,
        schedule,
        device=device,
        folder=work,
        recipe=f"{recipe} --start {start} --data {data} --limit {limit}",
        report=click.echo,
    )
    (work / "recipe.txt").write_text(recipe + "\n")


if __name__ == "__main__":
    main()
