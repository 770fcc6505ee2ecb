"""Train the lane detector: on rendered roads, on photographs, or on both.

    python -m deepfield_lane_detection.recipes.training --run runs/synthetic --scenes scenes/ \\
        --weights mobilenetv2_100.safetensors --photographs DIR --epochs 30
    python -m deepfield_lane_detection.recipes.training --run runs/both-0 --scenes scenes/ \\
        --start runs/synthetic/best.pt --photographs DIR --fold 0 --epochs 12 --rate 3e-4 --frozen 0

Without --fold the photographs are only measured on, all of them; with it, all but a quarter (and
what lies next to it) are learned from and that quarter is measured on; --fold -1 learns from all,
for as long as the folds did. A last, short run with --empty shows pictures without lines too.
Without --scenes photographs alone are learned from. A run that was stopped goes on from its
checkpoint; log.jsonl in its folder has each epoch's figures.
"""

from __future__ import annotations

from pathlib import Path

import click
import torch
from rich.console import Console
from safetensors.torch import load_file

from deepfield.neural.training import Schedule, spoken
from deepfield_lane_detection.network import LaneNetwork, NetworkConfig
from deepfield_lane_detection.recipes.folds import FOLDS, fold_of, photographs
from deepfield_lane_detection.recipes.scenes import HELD_OUT, rendered
from deepfield_lane_detection.training.augmentation import Strength
from deepfield_lane_detection.training.learning import Stage, learn
from deepfield_lane_detection.training.scenes import Scenes

__all__ = ["main"]

console = Console(stderr=True)


@click.command(help=__doc__)
@click.option("--run", required=True, type=click.Path(path_type=Path))
@click.option("--scenes", type=click.Path(exists=True, path_type=Path), help="rendered ones")
@click.option(
    "--photographs", "folder", required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--fold", type=click.IntRange(-1, FOLDS - 1), help="[default: none]")
@click.option("--weights", type=click.Path(exists=True, path_type=Path), help="of photographs")
@click.option("--start", type=click.Path(exists=True, path_type=Path), help="another run's best.pt")
@click.option("--architecture", default="mobilenetv2_100", show_default=True)
@click.option("--epochs", default=20, show_default=True, type=click.IntRange(1))
@click.option("--an-epoch", default=2000, show_default=True, help="pictures an epoch")
@click.option("--batch", default=16, show_default=True, type=click.IntRange(1))
@click.option("--rate", default=1e-3, show_default=True, help="learning rate")
@click.option("--frozen", default=2, show_default=True, help="stages of the backbone, the finest")
@click.option("--average", default=0.995, show_default=True, help="decay of the moving average")
@click.option("--empty", default=0.0, show_default=True, help="share of pictures without lines")
@click.option("--seed", default=0, show_default=True)
@click.option("--workers", default=0, show_default=True, help="processes that read pictures")
@click.option("--device", default="auto", show_default=True)
def main(
    run: Path, scenes: Path | None, folder: Path, fold: int | None, weights: Path | None,
    start: Path | None, architecture: str, epochs: int, an_epoch: int, batch: int, rate: float,
    frozen: int, average: float, empty: float, seed: int, workers: int, device: str,
) -> None:  # fmt: skip
    rows = photographs(folder)
    measured = Scenes.of_labels(rows)
    sources = []
    if scenes is not None:
        sources.append(Scenes.of_files(sorted(scenes.glob("*.parquet"))))
    if fold is not None:
        if fold >= 0:
            own, held = fold_of(rows, fold)
            sources.append(measured.part(own))
            measured = measured.part(held)
        else:
            sources.append(measured)
    if not sources:
        raise click.UsageError("Name --scenes or --fold, or both: there is nothing to learn from.")
    torch.manual_seed(seed)
    network = LaneNetwork(NetworkConfig(architecture))
    if start is not None:
        network.load_state_dict(torch.load(start, map_location="cpu", weights_only=True))
    elif weights is not None:
        network.load_photograph_weights(load_file(weights))
    network.eval()
    run.mkdir(parents=True, exist_ok=True)
    (run / "command.txt").write_text(command(click.get_current_context()) + "\n", encoding="utf-8")
    stage = Stage(
        f"{architecture} fold {fold} from {start or weights}",
        sources,
        Schedule(epochs, rate, warmup_epochs=0.3, ema_decay=average, seed=seed),
        Strength(),
        batch,
        an_epoch,
        frozen,
        workers,
        empty,
    )
    console.print(f"learning from {[len(each) for each in sources]}, {len(measured)} measured on")
    road = rendered(range(HELD_OUT, HELD_OUT + 100))
    learn(
        network,
        stage,
        [("photographs", measured), ("roads", road)],
        run,
        spoken(console.print),
        device,
    )


def command(context: click.Context) -> str:
    """Return the command that is running, with what it names in place of where that lies."""
    words = ["python -m deepfield_lane_detection.recipes.training"]
    for option in context.command.params:
        value = context.params[option.name or ""]
        if value is None or value == option.get_default(context):
            continue
        if isinstance(value, Path):
            value = f"{value.parent.name}/{value.name}" if value.suffix == ".pt" else value.name
        words.append(f"{option.opts[0]} {value}")
    return " ".join(words)


if __name__ == "__main__":
    main()
