"""Which guard knows a foreign picture? AUROC and share flagged, every guard in one table.

    python benchmarks/compare_guards.py chest-xray --data DIR --gan runs/chest-xray-gan \\
        --foreign "brain MRI" DIR

Fitted on training scans; every border lets 2 % of the validation scans pass as foreign. The guards
of the adversarial part need the work folder of ``recipes.adversarial_training``, whose
discriminators are not shipped; an encoder is trained here as in f-AnoGAN (Schlegl et al. 2019): it
maps a scan to the latent code from which the generator makes the scan again.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import torch
from safetensors.torch import load_file
from scipy.special import logsumexp, softmax
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from deepfield.images import read_picture
from deepfield.models import ModelFolder
from deepfield.store import find_model
from deepfield.trust import MahalanobisGuard
from deepfield_medical_imaging import MedicalImaging
from deepfield_medical_imaging.classifier import build
from deepfield_medical_imaging.generator import Generator, GeneratorConfig
from deepfield_medical_imaging.recipes.discriminator import ProjectedDiscriminator
from deepfield_medical_imaging.recipes.foreign import foreign_pictures
from deepfield_medical_imaging.recipes.studies import STUDIES
from deepfield_medical_imaging.recipes.training import photograph_weights

Score = Callable[[np.ndarray], np.ndarray]
"""uint8 (n, side, side) -> how foreign each is (n,)."""

FLAGGED = 0.02


class Classifier:
    """What the shipped classifier gives: logits, last embedding, texture."""

    def __init__(self, study: str) -> None:
        folder = ModelFolder(find_model(MedicalImaging(), study).folder)
        self.network = build(folder).eval()
        self.size = folder.config["image_size"]
        self.seen: dict[int, tuple[np.ndarray, ...]] = {}

    def __call__(self, pictures: np.ndarray) -> tuple[np.ndarray, ...]:
        """Look at pictures once, however many guards ask."""
        if id(pictures) not in self.seen:
            self.seen[id(pictures)] = self._look(pictures)
        return self.seen[id(pictures)]

    @torch.inference_mode()
    def _look(self, pictures: np.ndarray) -> tuple[np.ndarray, ...]:
        parts = []
        for start in range(0, len(pictures), 32):
            rows = pictures[start : start + 32]
            batch = np.stack([read_picture(each, "L", (self.size, self.size)) for each in rows])
            x = self.network.standardize(torch.from_numpy(batch))
            maps, (middle,) = self.network.backbone.forward_intermediates(x, indices=[3])
            spread, mean = torch.std_mean(middle, dim=(2, 3))
            parts.append(
                (
                    self.network.backbone.forward_head(maps).numpy(),
                    self.network.backbone.forward_head(maps, pre_logits=True).numpy(),
                    torch.cat([mean, spread], dim=1).numpy(),
                )
            )
        return tuple(np.concatenate(each) for each in zip(*parts, strict=True))


class Encoder(nn.Module):
    """A scan (batch, 1, 128, 128) in -1 … 1 to the generator's code for it."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        widths = (1, 24, 48, 96, 192, 256)
        self.steps = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(before, after, 4, 2, 1), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)
                )
                for before, after in itertools.pairwise(widths)
            )
        )
        self.latent = nn.Linear(256 * 16, config.latent)
        self.classes = nn.Linear(256 * 16, len(config.classes))

    def forward(self, pictures: Tensor) -> Tensor:
        hidden = self.steps(pictures).flatten(1)
        return torch.cat([self.latent(hidden), self.classes(hidden).softmax(dim=1)], dim=1)


