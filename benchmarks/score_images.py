"""From files to result rows: Deepfield against a hand-written loop and transformers' pipeline.

    python benchmarks/score_images.py                     # made-up films, 224 and 1,200 pixels
    python benchmarks/score_images.py --images xrays/     # a folder of your own

All three use the shipped weights, at the same size, on the same cores, and write the same CSV.
Each runs in a process of its own, several times in turn; medians and ratios are reported, and
whether the outputs agree. Two thirds of the figure is the machine's: read the ratios.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import pandas as pd
from PIL import Image

MODEL = "chest-xray"


@click.command(help=__doc__)
@click.option("--images", type=click.Path(exists=True, path_type=Path), help="a folder of pictures")
@click.option("--count", default=600, show_default=True, help="made-up films, without --images")
@click.option("--rounds", default=3, show_default=True)
@click.option("--contender", hidden=True)
@click.option("--output", type=click.Path(path_type=Path), hidden=True)
def main(images: Path | None, count: int, rounds: int, contender: str | None, output: Path | None):
    if contender is not None and images is not None and output is not None:
        print(json.dumps(CONTENDERS[contender](images, output)))
        return
    with tempfile.TemporaryDirectory() as aside:
        places = {str(images): images} if images else draw(Path(aside), count)
        report = {name: compare(place, Path(aside), rounds) for name, place in places.items()}
    click.echo(json.dumps(report, indent=2))


def draw(folder: Path, count: int) -> dict[str, Path]:
    """Write made-up films as JPEG: small ones, and fewer at the size of a real X-ray."""
    from deepfield.images import open_picture
    from deepfield_medical_imaging.synthesis import generators

    drawn = [open_picture(each, "L") for each in generators()[0].generate(20, seed=0)["image"]]
    places = {}
    for side, number in ((224, count), (1200, count // 2)):
        place = folder / f"{side}px"
        place.mkdir()
        for row in range(number):
            film = drawn[row % len(drawn)].rotate(row % 13 - 6, Image.Resampling.BILINEAR)
            film.resize((side, side), Image.Resampling.BICUBIC).save(place / f"{row:05}.jpg")
        places[f"{number} JPEG of {side} px"] = place
    return places


def compare(place: Path, aside: Path, rounds: int) -> dict[str, object]:
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for turn in range(rounds):
        for name in CONTENDERS:
            output = aside / f"{name}-{turn}.csv"
            command = [sys.executable, __file__, "--contender", name]
            command += ["--images", str(place), "--output", str(output)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise click.ClickException(f"{name} failed: {done.stderr[-2000:]}")
            runs[name].append(json.loads(done.stdout.splitlines()[-1]))
    rates = {name: statistics.median(run["rate"] for run in each) for name, each in runs.items()}
    ours = pd.read_csv(aside / "deepfield-0.csv").set_index("image").sort_index()
    agreement = {}
    for name in list(CONTENDERS)[1:]:
        theirs = pd.read_csv(aside / f"{name}-0.csv").set_index("image").sort_index()
        gap = ours["pneumonia"].to_numpy() - theirs["pneumonia"].to_numpy()
        agreement[name] = {
            "largest gap": float(np.abs(gap).max()),
            "same labels": float(
                (ours["finding"].to_numpy() == theirs["finding"].to_numpy()).mean()
            ),
        }
    for name, each in runs.items():
        peak = max(run["peak_mb"] for run in each)
        click.echo(f"{name:>14}  {rates[name]:7.1f} images/s  {peak:6.0f} MB", err=True)
    fastest = max(rate for name, rate in rates.items() if name != "deepfield")
    click.echo(f"{'ratio':>14}  {rates['deepfield'] / fastest:7.2f} × the faster peer", err=True)
    return {
        "images/s, median": rates,
        "ratio to the faster peer": rates["deepfield"] / fastest,
        "peak MB": {name: max(run["peak_mb"] for run in each) for name, each in runs.items()},
        "agreement with deepfield": agreement,
    }


def measured(seconds: float, rows: int) -> dict[str, float]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"rate": rows / seconds, "peak_mb": peak + children}


def deepfield_run(images: Path, output: Path) -> dict[str, float]:
    import deepfield

    model = deepfield.load("medical-imaging")
    started = time.perf_counter()
    result = deepfield.score(model, images, output=output, overwrite=True)
    return measured(time.perf_counter() - started, result.run.rows_out)


def torch_loop(images: Path, output: Path) -> dict[str, float]:
    """What a good engineer writes in an hour: a Dataset, a DataLoader, batches of 32."""
    import torch
    from torch.utils.data import DataLoader, Dataset

    network, calibration, size = network_and_calibration()
    files = sorted(path for path in images.rglob("*") if path.is_file())

    class Files(Dataset):
        def __len__(self):
            return len(files)

        def __getitem__(self, index):
            film = (
                Image.open(files[index])
                .convert("L")
                .resize((size, size), Image.Resampling.BILINEAR)
            )
            return torch.from_numpy(np.array(film)), index

    started = time.perf_counter()
    with output.open("w", newline="") as file, torch.inference_mode():
        writer = csv.writer(file)
        writer.writerow(["image", "finding", "pneumonia"])
        for pixels, places in DataLoader(Files(), 32, num_workers=os.cpu_count() or 1):
            for place, p in zip(places, calibration(network(pixels)[0].numpy()), strict=True):
                writer.writerow([files[place], "pneumonia" if p >= 0.5 else "normal", p])
    return measured(time.perf_counter() - started, len(files))


def transformers_pipeline(images: Path, output: Path) -> dict[str, float]:
    """The image-classification pipeline of transformers, with the same network inside."""
    import torch
    from transformers import PretrainedConfig, PreTrainedModel, pipeline
    from transformers.image_processing_utils import BaseImageProcessor, BatchFeature
    from transformers.modeling_outputs import ImageClassifierOutput
    from transformers.utils import logging as transformers_logging

    network, calibration, size = network_and_calibration()

    class Processor(BaseImageProcessor):
        model_input_names = ["pixel_values"]  # noqa: RUF012  (as transformers declares it)

        def __call__(self, images, **kwargs):
            several = images if isinstance(images, list) else [images]
            pixels = [
                torch.from_numpy(
                    np.array(each.convert("L").resize((size, size), Image.Resampling.BILINEAR))
                )
                for each in several
            ]
            return BatchFeature({"pixel_values": torch.stack(pixels)})

    class Config(PretrainedConfig):
        model_type = "deepfield-benchmark"

    class Wrapped(PreTrainedModel):
        config_class = Config
        main_input_name = "pixel_values"

        def __init__(self, config):
            super().__init__(config)
            self.network = network
            self.post_init()

        def _init_weights(self, module):
            """Leave the weights as they are."""

        def forward(self, pixel_values, **kwargs):
            return ImageClassifierOutput(logits=self.network(pixel_values)[0])

    transformers_logging.set_verbosity_error()  # it knows our network by no name, and says so
    config = Config(id2label={0: "normal", 1: "pneumonia"}, label2id={"normal": 0, "pneumonia": 1})
    classify = pipeline(
        "image-classification",
        model=Wrapped(config).eval(),
        image_processor=Processor(),
        device="cpu",
        batch_size=32,
        function_to_apply="none",
        top_k=2,
    )
    files = sorted(path for path in images.rglob("*") if path.is_file())
    started = time.perf_counter()
    with output.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "finding", "pneumonia"])
        answers = classify((str(path) for path in files), batch_size=32)
        for path, scores in zip(files, answers, strict=True):
            by_label = {each["label"]: each["score"] for each in scores}
            (p,) = calibration(np.array([[by_label["normal"], by_label["pneumonia"]]]))
            writer.writerow([path, "pneumonia" if p >= 0.5 else "normal", p])
    return measured(time.perf_counter() - started, len(files))


def network_and_calibration():
    """Return the shipped network in torch, and logits to P(pneumonia)."""
    from deepfield.models import ModelFolder
    from deepfield.trust import Calibration
    from deepfield_medical_imaging import MedicalImaging
    from deepfield_medical_imaging.classifier import build

    folder = ModelFolder(MedicalImaging.models[0].folder)
    calibration = Calibration.load(folder.file("calibration.json"))
    import torch

    return (
        # channels_last nearly doubles what eager torch does here: a peer should be a good one.
        build(folder).eval().to(memory_format=torch.channels_last),
        lambda logits: calibration.probabilities(logits)[:, 1],
        folder.config["image_size"],
    )


CONTENDERS = {
    "deepfield": deepfield_run,
    "torch-loop": torch_loop,
    "transformers": transformers_pipeline,
}

if __name__ == "__main__":
    main()
