"""Make one reader of several: it learns what they answer on average (Hinton et al. 2015).

    python -m deepfield_chatbot.recipes.distilling --data DIR --work runs/reader

The teachers are all runs of ``main`` in the work folder. They differ by seed alone, and their mean
is better than each; the student learns it from all question sets, and from questions put to other
paragraphs too, which need no person's answer. Where a person answered, the student hears both.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn

from deepfield.neural.training import chosen_device
from deepfield_chatbot.network import SpanNetwork
from deepfield_chatbot.pieces import padded
from deepfield_chatbot.recipes.averaging import mean_network
from deepfield_chatbot.recipes.features import Features, features
from deepfield_chatbot.recipes.learning import (
    keep_trained,
    learned_from,
    opened,
    train_reader,
)
from deepfield_chatbot.recipes.measuring import chosen_and_measured
from deepfield_chatbot.recipes.questions import load_sets
from deepfield_chatbot.recipes.stages import STAGES, Settings, Stage, shared_options
from deepfield_chatbot.recipes.unanswerable import paired_with_others

__all__ = ["Taught", "taught"]

ROWS = 128


@dataclass(frozen=True)
class Taught(Features):
    """Windows with how likely each piece is to begin and to end the answer, (2, pieces) each."""

    likely: list[np.ndarray]

    def __getitem__(self, place: int) -> tuple[list[int], np.ndarray]:
        return self.ids[place], self.likely[place]


@torch.inference_mode()
def taught(
    data: Features,
    known: int,
    teachers: Sequence[SpanNetwork],
    device: torch.device,
    person: float,
) -> Taught:
    """Ask the teachers about every window.

    Args:
        known: so many windows, the first, were answered by people; the others by nobody.
        person: the weight of a person's answer against that of the teachers' mean.
    """
    likely: list[np.ndarray] = [np.empty(0)] * len(data)
    teachers = [each.to(device).eval() for each in teachers]
    order = sorted(range(len(data)), key=lambda place: len(data.ids[place]))
    for begin in range(0, len(order), ROWS):
        some = order[begin : begin + ROWS]
        ids = torch.from_numpy(padded([data.ids[place] for place in some], 512)).to(device)
        mean = torch.zeros(len(some), 2, ids.shape[1], device=device)
        for teacher in teachers:
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                scores = torch.stack(teacher(ids), dim=1)
            mean += scores.float().softmax(dim=-1) / len(teachers)
        for place, row in zip(some, mean.cpu().numpy(), strict=True):
            row = row[:, : len(data.ids[place])]
            if place < known:
                row = row * (1 - person)
                row[[0, 1], data.targets[place]] += person
            likely[place] = row.astype(np.float16)
    return Taught(data.ids, data.targets, likely)


def taught_loss(network: nn.Module, ids: Tensor, likely: Tensor) -> Tensor:
    """Return the mean cross-entropy with how likely the teachers think each place to be."""
    scores = torch.stack(network(ids), dim=1)  # (batch, 2, length)
    return -(likely * scores.log_softmax(dim=-1)).sum(dim=-1).mean()


STAGE = Stage(
    tuple(dict.fromkeys(name for each in STAGES.values() for name in each.sets)), 4.0, 1e-4
)


@shared_options
@click.option("--person", default=0.3, help="weight of a person's answer against the teachers'")
@click.option("--elsewhere", default=1.0, help="questions to other paragraphs, for each question")
@click.option("--from-mean/--from-warm", default=True, help="which weights to start from")
@click.option("--name", default="student", help="of the run")
def main(
    data: Path, work: Path, person: float, elsewhere: float, from_mean: bool, name: str, **chosen
) -> None:
    settings = Settings(**chosen).of(STAGE)
    torch.set_num_threads(settings.threads)
    device = chosen_device()
    folders = sorted(each.parent for each in work.glob("main*/weights.safetensors"))
    if not folders:
        raise click.UsageError(f"{str(work)!r} holds no finished run of 'main' to learn from.")
    teachers = [opened(each / "weights.safetensors", device) for each in folders]
    start = (
        mean_network(teachers)
        if from_mean
        else opened(work / "warm" / "weights.safetensors", device)
    )
    own = learned_from(data, STAGE.sets, settings.questions)
    more = list(paired_with_others(own, elsewhere, settings.seed + 1))
    cut = [
        features(some, settings.length, settings.length // 2, settings.seed) for some in (own, more)
    ]
    both = Features([*cut[0].ids, *cut[1].ids], np.concatenate([cut[0].targets, cut[1].targets]))
    click.echo(f"{len(teachers)} teachers answer {len(both):,} windows")
    lessons = taught(both, len(cut[0]), teachers, device, person)
    held_out = load_sets(data, ["squad"])
    network = train_reader(
        lessons,
        taught_loss,
        start,
        chosen_and_measured(held_out)[0],
        work / name,
        settings,
        f"of {len(folders)} {person} {elsewhere} {from_mean}",
        device,
    )
    click.echo(json.dumps(keep_trained(network, held_out, work / name, settings.length), indent=2))


main.help = __doc__

if __name__ == "__main__":
    main()
