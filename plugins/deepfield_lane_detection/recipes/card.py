"""The model card of the shipped detector, from its measured figures."""

from __future__ import annotations

from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from deepfield.models import ModelFolder
from deepfield_lane_detection import LaneOptions

__all__ = ["write_card"]

USUAL = LaneOptions.model_validate({})
METRICS = {
    "accuracy": "TuSimple accuracy",
    "false_positives": "FP",
    "false_negatives": "FN",
    "f1": "F1",
}


def write_card(folder: ModelFolder, figures: dict[str, Any]) -> None:
    """Write ``README.md``: YAML metadata with model-index, then words and tables."""
    photographs, roads = figures["photographs"], figures["rendered roads"]
    data = figures["data"]
    metadata = ModelCardData(
        license="apache-2.0",
        library_name="deepfield",
        pipeline_tag="image-segmentation",
        tags=["lane-detection", "cnn"],
        model_name="Deepfield lane detection, roads",
        eval_results=[
            EvalResult(
                task_type="lane-detection",
                dataset_type=kind,
                dataset_name=name,
                metric_type=metric,
                metric_name=title,
                metric_value=round(found[metric], 4),
            )
            for kind, name, found in (
                (
                    "tusimple-lanes",
                    "133 TuSimple photographs, 4 folds by clip",
                    photographs["both"],
                ),
                ("synthetic-roads", "rendered roads, held-out seeds", roads["both"]),
            )
            for metric, title in METRICS.items()
        ],
    )
    trust, guard, deletion = figures["trust"], dict(figures["guard"]), figures["deletion"]
    flagged = [guard.pop("photographs flagged"), guard.pop("roads flagged")]
    elsewhere, far = guard.pop("other cameras' roads"), guard.pop("other cameras' roads flagged")
    commands = "\n".join(f"    {each}" for each in folder.config["trained_by"])
    text = f"""---
{metadata.to_yaml()}
---

# Lane detection: roads

MobileNetV2 (timm) with a two-layer transformer over its coarsest map, a feature pyramid to an
eighth of the picture, and for each of six places (three lines left of the camera, three right) a
choice among columns in each of {folder.config["height"] // 4} rows.
{data["parameters"] / 1e6:.1f} million parameters, {data["megabytes"]} MB, pictures of
{folder.config["width"]} × {folder.config["height"]} pixels. It started from ImageNet
weights of MobileNetV2 (TensorFlow's, Apache 2.0) and was fine-tuned throughout.

## Intended use and limits

To study and to show. **Not for driving.** The photographs are of one motorway area, by day, in
fair weather, with one camera: what it does at night, in rain or in towns only rendered roads tell.
It reports six lines at most. Where the camera is on a line, that line may be called the first on
either side. Lines that cross (junctions, crossings) are none to it.

## Data

- {data["rendered"]:,} roads that our own renderer made (`synthetic-roads`); every other one follows
  the shape of a labelled lane of the TuSimple training set, without its picture.
- {data["photographs"]} labelled photographs of the TuSimple lane benchmark (not shipped), SHA-256
  over names and bytes `{data["fingerprint"]}`.

## Figures

By the metric of the TuSimple benchmark, at 1280 × 720. On the photographs four networks each held
out a quarter, whole stretches of the drive with 20 seconds around them; the shipped weights then
learned, as long, from all of them. Intervals: 95 %, bootstrap over stretches (over pictures where
rendered).

| learned from | measured on | accuracy | FP | FN | F1 |
|---|---|---|---|---|---|
{_lines(photographs, "133 photographs")}
{_lines(roads, f"{roads['both']['pictures']} rendered roads")}

"Usual lanes" looks at no picture: it answers with the median line of each place in the others.

## Trust

- `confidence` is the calibrated probability that the lines beside the car are right: each that is
  reported lies on a labelled one, and none is missing. A line lies on a labelled one if it is
  within the benchmark's 20 pixels at 85 % of the heights that both have, and these are half of the
  label's at least. A line's own confidence is the calibrated probability of that; lines are
  reported from {USUAL.least} on, a threshold that was chosen on the held-out photographs.
- `unsure`: under the confidence that keeps the accepted error rate, by a bound with 90 % certainty.

| | own lane right | ECE | ECE of lines | ok at {USUAL.max_error:.0%} error | right where ok |
|---|---|---|---|---|---|
{_trust(trust)}

- `unfamiliar`: Mahalanobis distance of the picture's texture (mean and spread of the network's
  maps at a sixteenth of its size) to photographs or rendered roads, whichever is nearer. It calls
  {flagged[0]:.1%} of the photographs unfamiliar and {flagged[1]:.1%} of rendered roads on unseen
  seeds; the border was moved out so that nine in ten of {elsewhere} photographs by other cameras
  are let in ({far:.1%} are not). Against pictures that are no roads:

| pictures | number | AUROC | flagged |
|---|---|---|---|
{_foreign(guard)}

## Explanation

Heat maps are activation × gradient at a sixteenth of the picture, of the logits of the lines that
were found. Removing the hottest tenth of {deletion["pictures"]} photographs took
{deletion["mean drop, hottest"]:.2f} of summed probability of the lines found, a random tenth of the
lower half {deletion["mean drop, random"]:.2f}; it hurt more in
{deletion["hottest hurts more"]:.0%}.

## Made by

{commands}
    python -m deepfield_lane_detection.recipes.assessment --photographs DIR --scenes scenes/ \\
        --synthetic runs/synthetic/best.pt --real runs/real --both runs/last \\
        --unlabelled DIR --output models/roads
"""
    ModelCard(text).save(folder.path / "README.md")


def _lines(found: dict[str, dict[str, Any]], where: str) -> str:
    lines = []
    for name, each in found.items():
        low, high = each["accuracy_interval"]
        f_low, f_high = each["f1_interval"]
        lines.append(
            f"| {name} | {where} | {each['accuracy']:.3f} ({low:.3f} – {high:.3f}) "
            f"| {each['false_positives']:.3f} | {each['false_negatives']:.3f} "
            f"| {each['f1']:.3f} ({f_low:.3f} – {f_high:.3f}) |"
        )
    return "\n".join(lines)


def _trust(found: dict[str, dict[str, Any]]) -> str:
    return "\n".join(
        f"| {name} | {each['own lane right']:.1%} | {each['ece']:.3f} | {each['line ece']:.3f} "
        f"| {each['answered']:.1%} | "
        + ("–" if each["right where answered"] is None else f"{each['right where answered']:.1%}")
        + " |"
        for name, each in found.items()
    )


def _foreign(found: dict[str, dict[str, float]]) -> str:
    return "\n".join(
        f"| {name} | {each['pictures']} | {each['auroc']:.3f} | {each['flagged']:.1%} |"
        for name, each in found.items()
    )
