"""Turn trained weights into the model folder: calibrate, set the guard, measure, write the card.

    python -m deepfield_lane_detection.recipes.assessment --photographs DIR --scenes scenes/ \\
        --synthetic runs/synthetic/best.pt --real runs/real --both runs/last \\
        --unlabelled DIR --output models/roads

--real and --both name runs by their beginning: runs/last-0 to runs/last-3 each held out a quarter
of the photographs, and runs/last-all learned from all of them; its weights are shipped. So every
figure on photographs is of networks that never saw them, nor anything within 20 seconds of them;
those on rendered roads are of the shipped weights, on seeds that nothing learned from.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import torch
from rich.console import Console
from sklearn.metrics import roc_auc_score

from deepfield.dataset import fingerprint
from deepfield.evaluation import expected_calibration_error
from deepfield.evaluation.by_group import drawn_sums, percentiles
from deepfield.evaluation.polylines.tusimple import figures_of_means
from deepfield.images import read_picture
from deepfield.loading import load_model
from deepfield.neural.weights import save_weights
from deepfield.trust import Calibration, MahalanobisGuard
from deepfield_lane_detection import LaneDetection, LaneOptions
from deepfield_lane_detection.detector import against_none, both_right, likely
from deepfield_lane_detection.network import LaneNetwork, NetworkConfig
from deepfield_lane_detection.recipes.card import write_card
from deepfield_lane_detection.recipes.deletion import deletion_test
from deepfield_lane_detection.recipes.folds import FOLDS, fold_of, photographs, stretches
from deepfield_lane_detection.recipes.foreign import foreign_pictures
from deepfield_lane_detection.recipes.judging import Judged, judge, usual_lanes
from deepfield_lane_detection.recipes.scenes import HELD_OUT, rendered
from deepfield_lane_detection.training.augmentation import Strength
from deepfield_lane_detection.training.scenes import LaneDataset, Scenes
from deepfield_lane_detection.training.validating import ask

console = Console(stderr=True)
USUAL = LaneOptions.model_validate({})
ROADS = 600
"""Rendered ones that are measured on."""
VERSIONS = 4
"""Of each photograph in other light, for the guard."""
FAMILIAR = 1500
"""Rendered ones that the guard is fitted on, beside the photographs."""


@click.command(help=__doc__)
@click.option("--photographs", "folder", required=True, type=click.Path(path_type=Path))
@click.option("--scenes", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--synthetic", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--real", required=True, help="the beginning of the runs on photographs alone")
@click.option("--both", required=True, help="the beginning of the runs on both")
@click.option("--output", required=True, type=click.Path(path_type=Path))
@click.option(
    "--unlabelled",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="a folder of road photographs of other cameras, to set the guard's border by",
)
@click.option(
    "--foreign",
    type=(str, click.Path(exists=True, path_type=Path)),
    multiple=True,
    metavar="KIND DIR",
    help="a folder of pictures that are no roads",
)
def main(folder, scenes, synthetic, real, both, output, unlabelled, foreign) -> None:
    rows = photographs(folder)
    taken = Scenes.of_labels(rows)
    roads = rendered(range(HELD_OUT, HELD_OUT + ROADS))
    shipped = network_of(Path(f"{both}-all") / "best.pt")
    output.mkdir(parents=True, exist_ok=True)

    console.print("asking each network about what it never saw")
    groups = stretches(rows)
    by_source = {
        "rendered roads alone": judged(network_of(synthetic), taken),
        "photographs alone": held_out(real, rows, taken),
        "both": held_out(both, rows, taken),
    }
    own, road = by_source["both"], judged(shipped, roads)
    existence = fit_existence(own, road)
    write_network(output, shipped, existence, recipes_of(synthetic, real, both))

    figures: dict[str, Any] = {"photographs": {}, "rendered roads": {}}
    for name, answers in by_source.items():
        reported = shown(answers, existence if name == "both" else None)
        figures["photographs"][name] = with_interval(answers, reported, groups)
    figures["photographs"]["usual lanes (no network)"] = with_interval(
        *usual_lanes(rows, taken, fold_of, FOLDS), groups
    )
    figures["rendered roads"]["both"] = with_interval(road, shown(road, existence))
    figures["rendered roads"]["rendered roads alone"] = with_interval(
        *(lambda found: (found, shown(found)))(judged(network_of(synthetic), roads))
    )

    certainty = fit_answers(own, road, existence)
    certainty.save(output / "calibration.json")
    figures["trust"] = trust_figures(own, road, existence, certainty)

    console.print("setting the guard")
    figures["guard"] = set_guard(output, shipped, scenes, taken, roads, unlabelled, dict(foreign))
    model = load_model(LaneDetection(), "roads", "cpu")
    figures["deletion"] = deletion_test(model, [taken.decoded(i) for i in range(len(taken))])
    samples = model.domain.samples()
    model.folder.write_golden(samples, model.predict(samples))
    figures["data"] = {
        "photographs": len(taken),
        "fingerprint": fingerprint([Path(each) for each in rows["image"]]),
        "rendered": sum(len(Scenes.of_files([each])) for each in sorted(scenes.glob("*.parquet"))),
        "parameters": sum(each.numel() for each in shipped.parameters()),
        "megabytes": round((output / "model.safetensors").stat().st_size / 1e6, 1),
    }
    text = json.dumps(figures, indent=2, default=float)
    (output / "figures.json").write_text(text + "\n", encoding="utf-8")
    write_card(model.folder, figures)
    console.print(text)


def network_of(weights: Path) -> LaneNetwork:
    network = LaneNetwork(NetworkConfig())
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return network.eval()


def write_network(
    output: Path, network: LaneNetwork, existence: Calibration, commands: list[str]
) -> None:
    config = {
        "domain": "lane-detection",
        "model": "roads",
        "technique": "CNN",
        **asdict(network.config),
        "existence": asdict(existence),
        "trained_by": commands,
    }
    (output / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    save_weights(network, output / "model.safetensors")


def judged(network: LaneNetwork, scenes: Scenes) -> Judged:
    size = network.config.height, network.config.width
    lines, _, _ = ask(network, LaneDataset(scenes, size, network.config.rows))
    return judge(lines, scenes, size)


def held_out(runs: str, rows: pd.DataFrame, taken: Scenes) -> Judged:
    """Return every photograph judged by the fold that did not see it, in their order."""
    places, found = [], []
    for fold in range(FOLDS):
        _, held = fold_of(rows, fold)
        found.append(judged(network_of(Path(f"{runs}-{fold}") / "best.pt"), taken.part(held)))
        places.append(held)
    return sum(found[1:], found[0]).ordered(np.argsort(np.concatenate(places)))


def probability(answers: Judged, existence: Calibration | None) -> np.ndarray:
    return likely(answers.existence, existence or Calibration(1.0, [0.0, 0.0], []))


def shown(answers: Judged, existence: Calibration | None = None) -> np.ndarray:
    """Return which lines are reported: (n, places)."""
    return probability(answers, existence) >= (0.5 if existence is None else USUAL.least)


def fit_existence(own: Judged, road: Judged) -> Calibration:
    """Calibrate on held-out photographs and as many rendered roads."""
    both = own + road.first(len(own.labels))
    logits = against_none(both.existence.ravel())
    return Calibration.fit(logits, both.matched.astype(int).ravel(), balanced=False)


def fit_answers(own: Judged, road: Judged, existence: Calibration) -> Calibration:
    """Calibrate how sure an answer about the car's own lane is, and bound its errors."""
    both = own + road.first(len(own.labels))
    lines = probability(both, existence)
    right = both.own_lane_right(lines >= USUAL.least)
    logits = both_right(lines, USUAL.least)
    calibration = Calibration.fit(logits, right.astype(int), balanced=False)
    return calibration.with_risk(calibration.probabilities(logits)[:, 1], right)


