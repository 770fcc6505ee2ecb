"""Turn trained weights into a model folder: calibrate, set the guard, measure, write the card.

    python -m deepfield_medical_imaging.assessment --data DIR --weights runs/chest-xray/best.pt \\
        --output plugins/deepfield_medical_imaging/models/chest-xray

Every figure in the card comes from here, on validation patients that training never saw. With
``--weights MODEL_FOLDER/model.safetensors`` it measures a finished model again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont, ImageOps
from rich.console import Console
from sklearn.datasets import load_sample_images
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepfield.dataset import fingerprint
from deepfield.evaluation import binary_figures
from deepfield.images import open_picture, read_picture
from deepfield.loading import Model
from deepfield.models import ModelFolder
from deepfield.neural.engines import Engine, open_engine
from deepfield.neural.weights import average_weights, save_weights
from deepfield.trust import Calibration, MahalanobisGuard
from deepfield_datasets.chest_xray import ChestXray
from deepfield_datasets.phantoms import ChestPhantoms
from deepfield_medical_imaging import MedicalImaging
from deepfield_medical_imaging.augmentation import CORRUPTIONS
from deepfield_medical_imaging.card import write_card
from deepfield_medical_imaging.chest_xray import NETWORK, ChestXrayPredictor
from deepfield_medical_imaging.network import ImageClassifier, NetworkConfig
from deepfield_medical_imaging.studies import STUDIES, split_by_patient
from deepfield_medical_imaging.training import corrupted_pictures

CLASSES = STUDIES["chest-xray"].classes

console = Console(stderr=True)


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option(
    "--weights",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    required=True,
    help="best.pt or model.safetensors; several are averaged (a model soup)",
)
@click.option("--output", type=click.Path(path_type=Path), required=True)
@click.option("--brain", type=click.Path(exists=True, path_type=Path), help="folder of brain MRI")
@click.option("--architecture", default="mobilenetv2_100", show_default=True)
@click.option("--size", default=160, show_default=True)
def main(data, weights, output, brain, architecture, size) -> None:
    films = ChestXray().load(data)
    held_out = split_by_patient(films)
    training, validation = films[~held_out], films[held_out]
    network = ImageClassifier(NetworkConfig(CLASSES, architecture, size))
    network.load_state_dict(average_weights(weights))
    recipes = recipes_of(weights)
    folder = write_network(network.eval(), output, recipes)
    example = np.zeros((1, size, size), dtype=np.uint8)
    forward = open_engine(folder, lambda: network, example, NETWORK)

    console.print(f"reading {len(films):,} films under {len(CORRUPTIONS)} corruptions")
    labels = validation["label"].map(CLASSES.index).to_numpy()
    names = ["", *CORRUPTIONS]
    pixels = corrupted_pictures(validation, size, [names] * len(validation))
    logits, textures = forward(pixels)
    logits = logits.reshape(len(validation), len(names), -1)
    textures = textures.reshape(len(validation), len(names), -1)

    patients = validation["patient"].to_numpy()
    probability = cross_fitted(logits, labels, patients)
    figures: dict[str, Any] = {
        name or "clean": binary_figures(probability[:, place], labels)
        for place, name in enumerate(names)
    }
    near = validation["series"].ne("PERSON") & nearest_block(validation)
    figures["near the official test"] = {
        "specificity": float((probability[near.to_numpy(), 0] < 0.5).mean()),
        "films": int(near.sum()),
    }
    corrupted = [figures[name] for name in CORRUPTIONS]
    figures["corrupted, mean"] = {
        key: float(np.mean([f[key] for f in corrupted])) for key in corrupted[0]
    }
    figures["corrupted, worst"] = {
        key: (max if key in ("ece", "log_loss") else min)(f[key] for f in corrupted)
        for key in corrupted[0]
    }

    everything = np.repeat(labels, len(names))
    calibration = Calibration.fit(logits.reshape(-1, len(CLASSES)), everything)
    # One version of each film, drawn by lot: fourteen of one film are no fourteen films, and a
    # bound that took them for such would promise too much.
    drawn = np.random.default_rng(0).integers(0, len(names), len(labels))
    confidence, correct = called(probability[np.arange(len(labels)), drawn], labels)
    calibration = calibration.with_risk(confidence, correct)
    calibration.save(folder.path / "calibration.json")
    figures["trust"] = abstention(calibration, probability[:, 0], labels)

    console.print("setting the guard")
    targets = training["label"].map(CLASSES.index).to_numpy()
    train_pixels = corrupted_pictures(training, size, [[""]] * len(training))
    _, train_textures = forward(train_pixels)
    guard = MahalanobisGuard.fit(train_textures, targets, textures[:, 0])
    guard.save(folder.path / "guard.safetensors")
    figures["guard"] = foreign_figures(guard, forward, textures[:, 0], validation, size, brain)

    console.print("comparing with logistic regression on 32 × 32 pixels")
    figures["baseline"] = pixel_baseline(training, validation)

    model = Model(
        MedicalImaging(), MedicalImaging.models[0], folder, ChestXrayPredictor.load(folder, "cpu")
    )
    console.print("deletion test of the heat maps")
    figures["deletion"] = deletion_test(model, validation)

    inputs = ChestPhantoms().generate(6, seed=7)
    folder.write_golden(inputs, model.predict(inputs))
    (folder.path / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")
    files = [Path(path) for path in films["image"]]
    write_card(
        folder,
        figures,
        films=films,
        held_out=held_out,
        size=size,
        architecture=architecture,
        recipes=recipes,
        data_hash=fingerprint(files),
    )
    console.print_json(json.dumps(figures))


def recipes_of(files: tuple[Path, ...]) -> list[str]:
    """Return the commands that trained some weights, as they were written down beside them."""
    recipes: list[str] = []
    for file in files:
        if file.suffix == ".safetensors":
            recipes += json.loads(file.with_name("config.json").read_text()).get("trained_by", [])
        elif file.with_name("recipe.txt").is_file():
            recipes.append(file.with_name("recipe.txt").read_text().strip())
    return recipes


def write_network(network: ImageClassifier, path: Path, recipes: list[str]) -> ModelFolder:
    path.mkdir(parents=True, exist_ok=True)
    config = {
        "domain": "medical-imaging",
        "model": "chest-xray",
        "technique": "CNN",
        "architecture": network.config.architecture,
        "classes": list(network.config.classes),
        "image_size": network.config.image_size,
        "trained_by": recipes,
    }
    (path / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_weights(network, path / "model.safetensors")
    return ModelFolder(path)


def cross_fitted(logits: np.ndarray, labels: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """Return P(pneumonia) (n, corruptions), each calibrated on other patients' films only."""
    probability = np.zeros(logits.shape[:2])
    for rest, own in GroupKFold(5).split(logits, labels, patients):
        fitted = Calibration.fit(
            logits[rest].reshape(-1, logits.shape[-1]), np.repeat(labels[rest], logits.shape[1])
        )
        probability[own] = fitted.probabilities(logits[own])[..., 1]
    return probability


