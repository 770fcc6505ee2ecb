"""One training loop: seeded, resumable, the same on a CPU and on CUDA.

The weights that count are an exponential moving average of the trained ones (Polyak and Juditsky
1992), which validates better and steadier than any single step's.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.utils.data import DataLoader

from deepfield.errors import UsageError
from deepfield.predictor import Report

__all__ = ["Schedule", "chosen_device", "multiplies_in_bfloat16", "spoken", "train"]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn: AdamW, a linear warm-up, then a cosine to nothing."""

    epochs: int = 12
    learning_rate: float = 3e-4
    weight_decay: float = 0.02
    warmup_epochs: float = 1.0
    ema_decay: float = 0.998
    clip_norm: float = 5.0
    seed: int = 0
    patience: int | None = None
    """Stop after so many epochs without a better score; None: never."""

    def rate(self, epoch: float) -> float:
        """Return the learning rate at a (fractional) epoch."""
        if epoch < self.warmup_epochs:
            return self.learning_rate * (epoch + 1e-3) / self.warmup_epochs
        done = (epoch - self.warmup_epochs) / max(self.epochs - self.warmup_epochs, 1e-9)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def train(
    network: nn.Module,
    batches: Callable[[int], DataLoader],
    loss: Callable[[nn.Module, Tensor, Tensor], Tensor],
    validate: Callable[[nn.Module], dict[str, float]],
    schedule: Schedule,
    *,
    device: torch.device,
    folder: Path,
    recipe: str,
    report: Report,
    bf16: bool = False,
) -> nn.Module:
    """Train and return the averaged network with the best validation figure, or the last one.

    Args:
        batches: gives the shuffled batches of an epoch, by its number, so that a resumed epoch
            sees what it would have seen.
        loss: (network, inputs, targets) to one number.
        validate: figures of a network; the one named ``score`` is maximised. Without one of this
            name nothing chooses, and the last epoch counts.
        folder: where ``checkpoint.pt``, ``best.pt`` and ``log.jsonl`` lie. If a checkpoint of the
            same recipe is there, training goes on from it.
        recipe: what else decides the outcome, in words: data, start, augmentation.
        report: told how far training is after each batch, and each epoch's figures; what it
            raises ends the training, whose checkpoint stays.
        bf16: whether a CPU multiplies in bfloat16 too, if it has instructions for that; CUDA does.

    Raises:
        UsageError: if the folder holds a checkpoint of another recipe.
    """
    recipe = f"{recipe} {asdict(schedule)}"
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(schedule.seed)
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks this form
    average = ModelEmaV3(network, decay=schedule.ema_decay, use_warmup=True)
    optimizer = torch.optim.AdamW(_parameter_groups(network, schedule.weight_decay), fused=True)
    state = {"epoch": 0, "best": -math.inf, "best_epoch": 0, "updates": 0}
    checkpoint = folder / "checkpoint.pt"
    short = device.type == "cuda" or (bf16 and multiplies_in_bfloat16())
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        if saved["recipe"] != recipe:
            raise UsageError(
                f"{str(folder)!r} holds a run of another recipe. Name another folder, or remove it."
            )
        network.load_state_dict(saved["network"])
        average.module.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        state = saved["state"]
    while state["epoch"] < schedule.epochs:
        if schedule.patience and state["epoch"] - state["best_epoch"] >= schedule.patience:
            break
        epoch, started, losses = int(state["epoch"]), time.monotonic(), []
        torch.manual_seed(schedule.seed * 10_007 + epoch)
        network.train()
        _hold_statistics(network)
        loader = batches(epoch)
        for step, (inputs, targets) in enumerate(loader):
            rate = schedule.rate(epoch + step / max(len(loader), 1))
            for group in optimizer.param_groups:
                group["lr"] = rate
            with torch.autocast(device.type, torch.bfloat16, enabled=short):
                value = loss(network, inputs.to(device), targets.to(device))
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(network.parameters(), schedule.clip_norm)
            optimizer.step()
            state["updates"] += 1
            average.update(network, step=int(state["updates"]))
            losses.append(float(value.detach()))
            report((epoch + (step + 1) / len(loader)) / schedule.epochs)
        figures = {
            "epoch": epoch + 1,
            "loss": sum(losses) / max(len(losses), 1),
            **validate(average.module.eval()),
            "seconds": round(time.monotonic() - started, 1),
        }
        state["epoch"] = epoch + 1
        score = figures.get("score", state["epoch"])
        if score > state["best"]:
            state["best"], state["best_epoch"] = score, epoch + 1
            torch.save(average.module.state_dict(), folder / "best.pt")
        torch.save(
            {
                "network": network.state_dict(),
                "average": average.module.state_dict(),
                "optimizer": optimizer.state_dict(),
                "recipe": recipe,
                "state": state,
            },
            folder / "checkpoint.tmp",
        )
        (folder / "checkpoint.tmp").replace(checkpoint)  # a killed process leaves the old one whole
        with (folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(figures) + "\n")
        report((epoch + 1) / schedule.epochs, figures)
    best = torch.load(folder / "best.pt", map_location=device, weights_only=True)
    average.module.load_state_dict(best)
    return average.module.eval()


def multiplies_in_bfloat16() -> bool:
    """Return whether the CPU multiplies in bfloat16 itself, by tiles (AMX) or vectors (AVX-512).

    Without such instructions bfloat16 is widened first and nothing is gained.
    """
    asked = getattr(torch.cpu, "get_capabilities", None)  # torch 2.9 does not tell
    able = asked() if asked else {}
    return any(able.get(name, False) for name in ("amx_bf16", "avx512_bf16"))


def chosen_device(asked: str = "auto") -> torch.device:
    """Return where to learn: ``cpu`` or ``cuda``; ``auto`` takes CUDA where there is one."""
    cuda = asked == "cuda" or (asked == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if cuda else "cpu")


def spoken(say: Callable[[str], None]) -> Report:
    """Return a report that says each epoch's figures in a line, for recipes run by hand."""

    def report(done: float, figures: Mapping[str, float] | None = None) -> None:
        if figures:
            say("  ".join(f"{name} {value:.4g}" for name, value in figures.items()))

    return report


def _parameter_groups(network: nn.Module, decay: float) -> list[dict]:
    """Decay matrices and kernels only: biases and norms have no reason to shrink."""
    parameters = [each for each in network.parameters() if each.requires_grad]
    return [
        {"params": [each for each in parameters if each.ndim > 1], "weight_decay": decay},
        {"params": [each for each in parameters if each.ndim <= 1], "weight_decay": 0.0},
    ]


def _hold_statistics(network: nn.Module) -> None:
    """Keep batch norm at the statistics it came with; small batches would only blur them."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