def with_interval(
    answers: Judged, reported: np.ndarray, groups: np.ndarray | None = None
) -> dict[str, Any]:
    """Return the benchmark's figures, with a 95 % bootstrap interval of accuracy and F1.

    Args:
        groups: what is drawn together: stretches of the drive.
    """
    scores = np.array(answers.scores(reported))  # (n, 3)
    kin = np.arange(len(scores)) if groups is None else groups
    columns = np.column_stack([scores, np.ones(len(scores))])
    held = np.array([columns[kin == name].sum(axis=0) for name in np.unique(kin)])
    drawn = drawn_sums(held)
    found = figures_of_means(drawn[:, :3] / drawn[:, 3:])
    return {
        **{name: float(value) for name, value in figures_of_means(scores.mean(axis=0)).items()},
        "pictures": len(scores),
        "accuracy_interval": percentiles(found["accuracy"]),
        "f1_interval": percentiles(found["f1"]),
    }


def trust_figures(
    own: Judged, road: Judged, existence: Calibration, answers: Calibration
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, each in (("photographs", own), ("rendered roads", road)):
        lines = probability(each, existence)
        right = each.own_lane_right(lines >= USUAL.least)
        confidence = answers.probabilities(both_right(lines, USUAL.least))[:, 1]
        sure = confidence >= answers.least_confidence(USUAL.max_error)
        found[name] = {
            "own lane right": float(right.mean()),
            "answered": float(sure.mean()),
            "right where answered": float(right[sure].mean()) if sure.any() else None,
            "ece": float(expected_calibration_error(confidence, right)),
            "line ece": float(
                expected_calibration_error(
                    np.maximum(lines, 1 - lines).ravel(),
                    (each.matched == (lines >= 0.5)).ravel(),
                )
            ),
        }
    return found


def set_guard(
    output: Path,
    network: LaneNetwork,
    scenes: Path,
    taken: Scenes,
    roads: Scenes,
    unlabelled: Path,
    others: dict[str, Path],
) -> dict[str, Any]:
    """Fit the guard on roads that were learned from, set its border on those that were not.

    Photographs and rendered roads are two classes: each has a texture of its own.
    """
    size, rows = (network.config.height, network.config.width), network.config.rows

    def textures(some: Scenes, strength: Strength | None = None) -> np.ndarray:
        return ask(network, LaneDataset(some, size, rows, strength))[2]

    learned = Scenes.of_files(sorted(scenes.glob("*.parquet"))[:4]).part(range(FAMILIAR))
    real, made, fresh = textures(taken), textures(learned), textures(roads)
    # The photographs were learned from: every fourth only sets the border, as a stand-in for more.
    border = np.arange(len(real)) % 4 == 0
    # Photographs of one drive are too much alike: in other light other cameras' are among them.
    torch.manual_seed(0)
    light = Strength(zoom=0.1, shift=0.02, turn=1.0, stretch=0.05, noise=4.0, hide=0.0)
    others_light = [textures(taken.part(np.flatnonzero(~border)), light) for _ in range(VERSIONS)]
    photographed = np.concatenate([real[~border], *others_light])
    features = np.concatenate([photographed, made])
    classes = np.concatenate([np.zeros(len(photographed), int), np.ones(len(made), int)])
    guard = MahalanobisGuard.fit(features, classes, np.concatenate([real[border], fresh]))
    # Other cameras' roads lie farther off than any of those: nine in ten of them are let in.
    elsewhere = Scenes.of_pictures(
        (read_picture(each, "RGB"), []) for each in sorted(unlabelled.glob("*.jpg"))
    )
    far = guard.score(textures(elsewhere))
    guard = replace(guard, borders=guard.borders * max(1.0, float(np.quantile(far, 0.9))))
    guard.save(output / "guard.safetensors")
    familiar = guard.score(np.concatenate([real, fresh]))
    found: dict[str, Any] = {
        "other cameras' roads": len(far),
        "other cameras' roads flagged": float((guard.score(textures(elsewhere)) > 1).mean()),
        "roads flagged": float((guard.score(fresh) > 1).mean()),
        "photographs flagged": float((guard.score(real) > 1).mean()),
    }
    everything = []
    for name, pictures in foreign_pictures(others):
        some = Scenes.of_pictures((np.asarray(each), []) for each in pictures)
        score = guard.score(textures(some))
        everything.append(score)
        found[name] = foreign_figures(familiar, score)
    found["all"] = foreign_figures(familiar, np.concatenate(everything))
    return found


def foreign_figures(familiar: np.ndarray, score: np.ndarray) -> dict[str, float]:
    labels = np.concatenate([np.zeros(len(familiar)), np.ones(len(score))])
    return {
        "pictures": len(score),
        "auroc": float(roc_auc_score(labels, np.concatenate([familiar, score]))),
        "flagged": float((score > 1).mean()),
    }


def recipes_of(synthetic: Path, real: str, both: str) -> list[str]:
    """Return the commands that made the weights, each once, in their order."""
    runs = [synthetic.parent, Path(f"{real}-0"), Path(f"{both}-0"), Path(f"{both}-all")]
    commands = ["python -m deepfield_lane_detection.recipes.scenes --output scenes/ --shapes FILE"]
    for run in runs:
        commands += [each for each in lineage(run) if each not in commands]
    return commands


def lineage(run: Path) -> list[str]:
    """Return the commands of a run and of those that it started from, the first one first."""
    command = (run / "command.txt").read_text(encoding="utf-8").strip()
    start = re.search(r"--start (\S+)/\S+", command)
    return [*(lineage(run.parent / start[1]) if start else []), command]


if __name__ == "__main__":
    main()
