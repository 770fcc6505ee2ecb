"""Make one reader of several by the mean of their weights; nothing is learned.

    python -m deepfield_chatbot.recipes.averaging runs/reader/main runs/reader/sharp \\
        --data DIR --output runs/reader/mean

The mean of runs that went on from each other, or from the same weights, often errs less than each
(Wortsman et al. 2022). What is averaged is for a person to say, by the articles that choose; the
others are measured.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import click
import torch

from deepfield.neural.training import chosen_device
from deepfield_chatbot.network import SpanNetwork
from deepfield_chatbot.recipes.learning import keep_trained, opened
from deepfield_chatbot.recipes.questions import load_sets
from deepfield_chatbot.recipes.stages import Settings

__all__ = ["mean_network"]


def mean_network(networks: Sequence[SpanNetwork]) -> SpanNetwork:
    """Return the mean of the weights of networks that started from the same ones.

    It is as good as their mean answer, nearly, and a good place to start from (Wortsman et al.
    2022).
    """
    states = [each.state_dict() for each in networks]
    mean = {name: torch.stack([each[name] for each in states]).mean(dim=0) for name in states[0]}
    network = copy.deepcopy(networks[0])
    network.load_state_dict(mean)
    return network


@click.command(help=__doc__)
@click.argument("runs", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
@click.option("--length", default=Settings().length, show_default=True, help="pieces of a window")
def main(runs: tuple[Path, ...], data: Path, output: Path, length: int) -> None:
    device = chosen_device()
    for each in runs:
        if not (each / "weights.safetensors").is_file():
            raise click.UsageError(f"{str(each)!r} holds no weights.safetensors.")
    networks = [opened(each / "weights.safetensors", device) for each in runs]
    output.mkdir(parents=True, exist_ok=True)
    mean = mean_network(networks).to(device).eval()
    keep_trained(mean, load_sets(data, ["squad"]), output, length)
    click.echo((output / "figures.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
