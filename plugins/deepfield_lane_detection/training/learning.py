"""One stage of learning: some scenes, how far they are changed, how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import nn
from torch.utils.data import DataLoader, WeightedRandomSampler

from deepfield.neural.training import Schedule, chosen_device, train
from deepfield.predictor import Report
from deepfield_lane_detection.network import LaneNetwork
from deepfield_lane_detection.training.augmentation import Strength
from deepfield_lane_detection.training.loss import LaneLoss
from deepfield_lane_detection.training.scenes import LaneDataset, Scenes
from deepfield_lane_detection.training.validating import ask, benchmark

__all__ = ["Stage", "learn"]


@dataclass(frozen=True)
class Stage:
    """What is learned from, in words and in numbers."""

    name: str
    scenes: Sequence[Scenes]
    """Sources; pictures are drawn from each as often, however many it has."""
    schedule: Schedule
    strength: Strength = field(default_factory=Strength)
    batch: int = 16
    an_epoch: int = 4096
    """Pictures an epoch, drawn with replacement."""
    frozen: int = 0
    """Stages of the backbone, from its finest, that stay as they are; they cost most time."""
    workers: int = 1
    empty: float = 0.0
    """The share of pictures without lines, made of the others."""


def learn(
    network: LaneNetwork,
    stage: Stage,
    validation: Sequence[tuple[str, Scenes]],
    folder: Path,
    report: Report,
    device: str = "auto",
) -> nn.Module:
    """Train and return the averaged network with the best score: the first validation's accuracy.

    Args:
        validation: names and scenes; figures of each are in the log.
    """
    config = network.config
    size, rows = (config.height, config.width), config.rows
    place = chosen_device(device)
    held = [(name, scenes, LaneDataset(scenes, size, rows)) for name, scenes in validation]

    together = sum(stage.scenes, Scenes((), ()))
    chance = [1 / len(each) for each in stage.scenes for _ in range(len(each))]

    def batches(epoch: int) -> DataLoader:
        seed = stage.schedule.seed * 1009 + epoch
        return DataLoader(
            LaneDataset(together, size, rows, stage.strength, seed, stage.empty),
            stage.batch,
            sampler=WeightedRandomSampler(chance, stage.an_epoch),
            num_workers=stage.workers,
            drop_last=True,
        )

    def validate(candidate: nn.Module) -> dict[str, float]:
        figures: dict[str, float] = {}
        for name, scenes, dataset in held:
            lines, _, _ = ask(candidate, dataset, str(place))
            found = benchmark(lines, scenes, size)
            figures |= {f"{name}-accuracy": found["accuracy"], f"{name}-f1": found["f1"]}
        first = held[0][0]
        return {"score": figures[f"{first}-accuracy"] + 0.2 * figures[f"{first}-f1"], **figures}

    freeze(network, stage.frozen)
    return train(
        network,
        batches,
        LaneLoss(config.width),
        validate,
        stage.schedule,
        device=place,
        folder=folder,
        recipe=f"{stage.name} {[len(each) for each in stage.scenes]} {stage.strength} "
        f"{stage.batch} {stage.an_epoch} {stage.empty}",
        report=report,
        bf16=True,
    )


def freeze(network: LaneNetwork, stages: int) -> None:
    """Let the first stages of the backbone stay as they are, and everything else learn."""
    network.requires_grad_(True)
    backbone = network.backbone
    if stages:
        for module in (backbone.conv_stem, backbone.bn1, *backbone.blocks[:stages]):
            module.requires_grad_(False)