def called(probability: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the confidence of each call, and whether it was right."""
    calls = probability >= 0.5
    return np.where(calls, probability, 1 - probability), calls == (labels == 1)


def nearest_block(validation: pd.DataFrame) -> pd.Series:
    """Return True for the lowest-numbered half of each series' validation patients."""
    middle = validation.groupby("series")["number"].transform("median")
    return validation["number"] <= middle


def abstention(calibration: Calibration, probability: np.ndarray, labels: np.ndarray) -> list[dict]:
    """Return, for some promises, how many clean films are answered and how many wrongly."""
    confidence, correct = called(probability, labels)
    rows = []
    for promise in (0.01, 0.02, 0.05):
        answered = confidence >= calibration.least_confidence(promise)
        errors = float((~correct[answered]).mean()) if answered.any() else 0.0
        rows.append(
            {"promised error": promise, "answered": float(answered.mean()), "error": errors}
        )
    return rows


def foreign_figures(
    guard: MahalanobisGuard,
    forward: Engine,
    familiar: np.ndarray,
    validation: pd.DataFrame,
    size: int,
    brain: Path | None,
) -> dict[str, Any]:
    """Return AUROC and the share flagged, of each kind of foreign picture."""
    own = guard.score(familiar)
    table: dict[str, Any] = {"chest films flagged": float((own > 1).mean())}
    for kind, pictures in foreign_pictures(validation, brain):
        pixels = np.stack([read_picture(each, "L", (size, size)) for each in pictures])
        score = guard.score(forward(pixels)[1])
        truth = np.repeat([0, 1], [len(own), len(score)])
        table[kind] = {
            "auroc": float(roc_auc_score(truth, np.append(own, score))),
            "flagged": float((score > 1).mean()),
            "pictures": len(score),
        }
    return table


def foreign_pictures(films: pd.DataFrame, brain: Path | None) -> Iterator[tuple[str, list]]:
    generator = np.random.default_rng(0)
    crops = []
    for photograph in load_sample_images().images:
        for _ in range(60):
            side = int(generator.integers(160, 400))
            top = int(generator.integers(0, photograph.shape[0] - side))
            left = int(generator.integers(0, photograph.shape[1] - side))
            crops.append(np.ascontiguousarray(photograph[top : top + side, left : left + side]))
    yield "photographs (crops of scikit-learn's two)", crops
    yield "noise", [generator.integers(0, 256, (224, 224), dtype=np.uint8) for _ in range(100)]
    yield "text", [_page(generator) for _ in range(100)]
    sample = films["image"].sample(200, random_state=0)
    yield "inverted films", [ImageOps.invert(open_picture(path, "L")) for path in sample]
    yield "films on their side", [open_picture(path, "L").rotate(90) for path in sample]
    if brain:
        scans = sorted(brain.rglob("*.jpg"))
        yield "brain MRI", [scans[i] for i in generator.permutation(len(scans))[:300]]


def _page(generator: np.random.Generator) -> Image.Image:
    page = Image.new("L", (448, 448), 255)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(int(generator.integers(12, 26)))
    for y in range(8, 440, int(generator.integers(18, 32))):
        letters = generator.choice(list("abcdefghijklmnopqrstuvwxyz    "), 60)
        draw.text((8, y), "".join(letters), fill=0, font=font)
    return page


def pixel_baseline(training: pd.DataFrame, validation: pd.DataFrame) -> dict[str, float]:
    """Return the figures of logistic regression on small standardised pictures."""

    def pixels(films: pd.DataFrame) -> np.ndarray:
        return np.stack([read_picture(path, "L", (32, 32)).ravel() for path in films["image"]])

    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=500)
    )
    model.fit(pixels(training), training["label"] == "pneumonia")
    probability = model.predict_proba(pixels(validation))[:, 1]
    return binary_figures(probability, (validation["label"] == "pneumonia").to_numpy().astype(int))


