"""Turn a trained generator into a folder: measure its scans against real ones, write the card.

    python -m deepfield_medical_imaging.recipes.synthesis_assessment chest-xray --data DIR \\
        --weights runs/chest-xray-gan/generator.safetensors

The features of the kernel distance are the textures of the study's own classifier (mean and spread
of its maps at a sixteenth of the picture), which work offline; the discriminators saw another
network (ImageNet's), so the generator was not trained for this figure.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
import numpy as np
import pandas as pd
import torch
from huggingface_hub import EvalResult, ModelCard, ModelCardData
from safetensors.torch import load_file
from sklearn.metrics.pairwise import polynomial_kernel
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from deepfield.images import read_picture
from deepfield.loading import load_model
from deepfield.models import ModelFolder
from deepfield.neural.weights import save_weights
from deepfield_medical_imaging import MedicalImaging
from deepfield_medical_imaging.generator import Generator, GeneratorConfig
from deepfield_medical_imaging.recipes.studies import STUDIES, Study
from deepfield_medical_imaging.synthesis import FOLDERS, SyntheticScans

if TYPE_CHECKING:
    from deepfield_medical_imaging.classifier import ScanClassifier

MADE = 600


@click.command(help=__doc__)
@click.argument("study", type=click.Choice(sorted(STUDIES)))
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--weights", type=click.Path(exists=True, path_type=Path), required=True)
def main(study: str, data: Path, weights: Path) -> None:
    chosen = STUDIES[study]
    folder = write_generator(chosen, weights)
    rows = chosen.dataset.load(data)
    held_out = chosen.held_out(rows)
    made = SyntheticScans(study, study, chosen.classes)
    places = np.arange(MADE) % len(chosen.classes)
    synthetic = made.pictures(places, seed=10_000)
    real = {
        name: np.stack([read_picture(path, "L", (128, 128)) for path in part["image"]])
        for name, part in (("training", rows[~held_out]), ("validation", rows[held_out]))
    }
    classifier = load_model(MedicalImaging(), study, "cpu")
    predictor = cast("ScanClassifier", classifier.predictor)
    size = (classifier.folder.config["image_size"],) * 2

    def look(pictures: np.ndarray) -> np.ndarray:
        """Return the classifier's textures, (n, 2 m)."""
        return predictor.engine(np.stack([read_picture(each, "L", size) for each in pictures]))[1]

    textures = {name: look(pictures) for name, pictures in real.items()}
    # Each feature counts alike: in spreads of training scans about their mean.
    scaler = StandardScaler().fit(textures["training"])
    features = {name: scaler.transform(each) for name, each in textures.items()}
    fresh = balanced(features["validation"], rows[held_out], chosen)
    frame = pd.DataFrame({"image": pd.Series(list(synthetic), dtype=object)})
    answers = classifier.predict(frame)
    called = answers["finding"].to_numpy()
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 256, (200, 128, 128), dtype=np.uint8)
    figures: dict[str, Any] = {
        "kid": kernel_distance(scaler.transform(look(synthetic)), fresh),
        "kid of real training scans": kernel_distance(
            balanced(features["training"], rows[~held_out], chosen), fresh
        ),
        "kid of noise": kernel_distance(scaler.transform(look(noise)), fresh),
        "classifier agrees": float((called == np.array(chosen.classes)[places]).mean()),
        "called unfamiliar": float((answers["trust"] == "unfamiliar").mean()),
        "pictures": MADE,
        **nearest(synthetic, real["training"], real["validation"]),
    }
    (folder.path / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")
    write_card(folder, chosen, figures)
    click.echo(json.dumps(figures, indent=2))


def write_generator(study: Study, weights: Path) -> ModelFolder:
    """Write the generator's folder, its weights in half precision."""
    network = Generator(GeneratorConfig(study.classes))
    network.load_state_dict(load_file(weights))
    path = FOLDERS / study.model
    path.mkdir(parents=True, exist_ok=True)
    recipe = weights.with_name("recipe.txt")
    config = {
        "domain": "medical-imaging",
        "model": study.model,
        "technique": "GAN",
        "classes": list(study.classes),
        "latent": network.config.latent,
        "image_size": network.config.image_size,
        "widths": list(network.config.widths),
        "trained_by": [recipe.read_text().strip()] if recipe.is_file() else [],
    }
    (path / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_weights(network, path / "model.safetensors", torch.float16)
    return ModelFolder(path)


def balanced(features: np.ndarray, rows: pd.DataFrame, study: Study) -> np.ndarray:
    """Return as many rows of each class, for made pictures come so."""
    labels = rows["label"].to_numpy()
    count = min((labels == name).sum() for name in study.classes)
    generator = np.random.default_rng(0)
    return np.concatenate(
        [features[generator.permutation(np.flatnonzero(labels == name))[:count]]
         for name in study.classes]
    )  # fmt: skip


def kernel_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return the squared maximum mean discrepancy, unbiased (KID, Bińkowski et al. 2018)."""

    def mean_of_pairs(kernel: np.ndarray) -> float:
        return float((kernel.sum() - np.trace(kernel)) / (len(kernel) * (len(kernel) - 1)))

    same = mean_of_pairs(polynomial_kernel(one)) + mean_of_pairs(polynomial_kernel(other))
    return same - 2 * float(polynomial_kernel(one, other).mean())


def nearest(made: np.ndarray, training: np.ndarray, validation: np.ndarray) -> dict[str, float]:
    """Return how near made pictures lie to training ones, beside how near new real ones do.

    Distance: root mean square of the difference of 32 × 32 pictures of mean 0 and deviation 1.
    """

    def small(pictures: np.ndarray) -> np.ndarray:
        flat = np.stack([read_picture(p, "L", (32, 32)).ravel() for p in pictures]).astype(float)
        flat -= flat.mean(axis=1, keepdims=True)
        return flat / flat.std(axis=1, keepdims=True)

    # Mirrored ones too: a generator that learned from both could have kept either.
    both = np.concatenate([training, training[:, :, ::-1]])
    index = NearestNeighbors(n_neighbors=1).fit(small(np.ascontiguousarray(both)))
    own = index.kneighbors(small(made))[0][:, 0] / 32
    new = index.kneighbors(small(validation))[0][:, 0] / 32
    return {
        "median distance to the nearest training scan": float(np.median(own)),
        "least distance to a training scan": float(own.min()),
        "median distance of validation scans": float(np.median(new)),
        "least distance of validation scans": float(new.min()),
    }


def write_card(folder: ModelFolder, study: Study, figures: dict[str, Any]) -> None:
    data = ModelCardData(
        license="apache-2.0",
        library_name="deepfield",
        pipeline_tag="unconditional-image-generation",
        tags=["medical-imaging", study.model, "gan"],
        model_name=f"Deepfield {study.model} generator",
        eval_results=[
            EvalResult(
                task_type="unconditional-image-generation",
                dataset_type=study.dataset.name,
                dataset_name=f"{study.dataset.card.title}, {study.split}",
                metric_type=name,
                metric_value=round(figures[name], 4),
            )
            for name in ("kid", "classifier agrees")
        ],
    )
    card = study.dataset.card
    d = {
        "median": f"{figures['median distance to the nearest training scan']:.2f}",
        "least": f"{figures['least distance to a training scan']:.2f}",
        "median of new": f"{figures['median distance of validation scans']:.2f}",
        "least of new": f"{figures['least distance of validation scans']:.2f}",
    }
    commands = "\n\n".join(f"    {recipe}" for recipe in folder.config["trained_by"])
    text = f"""---
{data.to_yaml()}
---

# Generator of synthetic scans: {study.title}

A class-conditional generator (after FastGAN, Liu et al. 2021; 128 pixels, grey) trained against
projected discriminators (Sauer et al. 2021) on the features of an ImageNet MobileNetV2, with hinge
loss, spectral normalisation, differentiable augmentation and an exponential moving average. It
makes the built-in examples of the dashboard and the panel *Make examples*. The discriminators are
not shipped.

## Intended use and limits

To try a pipeline out without anybody's scan. **No figure of a medical model may rest on its
pictures**, and nobody should learn from them what a disease looks like.

## Data

{card.title} ({card.license}; {card.source}), the part that the classifier learned from. No held-out
scan was seen.

## Figures

{figures["pictures"]} made pictures, as many of each class, against {study.split}, on the
textures of the shipped classifier (mean and spread of its maps at a sixteenth of the picture):

| kernel distance (KID) to validation scans | |
|---|---|
| made pictures | {figures["kid"]:.3f} |
| real training scans: the best that can be | {figures["kid of real training scans"]:.3f} |
| noise | {figures["kid of noise"]:.3f} |

The classifier calls {figures["classifier agrees"]:.1%} of the made pictures what they were made
as. Its guard calls {figures["called unfamiliar"]:.1%} of them unfamiliar.

Is a training scan copied? The distance to the nearest one, mirrored ones among them, at 32 × 32
standardised pixels:

| | median | least |
|---|---|---|
| made pictures | {d["median"]} | {d["least"]} |
| real validation scans | {d["median of new"]} | {d["least of new"]} |

## Reproduce

{commands}

and the figures by

    python -m deepfield_medical_imaging.recipes.synthesis_assessment {study.model} --data DIR \\
        --weights plugins/deepfield_medical_imaging/generators/{study.model}/model.safetensors
"""
    ModelCard(text).save(folder.path / "README.md")


if __name__ == "__main__":
    main()