class Adversaries:
    """Generator, discriminators and the encoder that is trained between them."""

    def __init__(self, gan: Path, start: str, classes: tuple[str, ...]) -> None:
        config = GeneratorConfig(classes)
        self.generator = Generator(config)
        self.generator.load_state_dict(load_file(gan / "generator.safetensors"))
        self.generator.eval().requires_grad_(False)
        self.discriminator = ProjectedDiscriminator(
            classes, photograph_weights(start, "mobilenetv2_100")
        )
        state = torch.load(gan / "checkpoint.pt", map_location="cpu", weights_only=True)
        self.discriminator.load_state_dict(state["discriminator"])
        self.discriminator.eval().requires_grad_(False)
        self.encoder = Encoder(config)
        self.classes = len(classes)
        self.seen: dict[int, dict[str, np.ndarray]] = {}

    def fit(self, pictures: np.ndarray, steps: int, seed: int = 0) -> None:
        """Train the encoder: pixels and features of the scan made again come near the scan's."""
        torch.manual_seed(seed)
        optimizer = torch.optim.Adam(self.encoder.parameters(), 1e-3, (0.5, 0.99))
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-3, total_steps=steps)
        stored = torch.from_numpy(pictures)
        for step in range(steps):
            x = scaled(stored[torch.randint(len(stored), (16,))])
            with torch.autocast("cpu", torch.bfloat16):
                (again,) = self.generator(self.encoder(x))
                apart = self.discriminator.features(again.float())
                wanted = self.discriminator.features(x)
                loss = (again - x).square().mean() + sum(
                    (one - other).square().mean() / other.square().mean()
                    for one, other in zip(apart, wanted, strict=True)
                ) / len(wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if step % 100 == 0:
                click.echo(f"encoder: step {step}, loss {loss.item():.3f}", err=True)
        self.encoder.eval()

    def __call__(self, pictures: np.ndarray) -> dict[str, np.ndarray]:
        """Return residuals (n,), what the heads say (n,) and statistics of the features (n, f)."""
        if id(pictures) not in self.seen:
            small = np.stack([read_picture(each, "L", (128, 128)) for each in pictures])
            self.seen[id(pictures)] = self._look(small)
        return self.seen[id(pictures)]

    @torch.inference_mode()
    def _look(self, pictures: np.ndarray) -> dict[str, np.ndarray]:
        found: dict[str, list[np.ndarray]] = {"pixels": [], "features": [], "fake": [], "maps": []}
        for start in range(0, len(pictures), 32):
            x = scaled(torch.from_numpy(pictures[start : start + 32]))
            codes = self.encoder(x)
            (again,) = self.generator(codes)
            own, made = self.discriminator.features(x), self.discriminator.features(again)
            likeliest = codes[:, -self.classes :].argmax(dim=1)
            residual = sum(
                (one - other).square().mean(dim=(1, 2, 3)) / other.square().mean(dim=(1, 2, 3))
                for one, other in zip(made, own, strict=True)
            )
            statistics = [stat for maps in own for stat in torch.std_mean(maps, dim=(2, 3))]
            found["pixels"].append((again - x).square().mean(dim=(1, 2, 3)).numpy())
            found["features"].append(residual.numpy())
            found["fake"].append(-self.discriminator.judge(own, likeliest).mean(dim=1).numpy())
            found["maps"].append(torch.cat(statistics, dim=1).numpy())
        return {name: np.concatenate(parts) for name, parts in found.items()}


def scaled(pixels: Tensor) -> Tensor:
    return pixels.float().unsqueeze(1) / 127.5 - 1


@click.command(help=__doc__)
@click.argument("study", type=click.Choice(sorted(STUDIES)))
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--gan", type=click.Path(exists=True, path_type=Path), help="work folder of the GAN")
@click.option("--start", help="the ImageNet weights that the discriminators look through")
@click.option("--encoder-steps", default=600, show_default=True)
@click.option("--most", default=1500, show_default=True, help="training scans to fit guards on")
@click.option("--foreign", type=(str, click.Path(exists=True, path_type=Path)), multiple=True)
@click.option("--output", type=click.Path(path_type=Path), help="a JSON file for the figures")
def main(study, data, gan, start, encoder_steps, most, foreign, output) -> None:
    chosen = STUDIES[study]
    rows = chosen.dataset.load(data)
    held_out = chosen.held_out(rows)
    learned = rows[~held_out]
    learned = learned.sample(min(most, len(learned)), random_state=0)
    targets = learned["label"].map(chosen.classes.index).to_numpy()

    def stacked(pictures) -> np.ndarray:
        return np.stack([read_picture(each, "L", (224, 224)) for each in pictures])

    training, familiar = stacked(learned["image"]), stacked(rows[held_out]["image"])
    kinds = {
        name: stacked(pictures)
        for name, pictures in foreign_pictures(rows[held_out], dict(foreign))
    }
    guards = classifier_guards(study, training, targets, familiar)
    if gan:
        guards |= adversarial_guards(gan, start, chosen.classes, training, targets, familiar,
                                     encoder_steps)  # fmt: skip
        first, second = "Mahalanobis, mid-network maps (shipped)", "f-AnoGAN, pixels and features"
        guards["shipped and f-AnoGAN, the greater"] = greater(
            guards[first], guards[second], familiar
        )
    figures = {name: measured(score, familiar, kinds) for name, score in guards.items()}
    names = list(kinds)
    click.echo("| guard | " + " | ".join(names) + " | least flagged |")
    click.echo("|---" * (len(names) + 2) + "|")
    for guard, table in figures.items():
        cells = [f"{table[name]['auroc']:.3f}" for name in names]
        least = min(table[name]["flagged"] for name in names)
        click.echo(f"| {guard} | " + " | ".join(cells) + f" | {least:.0%} |")
    if output:
        output.write_text(json.dumps(figures, indent=2) + "\n")


def classifier_guards(
    study: str, training: np.ndarray, targets: np.ndarray, familiar: np.ndarray
) -> dict[str, Score]:
    look = Classifier(study)
    _, embeddings, textures = look(training)
    _, own_embeddings, own_textures = look(familiar)
    last = MahalanobisGuard.fit(embeddings, targets, own_embeddings)
    middle = MahalanobisGuard.fit(textures, targets, own_textures)
    return {
        "maximum softmax": lambda pictures: -softmax(look(pictures)[0], axis=1).max(axis=1),
        "energy": lambda pictures: -logsumexp(look(pictures)[0], axis=1),
        "Mahalanobis, last embedding": lambda pictures: last.score(look(pictures)[1]),
        "Mahalanobis, mid-network maps (shipped)": lambda pictures: middle.score(look(pictures)[2]),
    }


def adversarial_guards(
    gan: Path,
    start: str,
    classes: tuple[str, ...],
    training: np.ndarray,
    targets: np.ndarray,
    familiar: np.ndarray,
    steps: int,
) -> dict[str, Score]:
    adversaries = Adversaries(gan, start, classes)
    adversaries.fit(np.stack([read_picture(e, "L", (128, 128)) for e in training]), steps)
    of_training, of_familiar = adversaries(training), adversaries(familiar)
    # The two residuals have units of their own: each counts in spreads over familiar scans.
    centre = {name: np.median(of_familiar[name]) for name in ("pixels", "features")}
    spread = {name: np.std(of_familiar[name]) for name in ("pixels", "features")}
    maps = MahalanobisGuard.fit(of_training["maps"], targets, of_familiar["maps"])

    def residual(pictures: np.ndarray) -> np.ndarray:
        found = adversaries(pictures)
        return sum((found[name] - centre[name]) / spread[name] for name in centre)

    return {
        "discriminators' verdict": lambda pictures: adversaries(pictures)["fake"],
        "Mahalanobis, discriminators' maps": lambda pictures: maps.score(
            adversaries(pictures)["maps"]
        ),
        "f-AnoGAN, pixels": lambda pictures: adversaries(pictures)["pixels"],
        "f-AnoGAN, pixels and features": residual,
    }


def greater(one: Score, other: Score, familiar: np.ndarray) -> Score:
    """Return the greater of two scores, each in units of its border on familiar scans."""
    places = [np.quantile(score(familiar), [0.5, 1 - FLAGGED / 2]) for score in (one, other)]

    def score(pictures: np.ndarray) -> np.ndarray:
        parts = [
            (each(pictures) - middle) / (border - middle)
            for each, (middle, border) in zip((one, other), places, strict=True)
        ]
        return np.maximum(*parts)

    return score


def measured(
    score: Score, familiar: np.ndarray, kinds: dict[str, np.ndarray]
) -> dict[str, dict[str, float]]:
    own = score(familiar)
    border = np.quantile(own, 1 - FLAGGED)
    table = {}
    for name, pictures in kinds.items():
        foreign = score(pictures)
        truth = np.repeat([0, 1], [len(own), len(foreign)])
        table[name] = {
            "auroc": float(roc_auc_score(truth, np.append(own, foreign))),
            "flagged": float((foreign > border).mean()),
        }
    return table


if __name__ == "__main__":
    main()