def deletion_test(model: Model, validation: pd.DataFrame, films: int = 300) -> dict[str, Any]:
    """Return how often removing the hottest fifth of a film hurts more than a random fifth.

    Removed pixels take the film's mean grey, which the network's standardisation maps to 0. The
    random fifth is drawn pixel by pixel, and a second time in squares as large as a cell of the
    map, which is harder to beat. Only films that were called rightly count.
    """
    generator = np.random.default_rng(0)
    sample = validation.sample(min(films, len(validation)), random_state=0)
    options = model.domain.Options()
    rows = model.inputs.read(sample[["image"]]).rows
    answers = model.predict_checked(rows, options)
    right = (answers["finding"] == sample["label"]).to_numpy()
    rows, answers = rows[right], answers[right]
    explanations = model.predictor.explain(rows, options)
    maps = [each.heatmap.values for each in explanations if each.heatmap]
    before = answers["confidence"].to_numpy()

    def drop(orders: list[np.ndarray]) -> np.ndarray:
        """Return how far confidence falls without the fifth that each order puts first."""
        pairs = zip(rows["image"], orders, strict=True)
        pictures = [without_fifth(film, stretched(order, film)) for film, order in pairs]
        changed = pd.DataFrame({"image": pd.Series(pictures, rows.index, dtype=object)})
        ill = model.predict_checked(changed, options)["pneumonia"].to_numpy()
        return before - np.where(answers["finding"] == "pneumonia", ill, 1 - ill)

    hot = drop(maps)
    pixels = drop([generator.random(film.shape, dtype=np.float32) for film in rows["image"]])
    squares = drop([generator.random(heat.shape, dtype=np.float32) for heat in maps])
    return {
        "films": len(rows),
        "hottest hurts more than random pixels": float((hot > pixels).mean()),
        "hottest hurts more than random squares": float((hot > squares).mean()),
        "mean drop, hottest": float(hot.mean()),
        "mean drop, pixels": float(pixels.mean()),
        "mean drop, squares": float(squares.mean()),
    }


def stretched(order: np.ndarray, film: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(order).resize(film.shape[::-1], Image.Resampling.BICUBIC))


def without_fifth(film: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return the film with the fifth of its pixels that ``order`` puts highest made mean grey.

    Just a fifth: where a map is flat, chance decides between equals.
    """
    chance = np.random.default_rng(0).permutation(order.size)
    highest = np.lexsort((chance, order.ravel()))[-(order.size // 5) :]
    changed = film.copy().ravel()
    changed[highest] = round(float(film.mean()))
    return changed.reshape(film.shape)


if __name__ == "__main__":
    main()
