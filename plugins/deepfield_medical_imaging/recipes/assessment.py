"""Turn trained weights into a model folder: calibrate, set the guard, measure, write the card.

    python -m deepfield_medical_imaging.recipes.assessment brain-mri --data DIR \\
        --weights runs/brain-mri/best.pt --output plugins/deepfield_medical_imaging/models/brain-mri

Every figure in the card comes from here, on held-out pictures that training never saw. With
``--weights MODEL_FOLDER/model.safetensors`` it measures a finished model again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from rich.console import Console
from sklearn.metrics import confusion_matrix, roc_auc_score

from deepfield.dataset import fingerprint
from deepfield.images import read_picture
from deepfield.loading import Model
from deepfield.models import ModelFolder
from deepfield.neural.engines import Engine, open_engine
from deepfield.neural.weights import average_weights, save_weights
from deepfield.store import find_model
from deepfield.trust import Calibration, MahalanobisGuard, cross_fitted
from deepfield_medical_imaging import MedicalImaging
from deepfield_medical_imaging.classifier import NETWORK, ScanClassifier
from deepfield_medical_imaging.network import ImageClassifier, NetworkConfig
from deepfield_medical_imaging.recipes.augmentation import CORRUPTIONS
from deepfield_medical_imaging.recipes.baselines import baseline_figures, figures_of
from deepfield_medical_imaging.recipes.card import write_card
from deepfield_medical_imaging.recipes.deletion import deletion_test
from deepfield_medical_imaging.recipes.foreign import foreign_pictures
from deepfield_medical_imaging.recipes.studies import STUDIES, Study, nearest_block
from deepfield_medical_imaging.recipes.training import corrupted_pictures

console = Console(stderr=True)


@click.command(help=__doc__)
@click.argument("study", type=click.Choice(sorted(STUDIES)))
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option(
    "--weights",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    required=True,
    help="best.pt, checkpoint.pt for the last epoch, or model.safetensors; several are averaged "
    "(a model soup)",
)
@click.option("--output", type=click.Path(path_type=Path), required=True)
@click.option(
    "--foreign",
    type=(str, click.Path(exists=True, path_type=Path)),
    multiple=True,
    metavar="KIND DIR",
    help="a folder of JPEG pictures that the guard should know as foreign",
)
@click.option("--architecture", default="mobilenetv2_100", show_default=True)
@click.option("--size", default=224, show_default=True)
def main(study, data, weights, output, foreign, architecture, size) -> None:
    chosen = STUDIES[study]
    classes = chosen.classes
    rows = chosen.dataset.load(data)
    held_out = chosen.held_out(rows)
    training, validation = rows[~held_out], rows[held_out]
    network = ImageClassifier(NetworkConfig(classes, architecture, size))
    network.load_state_dict(average_weights(weights))
    recipes = recipes_of(weights)
    folder = write_network(chosen, network.eval(), output, recipes)
    example = np.zeros((1, size, size), dtype=np.uint8)
    forward = open_engine(folder, lambda: network, example, NETWORK)

    console.print(f"reading {len(rows):,} pictures under {len(CORRUPTIONS)} corruptions")
    labels = validation["label"].map(classes.index).to_numpy()
    names = ["", *CORRUPTIONS]
    logits, textures = forward(corrupted_pictures(validation, size, [names] * len(validation)))
    logits = logits.reshape(len(validation), len(names), -1)
    textures = textures.reshape(len(validation), len(names), -1)

    groups = validation[chosen.group].to_numpy() if chosen.group else None
    probabilities = cross_fitted(logits, labels, groups)
    figures: dict[str, Any] = {
        name or "clean": figures_of(probabilities[:, place], labels)
        for place, name in enumerate(names)
    }
    clean = probabilities[:, 0].argmax(axis=1)
    figures["confusion"] = confusion_matrix(labels, clean).tolist()
    if chosen.model == "chest-xray":
        near = (validation["series"].ne("PERSON") & nearest_block(validation)).to_numpy()
        figures["near the official test"] = {
            "specificity": float((clean[near] == 0).mean()),
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
    calibration = Calibration.fit(logits.reshape(-1, len(classes)), everything)
    # One version of each picture, drawn by lot: fourteen of one picture are no fourteen pictures,
    # and a bound that took them for such would promise too much.
    drawn = np.random.default_rng(0).integers(0, len(names), len(labels))
    one_each = probabilities[np.arange(len(labels)), drawn]
    calibration = calibration.with_risk(one_each.max(axis=1), one_each.argmax(axis=1) == labels)
    calibration.save(folder.path / "calibration.json")
    figures["trust"] = abstention(calibration, probabilities[:, 0], labels)

    console.print("setting the guard")
    targets = training["label"].map(classes.index).to_numpy()
    _, train_textures = forward(corrupted_pictures(training, size, [[""]] * len(training)))
    guard = MahalanobisGuard.fit(train_textures, targets, textures[:, 0])
    guard.save(folder.path / "guard.safetensors")
    figures["guard"] = foreign_figures(
        guard, forward, textures[:, 0], validation, size, dict(foreign)
    )

    console.print("comparing with the simplest models")
    figures["baselines"] = baseline_figures(training, validation, classes)

    domain = MedicalImaging()
    model = Model(domain, find_model(domain, study), folder, ScanClassifier.load(folder, "cpu"))
    console.print("deletion test of the heat maps")
    figures["deletion"] = deletion_test(model, validation)

    (folder.path / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")
    write_card(
        folder,
        chosen,
        figures,
        rows=rows,
        held_out=held_out,
        size=size,
        architecture=architecture,
        recipes=recipes,
        data_hash=fingerprint([Path(path) for path in rows["image"]]),
    )
    console.print_json(json.dumps(figures))


def recipes_of(files: tuple[Path, ...]) -> list[str]:
    """Return the commands that trained some weights, as they were written down beside them."""
    recipes: list[str] = []
    for file in files:
        if file.suffix == ".safetensors":
            recipes += json.loads(file.with_name("config.json").read_text()).get("trained_by", [])
        elif file.with_name("recipe.txt").is_file():
            recipes += file.with_name("recipe.txt").read_text().strip().splitlines()
    return recipes


def write_network(
    study: Study, network: ImageClassifier, path: Path, recipes: list[str]
) -> ModelFolder:
    path.mkdir(parents=True, exist_ok=True)
    config = {
        "domain": "medical-imaging",
        "model": study.model,
        "technique": "CNN",
        "architecture": network.config.architecture,
        "classes": list(network.config.classes),
        "image_size": network.config.image_size,
        "trained_by": recipes,
    }
    (path / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_weights(network, path / "model.safetensors")
    return ModelFolder(path)


def abstention(
    calibration: Calibration, probabilities: np.ndarray, labels: np.ndarray
) -> list[dict[str, float]]:
    """Return, for some promises, how many clean pictures are answered and how many wrongly."""
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
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
    others: dict[str, Path],
) -> dict[str, Any]:
    """Return AUROC and the share flagged, of each kind of foreign picture."""
    own = guard.score(familiar)
    table: dict[str, Any] = {"own scans flagged": float((own > 1).mean())}
    for kind, pictures in foreign_pictures(validation, others):
        pixels = np.stack([read_picture(each, "L", (size, size)) for each in pictures])
        score = guard.score(forward(pixels)[1])
        truth = np.repeat([0, 1], [len(own), len(score)])
        table[kind] = {
            "auroc": float(roc_auc_score(truth, np.append(own, score))),
            "flagged": float((score > 1).mean()),
            "pictures": len(score),
        }
    return table


if __name__ == "__main__":
    main()
